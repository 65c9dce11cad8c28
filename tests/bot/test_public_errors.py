"""What citizens see when a page goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from bot.channels.web import WebChannel
from bot.config import Settings
from bot.public_errors import error_pages
from bot.security import setup_security
from bot.texts import text
from bot.typedefs import SETTINGS, WEB_CHANNEL

Client = TestClient[web.Request, web.Application]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SECRET = "phone 13800000000"


async def fails(request: web.Request) -> web.Response:
    raise RuntimeError(SECRET)


async def refuses(request: web.Request) -> web.Response:
    raise web.HTTPForbidden(text="这一步只能在本页做。")


async def leads_on(request: web.Request) -> web.Response:
    raise web.HTTPSeeOther("/elsewhere")


async def takes_a_form(request: web.Request) -> web.Response:
    await request.read()
    return web.Response()


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    app = web.Application(client_max_size=1000)
    app[SETTINGS], app[WEB_CHANNEL] = settings, WebChannel()
    setup_security(app, settings)
    app.middlewares.append(error_pages)
    app.add_routes(
        [
            web.get("/fails", fails),
            web.get("/refuses", refuses),
            web.get("/leads-on", leads_on),
            web.post("/form", takes_a_form),
        ]
    )
    app[WEB_CHANNEL].setup(app)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def test_a_page_that_is_not_there_is_told_in_words_with_a_way_on(client: Client) -> None:
    answer = await client.get("/nowhere", headers=BROWSER)
    page = await answer.text()

    assert answer.status == 404
    assert text("page_not_found") in page
    assert 'href="/"' in page
    assert "Not Found" not in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_program_gets_the_words_alone(client: Client) -> None:
    answer = await client.get("/nowhere", headers={"Accept": "application/json"})

    assert (answer.status, answer.content_type) == (404, "text/plain")
    assert await answer.text() == text("page_not_found")


async def test_a_wrong_method_is_told_like_a_wrong_address(client: Client) -> None:
    answer = await client.get("/form", headers=BROWSER)

    assert answer.status == 405
    assert text("page_not_found") in await answer.text()


async def test_a_body_that_is_too_large_is_told_in_words(client: Client) -> None:
    answer = await client.post("/form", data=b"x" * 2000, headers=BROWSER)

    assert answer.status == 413
    assert text("page_too_large") in await answer.text()


async def test_what_a_handler_says_itself_stands(client: Client) -> None:
    answer = await client.get("/refuses", headers=BROWSER)

    assert (answer.status, answer.content_type) == (403, "text/html")
    assert "这一步只能在本页做。" in await answer.text()


async def test_a_refusal_without_words_gets_some(client: Client) -> None:
    answer = await client.post("/chat/leave", headers={**BROWSER, "Origin": "https://elsewhere.example"})

    assert answer.status == 403
    assert text("page_refused") in await answer.text()


async def test_a_way_elsewhere_is_no_error(client: Client) -> None:
    answer = await client.get("/leads-on", headers=BROWSER, allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (303, "/elsewhere")


@pytest.mark.parametrize("headers", [BROWSER, {}])
async def test_a_failure_has_a_number_and_never_its_own_words(
    client: Client, headers: dict[str, str]
) -> None:
    with capture_logs() as logs:
        answer = await client.get("/fails", headers=headers)
    page = await answer.text()

    [event] = [each for each in logs if each["event"] == "request_failed"]
    assert answer.status == 500
    assert text("page_failed", incident=event["incident"]) in page
    assert len(event["incident"]) == 8
    assert SECRET not in page
    assert "RuntimeError" not in page
    assert event["path"] == "/fails"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
