"""Filing from other people's programs: a real ticket, once, with limits on everything."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import FormData
from sqlalchemy import func, select

from tests.bot.open311 import specification
from tests.bot.open311.conftest import ROOT, Interface, photo
from tickets.api_keys import create_key
from tickets.desk_queries import ticket_file
from tickets.models import Attachment, ReporterMode, Ticket
from tickets.verification import verify

KEY = {"Idempotency-Key": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}


async def _tickets(interface: Interface) -> list[Ticket]:
    async with interface.services.database.reading() as session:
        return list(await session.scalars(select(Ticket).order_by(Ticket.id)))


async def test_a_filing_becomes_a_ticket_like_any_other(interface: Interface) -> None:
    answer = await interface.post(
        **{
            "lat": "25.6367",
            "long": "119.4612",
            "last_name": "张",
            "first_name": "伟",
            "phone": "13612345678",
            "attribute[happened]": "昨天晚上十点",
            "jurisdiction_id": "fuqing.gov.cn",
        }
    )

    assert specification.problems(specification.FILED, answer) == []
    [ticket] = await _tickets(interface)
    assert ticket.ticket_no == answer[0]["service_request_id"]
    assert (ticket.category, ticket.summary, ticket.happened) == (
        "illegal_dumping",
        "路边倒了一车装修垃圾",
        "昨天晚上十点",
    )
    assert (ticket.town, ticket.department, ticket.latitude) == ("longtian", "squad_longtian", 25.6367)
    assert ticket.reporter_mode is ReporterMode.REAL_NAME
    assert ticket.due_at is not None
    assert interface.services.vault.open(ticket.contact or "", ticket.ticket_no) == "张伟 13612345678"
    assert "13612345678" not in (ticket.contact or "")
    async with interface.services.database.reading() as session:
        assert await verify(session) == []


async def test_the_reporter_can_follow_it_with_the_code_in_the_notice(interface: Interface) -> None:
    [filed] = await interface.post()
    code = filed["service_notice"].partition("查询码：")[2][:8]

    async with interface.services.database.reading() as session:
        view = await interface.services.tickets(session, datetime.now(UTC)).status_for(
            filed["service_request_id"], receipt_code=code
        )

    assert view.ticket_no == filed["service_request_id"]
    assert view.department_name in filed["service_notice"]


async def test_xml_is_answered_in_xml(interface: Interface) -> None:
    fields = {
        "api_key": interface.key,
        "service_code": "dog",
        "address_id": "longtian",
        "description": "狗叫",
    }
    async with interface.client.post(f"{ROOT}/requests.xml", data=fields) as answer:
        name, content = specification.from_xml(await answer.read())

    assert (answer.status, name) == (201, "service_requests")
    assert specification.problems(specification.FILED, content) == []


async def test_the_same_content_again_files_nothing(interface: Interface) -> None:
    [first] = await interface.post()
    [again] = await interface.post(200)

    assert again["service_request_id"] == first["service_request_id"]
    assert "没有重复提交" in again["service_notice"]
    assert "查询码" not in again["service_notice"]
    assert len(await _tickets(interface)) == 1


async def test_a_key_of_the_clients_own_tells_repeats_apart_from_twins(interface: Interface) -> None:
    [first] = await interface.post(headers=KEY)
    [again] = await interface.post(200, headers=KEY)
    [other] = await interface.post(headers={"Idempotency-Key": "another-one-of-the-same"})

    assert again["service_request_id"] == first["service_request_id"] != other["service_request_id"]


async def test_a_filing_that_comes_twice_at_once_is_one_ticket(interface: Interface) -> None:
    async def once() -> str:
        fields = {
            "api_key": interface.key,
            "service_code": "dog",
            "address_id": "longtian",
            "description": "狗叫",
        }
        async with interface.client.post(f"{ROOT}/requests.json", data=fields, headers=KEY) as answer:
            assert answer.status in {200, 201}
            [filed] = await answer.json()
            return str(filed["service_request_id"])

    assert len(set(await asyncio.gather(*(once() for _ in range(6))))) == 1
    assert len(await _tickets(interface)) == 1


async def test_a_lost_answer_is_found_again_by_its_token(interface: Interface) -> None:
    [filed] = await interface.post(headers=KEY)
    token = KEY["Idempotency-Key"]

    found = await interface.get(f"tokens/{token}.json", api_key=interface.key)

    assert specification.problems(specification.TOKEN, found) == []
    assert found == [{"service_request_id": filed["service_request_id"], "token": token}]
    await interface.get(f"tokens/{token}.json", 404)
    await interface.get("tokens/never-used-before.json", 404, api_key=interface.key)


async def test_photos_are_uploaded_with_it(interface: Interface) -> None:
    form = FormData()
    for name, value in {
        "api_key": interface.key,
        "service_code": "illegal_dumping",
        "address_id": "longtian",
        "description": "装修垃圾",
    }.items():
        form.add_field(name, value)
    form.add_field("media[]", photo("red"), filename="a.jpg", content_type="image/jpeg")
    form.add_field("media[]", photo("blue"), filename="b.png", content_type="text/html")
    form.add_field("media", b"", filename="", content_type="application/octet-stream")

    async with interface.client.post(f"{ROOT}/requests.json", data=form) as answer:
        assert answer.status == 201, await answer.text()
        [filed] = await answer.json()

    async with interface.services.database.reading() as session:
        found = await ticket_file(session, filed["service_request_id"])
    assert len(found.attachments) == 2
    assert all(interface.services.photos.has(each.sha256) for each in found.attachments)
    assert [each.released_at for each in found.attachments] == [None, None]


@pytest.mark.parametrize(
    "content",
    [b"<svg onload=alert(1)>", b"\xff\xd8\xff broken", bytes(11 * 1024 * 1024)],
    ids=["no image", "broken", "too large"],
)
async def test_a_file_that_is_no_photo_refuses_the_whole_filing(interface: Interface, content: bytes) -> None:
    form = FormData({"api_key": interface.key, "service_code": "dog", "address_id": "longtian"})
    form.add_field("description", "狗叫")
    form.add_field("media", io.BytesIO(content), filename="a.jpg")

    async with interface.client.post(f"{ROOT}/requests.json", data=form) as answer:
        assert answer.status == 400
        assert specification.problems(specification.ERRORS, await answer.json()) == []

    async with interface.services.database.reading() as session:
        assert await session.scalar(select(func.count(Ticket.id))) == 0
        assert await session.scalar(select(func.count(Attachment.id))) == 0


async def test_a_link_is_noted_and_never_opened(interface: Interface, own_server: Any) -> None:
    [filed] = await interface.post(media_url=own_server.url)

    [ticket] = await _tickets(interface)
    assert own_server.url in ticket.summary
    assert own_server.count == 0
    [shown] = await interface.get(f"requests/{filed['service_request_id']}.json", api_key=interface.key)
    assert own_server.url not in str(shown)
    assert shown["media_url"] is None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"api_key": None}, 403),
        ({"api_key": "wk_wrong"}, 403),
        ({"service_code": None}, 400),
        ({"service_code": "nothing"}, 404),
        ({"service_code": "officer_conduct"}, 404),
        ({"jurisdiction_id": "sfgov.org"}, 404),
        ({"description": None}, 400),
        ({"description": " \n"}, 400),
        ({"description": "😀"}, 400),
        ({"description": "字" * 4001}, 400),
        ({"address_string": None}, 400),
        ({"address_string": "字" * 201}, 400),
        ({"address_string": "厦门市思明区"}, 400),
        ({"address_string": None, "lat": "25.6"}, 400),
        ({"address_string": None, "lat": "north", "long": "119.4"}, 400),
        ({"address_string": None, "lat": "nan", "long": "119.4"}, 400),
        ({"address_string": None, "lat": "inf", "long": "119.4"}, 400),
        ({"address_string": None, "lat": "95", "long": "119.4"}, 400),
        ({"address_string": None, "lat": "39.9", "long": "116.4"}, 400),
        ({"address_id": "nowhere"}, 400),
        ({"phone": "call me"}, 400),
        ({"email": "me"}, 400),
        ({"first_name": "字" * 101}, 400),
        ({"attribute[reporter]": "king"}, 400),
        ({"attribute[reporter]": "confidential"}, 400),
        ({"attribute[happened]": "字" * 201}, 400),
        ({"media_url": "file:///etc/passwd"}, 400),
        ({"media_url": "http://169.254.169.254/" + "x" * 500}, 400),
    ],
)
async def test_what_can_not_be_filed_is_refused_and_nothing_is_kept(
    interface: Interface, fields: dict[str, Any], status: int
) -> None:
    errors = await interface.post(status, **fields)

    assert specification.problems(specification.ERRORS, errors) == []
    assert await _tickets(interface) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("text/xml", b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'),
        ("application/x-www-form-urlencoded", b"description=%FF%FE&service_code=dog"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(100))),
        ("application/x-www-form-urlencoded", b"description=" + b"x" * 200_000),
        ("multipart/form-data; boundary=x", b"--x\r\nnothing"),
        ("multipart/form-data", b""),
    ],
)
async def test_a_body_that_is_no_form_of_ours_is_refused(
    interface: Interface, content_type: str, body: bytes
) -> None:
    headers = {"Content-Type": content_type}
    async with interface.client.post(f"{ROOT}/requests.json", data=body, headers=headers) as answer:
        assert answer.status == 400
        assert specification.problems(specification.ERRORS, await answer.json()) == []


async def test_a_bad_idempotency_key_is_refused(interface: Interface) -> None:
    await interface.post(400, headers={"Idempotency-Key": "short"})


async def test_the_quota_of_the_day_ends_with_a_date_to_come_back(interface: Interface) -> None:
    async with interface.services.database.transaction() as session:
        interface.key = (await create_key(session, "小", 2, datetime.now(UTC))).key
    await interface.post(description="第一件")
    await interface.post(description="第二件")

    errors = await interface.post(429, description="第三件")
    # What is there already can be asked for again.
    await interface.post(200, description="第一件")

    assert "额度" in errors[0]["description"]
    assert len(await _tickets(interface)) == 2


async def test_keys_can_not_be_guessed_from_one_network(interface: Interface) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    statuses = [
        (await interface.client.get(f"{ROOT}/requests.json?api_key=wk_{n}", headers=headers)).status
        for n in range(12)
    ]

    assert statuses == [403] * 10 + [429] * 2


async def test_danger_to_life_is_answered_first(interface: Interface) -> None:
    [filed] = await interface.post(service_code="other", description="楼下着火了，快来救命")

    assert "119" in filed["service_notice"].partition("已提交")[0]


async def test_contact_can_be_kept_from_the_unit(interface: Interface) -> None:
    await interface.post(**{"email": "a@example.com", "attribute[reporter]": "confidential"})

    [ticket] = await _tickets(interface)
    assert ticket.reporter_mode is ReporterMode.CONFIDENTIAL
