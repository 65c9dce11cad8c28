"""Deliveries to a real server, with everything that it may answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from aiohttp.test_utils import unused_port

from tests.bot.webhooks.conftest import Receiver, Sending
from tests.factories import CALENDAR, NOW, OFFICER, ROUTING, make_conversation, make_service
from tickets.leases import MAX_ATTEMPTS
from tickets.models import Ticket
from tickets.outward_models import HookState, WebhookDelivery
from tickets.privacy import Privacy
from tickets.webhook_deliveries import dead_letters, replay
from tickets.webhooks import change_state, get_subscription


async def _dead(sending: Sending) -> list[WebhookDelivery]:
    async with sending.services.database.reading() as session:
        return [row for row, _ in await dead_letters(session)]


async def test_a_receiver_can_check_what_it_is_sent(sending: Sending, receiver: Receiver) -> None:
    made = await sending.subscribe(receiver.url)
    number = await sending.file()

    assert await sending.send()

    [(headers, body)] = receiver.received
    # As the Standard Webhooks describe it, without a line of ours.
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == expected
    assert headers["webhook-timestamp"] == str(int(sending.clock.now.timestamp()))
    assert headers["content-type"] == "application/json; charset=utf-8"
    news = json.loads(body)
    assert (news["type"], news["data"]["ticket_no"]) == ("ticket.submitted", number)
    assert not await sending.send(days=30)


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
async def test_an_error_is_tried_again_under_the_same_id(
    sending: Sending, receiver: Receiver, status: int
) -> None:
    receiver.answers.append((status, {"Location": receiver.url.replace("hook", "elsewhere")}))
    await sending.subscribe(receiver.url)
    await sending.file()

    await sending.send()
    assert not await sending.send(seconds=1)
    assert await sending.send(seconds=2)

    assert len(receiver.received) == 2
    assert len(set(receiver.ids)) == 1
    assert receiver.received[0][0]["webhook-timestamp"] != receiver.received[1][0]["webhook-timestamp"]
    assert not await sending.send(days=1)


async def test_a_receiver_that_asks_for_time_gets_it(sending: Sending, receiver: Receiver) -> None:
    receiver.answers.append((503, {"Retry-After": "600"}))
    await sending.subscribe(receiver.url)
    await sending.file()

    await sending.send()
    assert not await sending.send(seconds=590)
    assert await sending.send(seconds=20)


@pytest.mark.parametrize("retry_after", ["soon", "-5", "inf", "nan", "99999999999"])
async def test_nobody_makes_us_wait_for_ever(sending: Sending, receiver: Receiver, retry_after: str) -> None:
    receiver.answers.append((503, {"Retry-After": retry_after}))
    await sending.subscribe(receiver.url)
    await sending.file()

    await sending.send()

    assert await sending.send(hours=7)
    assert len(receiver.received) == 2


async def test_one_that_does_not_answer_in_time_is_tried_again(sending: Sending, receiver: Receiver) -> None:
    receiver.answers.append(3.0)
    await sending.subscribe(receiver.url)
    await sending.file()

    await sending.send()
    assert await sending.send(seconds=5)

    assert receiver.types == ["ticket.submitted"] * 2


async def test_nobody_at_the_address_ends_among_the_dead_letters(sending: Sending) -> None:
    await sending.subscribe(f"http://127.0.0.1:{unused_port()}/hook")
    await sending.file()

    for _ in range(MAX_ATTEMPTS):
        assert await sending.send(hours=8)

    assert not await sending.send(days=9)
    [dead] = await _dead(sending)
    assert (dead.attempts, dead.error) == (MAX_ATTEMPTS, "ClientConnectorError")


async def test_a_dead_letter_is_sent_again_when_the_receiver_is_back(
    sending: Sending, receiver: Receiver
) -> None:
    receiver.answers.extend([(500, {})] * MAX_ATTEMPTS)
    made = await sending.subscribe(receiver.url)
    await sending.file()
    for _ in range(MAX_ATTEMPTS):
        await sending.send(hours=8)

    async with sending.services.database.transaction() as session:
        assert await replay(session, made.id, sending.clock.now) == 1

    assert await sending.send()
    assert await _dead(sending) == []
    assert len(set(receiver.ids)) == 1


async def test_410_pauses_the_receiver_and_keeps_what_happens_for_it(
    sending: Sending, receiver: Receiver
) -> None:
    receiver.answers.append((410, {}))
    made = await sending.subscribe(receiver.url)
    number = await sending.file()
    await sending.send()
    async with sending.services.database.transaction() as session:
        await make_service(session).change_status(number, "accepted", actor=OFFICER)

    assert not await sending.send(days=1)
    async with sending.services.database.transaction() as session:
        paused = await get_subscription(session, made.id)
        assert (paused.state, paused.pause_reason) == (HookState.PAUSED, "gone")
        await change_state(session, made.id, HookState.ACTIVE)
        await replay(session, made.id, sending.clock.now)
    await sending.send()
    await sending.send()

    assert receiver.types == ["ticket.submitted", "ticket.submitted", "ticket.status"]


async def test_trouble_with_one_receiver_does_not_hold_up_another(
    sending: Sending, receiver: Receiver
) -> None:
    await sending.subscribe(f"http://127.0.0.1:{unused_port()}/hook", "broken")
    await sending.subscribe(receiver.url, "whole")
    await sending.file()

    await sending.send()

    assert receiver.types == ["ticket.submitted"]


async def test_what_was_erased_meanwhile_is_not_sent(sending: Sending, receiver: Receiver) -> None:
    await sending.subscribe(receiver.url, with_personal_data=True)
    await sending.file()
    async with sending.services.database.transaction() as session:
        ticket = await session.get_one(Ticket, 1)
        conversation = await make_conversation(session)
        ticket.conversation_id = conversation.id
        await session.flush()
        privacy = Privacy(session, routing=ROUTING, calendar=CALENDAR, now=NOW)
        await privacy.erase(conversation.id, actor=OFFICER, reason="要求删除", delete_photo=lambda _: None)

    await sending.send()

    assert "装修垃圾" not in receiver.received[0][1].decode()
    assert "东华村" not in receiver.received[0][1].decode()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://10.0.0.8/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://user@example.com/",
        "file:///etc/passwd",
        "https:///nothing",
    ],
)
async def test_an_address_that_we_do_not_call_is_given_up_at_once(sending: Sending, url: str) -> None:
    await sending.subscribe(url)
    await sending.file()

    await sending.send()

    [dead] = await _dead(sending)
    assert (dead.attempts, dead.error.partition(":")[0]) == (1, "address refused")


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001"])
async def test_a_name_that_leads_into_our_own_network_is_not_connected_to(
    sending: Sending, receiver: Receiver, host: str
) -> None:
    port = receiver.url.rpartition(":")[2].partition("/")[0]
    await sending.subscribe(f"https://{host}:{port}/hook")
    await sending.file()

    await sending.send()

    assert receiver.received == []
    assert await sending.send(hours=1)


async def test_pauses_grow_up_to_hours(sending: Sending) -> None:
    await sending.subscribe(f"http://127.0.0.1:{unused_port()}/hook")
    await sending.file()
    tried, started = 0, sending.clock.now
    while sending.clock.now - started < timedelta(minutes=10):
        tried += await sending.send(seconds=20)

    assert 5 <= tried <= 9
