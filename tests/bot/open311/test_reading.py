"""What other people's programs read: shapes after the specification, in both forms, and nothing private."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from georeport import GeoReport
from sqlalchemy import select, update

from tests.bot.open311 import specification
from tests.bot.open311.conftest import ROOT, Client, Interface, photo
from tickets.api_keys import create_key, revoke_key
from tickets.models import Attachment, Ticket
from tickets.values import Place

STORY = "我是张伟，电话13612345678，龙田镇清荣大道12号楼3单元502室楼下堆满装修垃圾，见 http://example.com/x"
PRIVATE: dict[str, dict[str, Any]] = {
    "anonymous": {"reporter_mode": "anonymous", "contact": None},
    "confidential": {"reporter_mode": "confidential"},
    "about an officer": {"category": "officer_conduct"},
    "about an officer, too": {"categories": ("illegal_dumping", "officer_conduct")},
    "a question": {"kind": "consultation"},
    "a call for help": {"kind": "help"},
    "a tip": {"kind": "tip"},
    "not accepted yet": {"status": "submitted"},
    "rejected": {"status": "rejected"},
    "withdrawn": {"status": "withdrawn"},
}


@pytest.mark.parametrize(
    ("path", "root", "schema"),
    [
        ("discovery", "discovery", specification.DISCOVERY),
        ("services", "services", specification.SERVICES),
        ("services/dog", "service_definition", specification.SERVICE_DEFINITION),
        ("requests", "service_requests", specification.REQUESTS),
        ("requests/{number}", "service_requests", specification.REQUESTS),
        ("requests/FQ20260101-9999", "errors", specification.ERRORS),
    ],
)
async def test_json_and_xml_say_the_same_as_the_specification_has_it(
    interface: Interface, path: str, root: str, schema: dict[str, Any]
) -> None:
    number = await interface.file(
        summary="<b>垃圾</b> & \x0b乱倒 🗑", place=Place("龙田镇", None, 25.6, 119.4)
    )
    path = path.format(number=number)

    async with interface.client.get(f"{ROOT}/{path}.json") as answer:
        as_json = await answer.json()
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    async with interface.client.get(f"{ROOT}/{path}.xml") as answer:
        body = await answer.read()
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"

    assert specification.problems(schema, as_json) == []
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    name, content = specification.from_xml(body)
    if root == "errors":
        content = [{**error, "code": int(error["code"])} for error in content]
    assert name == root
    assert content == _without_controls(as_json)


def _without_controls(content: Any) -> Any:
    if isinstance(content, str):
        return content.replace("\x0b", "")
    if isinstance(content, list):
        return [_without_controls(item) for item in content]
    if isinstance(content, dict):
        return {name: _without_controls(value) for name, value in content.items()}
    return content


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_client_that_others_wrote_reads_everything(
    interface: Interface, client: Client, form: str
) -> None:
    open_one = await interface.file()
    closed_one = await interface.file(status="resolved", category="dog")
    foreign = GeoReport(str(client.make_url(ROOT)), jurisdiction="fuqing.gov.cn", output_format=form)

    def read() -> tuple[Any, ...]:
        services = foreign.get_service_list()
        definition = foreign.get_service_definition("dog")
        found = foreign.get_service_requests(status="open,closed")
        one = foreign.get_service_request(open_one)
        listed = foreign.get_service_requests(service_request_id=f"{open_one},{closed_one}")
        closed = foreign.get_service_requests(status="open", service_code="dog,illegal_dumping")
        return services, definition, found, one, listed, closed

    services, definition, found, one, listed, only_open = await asyncio.to_thread(read)

    assert "illegal_dumping" in {service["service_code"] for service in services}
    assert definition["service_code"] == "dog"
    assert [row["service_request_id"] for row in found] == [closed_one, open_one]
    assert [row["status"] for row in found] == ["closed", "open"]
    assert (one["service_request_id"], one["service_name"]) == (open_one, "乱倒垃圾或建筑垃圾")
    assert len(listed) == 2
    # xmltodict makes one element of a list with one.
    rows = only_open if isinstance(only_open, list) else [only_open]
    assert [row["service_request_id"] for row in rows] == [open_one]


async def test_a_foreign_client_hears_of_a_wrong_jurisdiction(client: Client) -> None:
    foreign = GeoReport(str(client.make_url(ROOT)), jurisdiction="sfgov.org")

    with pytest.raises(requests.HTTPError, match="404"):
        await asyncio.to_thread(foreign.get_service_list)


@pytest.mark.parametrize("why", PRIVATE)
async def test_private_tickets_do_not_exist(interface: Interface, why: str) -> None:
    number = await interface.file(**PRIVATE[why])

    assert await interface.get("requests.json") == []
    assert await interface.get("requests.json", service_request_id=number) == []
    assert await interface.get("requests.json", api_key=interface.key) == []
    await interface.get(f"requests/{number}.json", 404)
    await interface.get(f"requests/{number}.json", 404, api_key=interface.key)


async def test_a_merged_ticket_is_not_shown_beside_the_one_it_went_into(interface: Interface) -> None:
    first, second = await interface.file(), await interface.file()
    async with interface.services.database.transaction() as session:
        into = select(Ticket.id).where(Ticket.ticket_no == first).scalar_subquery()
        await session.execute(update(Ticket).where(Ticket.ticket_no == second).values(merged_into_id=into))

    assert [row["service_request_id"] for row in await interface.get("requests.json")] == [first]


async def test_names_numbers_doors_and_links_are_masked(interface: Interface) -> None:
    number = await interface.file(
        summary=STORY, place=Place("龙田镇清荣大道12号楼3单元502室", None, 25.636789, 119.461234)
    )

    [shown] = await interface.get(f"requests/{number}.json")

    for secret in ("张伟", "13612345678", "12号楼", "502", "example.com", "25.6367", "13600000000"):
        assert secret not in str(shown)
    assert "装修垃圾" in shown["description"]
    assert shown["address"] == "福清市龙田镇清荣大道"
    assert (shown["lat"], shown["long"]) == (25.637, 119.461)


async def test_a_photo_is_public_only_when_it_was_released(interface: Interface) -> None:
    stored = await asyncio.to_thread(interface.services.photos.save, photo())
    number = await interface.file(photos=(stored.sha256,))
    address = f"{ROOT}/media/{stored.sha256}.jpg"

    async with interface.client.get(address) as answer:
        assert answer.status == 404
    assert (await interface.get(f"requests/{number}.json"))[0]["media_url"] is None
    async with interface.services.database.transaction() as session:
        await session.execute(update(Attachment).values(released_at=datetime.now(UTC)))
    assert (await interface.get(f"requests/{number}.json"))[0]["media_url"].endswith(address)
    async with interface.client.get(address) as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
    # The photo goes out of sight together with its ticket.
    async with interface.services.database.transaction() as session:
        await session.execute(update(Ticket).values(reporter_mode="confidential"))
    async with interface.client.get(address) as answer:
        assert answer.status == 404


async def test_a_key_sees_what_was_filed_with_it_and_no_other_key_does(interface: Interface) -> None:
    async with interface.services.database.transaction() as session:
        other = await create_key(session, "别人", 10, datetime.now(UTC))
    number = (await interface.post())[0]["service_request_id"]

    [own] = await interface.get("requests.json", api_key=interface.key)

    assert (own["service_request_id"], own["status"], own["status_notes"]) == (number, "open", "已提交")
    assert await interface.get("requests.json") == []
    assert await interface.get("requests.json", api_key=other.key) == []
    await interface.get(f"requests/{number}.json", 404, api_key=other.key)


async def test_a_wrong_or_revoked_key_is_refused_also_for_reading(interface: Interface) -> None:
    async with interface.services.database.transaction() as session:
        revoked = await create_key(session, "以前", 10, datetime.now(UTC))
        await revoke_key(session, revoked.id, datetime.now(UTC))

    for key in ("wk_wrong", revoked.key):
        errors = await interface.get("requests.json", 403, api_key=key)
        assert specification.problems(specification.ERRORS, errors) == []


async def test_the_list_is_of_the_last_ninety_days_unless_asked_otherwise(interface: Interface) -> None:
    now = datetime.now(UTC)
    old = await interface.file(now=now - timedelta(days=100))
    recent = await interface.file(now=now - timedelta(days=80))

    def numbers(rows: Any) -> list[str]:
        return [row["service_request_id"] for row in rows]

    assert numbers(await interface.get("requests.json")) == [recent]
    since = (now - timedelta(days=101)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = (now - timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert numbers(await interface.get("requests.json", start_date=since)) == [recent, old]
    assert numbers(await interface.get("requests.json", end_date=until)) == [old]
    assert numbers(await interface.get("requests.json", start_date=since, end_date=until)) == [old]
    # A number overrides all else.
    assert numbers(await interface.get("requests.json", service_request_id=old, status="closed")) == [old]


async def test_pages_follow_one_another_newest_first(interface: Interface) -> None:
    now = datetime.now(UTC)
    filed = [await interface.file(now=now - timedelta(minutes=minutes)) for minutes in range(5)]

    pages = [
        [row["service_request_id"] for row in await interface.get("requests.json", page=page, page_size="2")]
        for page in ("1", "2", "3", "4")
    ]

    assert pages == [filed[0:2], filed[2:4], filed[4:5], []]


@pytest.mark.parametrize(
    "query",
    [
        {"start_date": "gestern"},
        {"start_date": "2026-11-01"},
        {"start_date": "2026-11-01T00:00:00"},
        {"end_date": "0001-01-01T00:00:00Z"},
        {"start_date": "2026-11-02T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"},
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"},
        {"status": "resolved"},
        {"page": "0"},
        {"page": "-1"},
        {"page": "９"},
        {"page_size": "1001"},
        {"page_size": "99999999999999999999"},
        {"service_request_id": ",".join(["FQ20261123-0001"] * 101)},
    ],
)
async def test_what_can_not_be_asked_is_a_400_in_the_form_of_the_specification(
    interface: Interface, query: dict[str, str]
) -> None:
    errors = await interface.get("requests.json", 400, **query)

    assert specification.problems(specification.ERRORS, errors) == []
    assert errors[0]["code"] == 400


async def test_an_empty_argument_counts_as_none(interface: Interface) -> None:
    number = await interface.file()

    names = ("jurisdiction_id", "api_key", "service_code", "status", "start_date", "end_date", "page")
    found = await interface.get("requests.json", **dict.fromkeys(names, ""))

    assert [row["service_request_id"] for row in found] == [number]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "requests.yaml", 404),
        ("GET", "", 404),
        ("GET", "services/officer_conduct.json", 404),
        ("GET", "services/nothing.xml", 404),
        ("GET", "requests/%00%F0%9F%98%80.json", 404),
        ("GET", "tokens/0123456789abcdef.json", 404),
        ("GET", "media/../../../etc/passwd", 404),
        ("DELETE", "requests.json", 405),
        ("PUT", "services.xml", 405),
    ],
)
async def test_an_address_that_does_not_exist_says_so_in_the_form_of_the_specification(
    client: Client, method: str, path: str, status: int
) -> None:
    async with client.request(method, f"{ROOT}/{path}") as answer:
        assert answer.status == status
        if path.endswith(".xml"):
            assert specification.from_xml(await answer.read())[0] == "errors"
        elif "passwd" not in path:
            assert specification.problems(specification.ERRORS, await answer.json()) == []


async def test_pages_of_other_sites_may_read(client: Client) -> None:
    async with client.get(f"{ROOT}/services.json", headers={"Origin": "https://example.com"}) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_one_network_can_not_read_without_end(client: Client) -> None:
    statuses = []
    for _ in range(65):
        async with client.get(f"{ROOT}/services.json", headers={"X-Forwarded-For": "203.0.113.9"}) as answer:
            statuses.append(answer.status)

    assert statuses[:60] == [200] * 60
    assert 429 in statuses
