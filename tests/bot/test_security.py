from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from bot.config import Settings
from bot.security import (
    RateLimiter,
    client_network,
    content_security_policy,
    is_same_origin,
    setup_security,
    socket_sources,
)

PUBLIC = Settings(public_url="https://wenfa.example.cn/")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def request_with(remote: str = "203.0.113.7", **headers: str) -> web.Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = make_mocked_request("GET", "/", headers={"Host": "127.0.0.1:8080", **named})
    return request.clone(remote=remote)


async def test_every_answer_carries_the_headers() -> None:
    async def fine(_request: web.Request) -> web.Response:
        return web.Response(text="ok", headers={"X-Frame-Options": "SAMEORIGIN"})

    app = web.Application()
    setup_security(app, PUBLIC)
    app.router.add_get("/", fine)

    async with TestClient(TestServer(app)) as client:
        page, missing = await client.get("/"), await client.get("/nothing")

    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    for answer in (page, missing):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Strict-Transport-Security"] == "max-age=15552000"
    assert missing.status == 404


async def test_no_promise_of_https_without_it() -> None:
    app = web.Application()
    setup_security(app, Settings())

    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/nothing")

    assert "Strict-Transport-Security" not in answer.headers


def test_policy_replaces_a_directive() -> None:
    policy = content_security_policy(connect_src="'none'")

    assert "connect-src 'none'" in policy
    assert policy.count("connect-src") == 1


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("wenfa.cn", "'self' ws://wenfa.cn wss://wenfa.cn"),
        ("[::1]:8080", "'self' ws://[::1]:8080 wss://[::1]:8080"),
        ("evil; script-src *", "'self'"),
        ("", "'self'"),
    ],
)
def test_a_host_header_cannot_add_to_the_policy(host: str, expected: str) -> None:
    assert socket_sources(host) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Origin": "http://127.0.0.1:8080"}, True),
        ({"Origin": "http://127.0.0.1:9090"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"}, False),
        ({"Origin": "http://[broken"}, False),
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "cross-site", "Referer": "http://127.0.0.1:8080/"}, False),
        ({"Referer": "http://127.0.0.1:8080/report"}, True),
        ({"Referer": "http://evil.example/127.0.0.1:8080"}, False),
        ({}, False),
    ],
)
def test_only_our_own_pages_count_as_same_origin(headers: dict[str, str], expected: bool) -> None:
    assert is_same_origin(request_with(**headers), Settings()) is expected


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://wenfa.example.cn", True),
        ("http://wenfa.example.cn", False),
        ("http://127.0.0.1:8080", False),
    ],
)
def test_a_public_address_is_the_only_origin(origin: str, expected: bool) -> None:
    assert is_same_origin(request_with(Origin=origin), PUBLIC) is expected


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "rubbish", None),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("", "", None),
    ],
)
def test_client_network(remote: str, forwarded: str, expected: str | None) -> None:
    assert client_network(request_with(remote, X_Forwarded_For=forwarded)) == expected


def test_limiter_allows_a_burst_and_says_how_long_to_wait() -> None:
    clock = Clock()
    limiter = RateLimiter(burst=2, per_second=0.5, clock=clock)

    waits = [limiter.take("a"), limiter.take("a"), limiter.take("a"), limiter.take("b")]

    assert waits == [0.0, 0.0, 2.0, 0.0]


def test_limiter_refills_with_time_and_never_above_its_burst() -> None:
    clock = Clock()
    limiter = RateLimiter(burst=2, per_second=0.5, clock=clock)
    for _ in range(3):
        limiter.take("a")

    clock.now = 2.0
    after_two_seconds = [limiter.take("a"), limiter.take("a")]
    clock.now = 1000.0
    after_long = [limiter.take("a") for _ in range(3)]

    assert after_two_seconds == [0.0, 2.0]
    assert after_long == [0.0, 0.0, 2.0]


def test_limiter_never_limits_the_unknown() -> None:
    limiter = RateLimiter(burst=1, per_second=1)

    assert [limiter.take(None) for _ in range(5)] == [0.0] * 5


def test_limiter_remembers_a_bounded_number_of_keys() -> None:
    limiter = RateLimiter(burst=1, per_second=0.001, clock=Clock(), max_keys=2)
    for key in ("a", "b", "c"):
        limiter.take(key)

    assert limiter.take("c") > 0
    assert limiter.take("a") == 0.0
