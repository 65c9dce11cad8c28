"""What other systems are told: with the entry or not at all, in order, once, and no more than marked."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories import NOW, OFFICER, ROUTING, make_new_ticket, make_service, make_ticket
from tickets.database import Database
from tickets.errors import NoteRequired, WebhookRefused
from tickets.leases import mark_delivered, mark_failed
from tickets.models import WebhookDelivery, WebhookReceipt
from tickets.outward_models import HookState
from tickets.values import Actor
from tickets.vault import Vault
from tickets.webhook_deliveries import HookDelivery, claim, counts, dead_letters, replay
from tickets.webhook_events import actor_id_of
from tickets.webhooks import change_state, forget_receipts, note_receipt, subscribe
from tickets.workflow import ActorKind

VAULT = Vault({"k1": bytes(32)}, "k1")


async def follow(database: Database, name: str = "12345", **changes: Any) -> int:
    async with database.transaction() as session:
        made = await subscribe(
            session, name=name, url="https://example.com/", vault=VAULT, now=NOW, **changes
        )
    return made.id


async def file(database: Database, **changes: Any) -> str:
    async with database.transaction() as session:
        service = make_service(session, vault=VAULT)
        return (await service.file(make_new_ticket(**changes))).ticket_no


async def take(database: Database, seconds: float = 0, **options: Any) -> list[HookDelivery]:
    async with database.transaction() as session:
        return await claim(session, NOW + timedelta(seconds=seconds), routing=ROUTING, vault=VAULT, **options)


def told(deliveries: list[HookDelivery]) -> list[str]:
    return [delivery.news["type"] for delivery in deliveries]


async def test_an_entry_and_its_news_are_written_together_or_not_at_all(database: Database) -> None:
    await follow(database)
    number = await file(database)

    async def accept_and_stumble() -> None:
        async with database.transaction() as session:
            service = make_service(session)
            await service.change_status(number, "accepted", actor=OFFICER)
            await service.change_status(number, "resolved", actor=OFFICER)

    with pytest.raises(NoteRequired):
        await accept_and_stumble()

    async with database.reading() as session:
        events = await session.scalars(sa.select(WebhookDelivery.event))
        assert list(events) == ["ticket.submitted"]


async def test_nobody_is_told_before_there_is_a_subscription(database: Database) -> None:
    await file(database)
    await follow(database)

    assert await take(database) == []


async def test_what_the_bureau_notes_for_itself_is_told_nobody(database: Database) -> None:
    await follow(database)
    number = await file(database)

    async with database.transaction() as session:
        await make_service(session).add_note(number, "内部", actor=OFFICER)

    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(WebhookDelivery.id))) == 1


async def test_only_wanted_events_are_kept(database: Database) -> None:
    await follow(database, events=["ticket.reply"])
    number = await file(database)

    async with database.transaction() as session:
        await make_service(session).reply(number, "已派人", actor=OFFICER)

    assert told(await take(database)) == ["ticket.reply"]


async def test_news_of_a_ticket_go_in_order_and_those_of_others_do_not_wait(database: Database) -> None:
    await follow(database)
    number, _ = await file(database), await file(database)
    async with database.transaction() as session:
        await make_service(session).change_status(number, "accepted", actor=OFFICER)

    first, other = await take(database)
    assert told([first, other]) == ["ticket.submitted", "ticket.submitted"]
    assert await take(database, 30) == []
    async with database.transaction() as session:
        await mark_delivered(session, WebhookDelivery, NOW, first.item_id)

    [second] = await take(database, 1)
    assert (second.news["type"], second.news["data"]["status"]) == ("ticket.status", "accepted")
    assert second.news["data"]["ticket_no"] == number


async def test_several_processes_share_the_work(database: Database, other_process: Database) -> None:
    await follow(database)
    for _ in range(6):
        await file(database)
    sent: list[str] = []

    async def work(worker: Database) -> None:
        idle = 0
        while idle < 3:
            deliveries = await take(worker, limit=2)
            idle = 0 if deliveries else idle + 1
            for delivery in deliveries:
                sent.append(delivery.delivery_id)
                async with worker.transaction() as session:
                    await mark_delivered(session, WebhookDelivery, NOW, delivery.item_id)

    await asyncio.gather(work(database), work(other_process), work(database))

    assert set(Counter(sent).values()) == {1}
    assert len(sent) == 6


async def test_nothing_personal_is_told_unless_it_is_marked(database: Database) -> None:
    plain = await follow(database, "plain")
    await follow(database, "marked", with_personal_data=True)
    await file(database, contact="张伟 13612345678", reporter_mode="real_name")

    news = {delivery.subscription_id: delivery.news for delivery in await take(database)}

    secret = ("13612345678", "装修垃圾", "东华村", "昨天")
    assert [word for word in secret if word in json.dumps(news[plain], ensure_ascii=False)] == []
    del news[plain]
    [personal] = [one["data"]["personal"] for one in news.values()]
    assert (personal["contact"], personal["summary"]) == ("张伟 13612345678", "路边倒了一车装修垃圾")


@pytest.mark.parametrize("mode", ["confidential", "anonymous"])
async def test_who_wants_to_be_kept_secret_is_kept_secret_from_others_too(
    database: Database, mode: str
) -> None:
    await follow(database, with_personal_data=True)
    await file(database, contact="13612345678", reporter_mode=mode)

    [delivery] = await take(database)

    assert delivery.news["data"]["personal"]["contact"] == ""


async def test_secrets_are_sealed_and_bound_to_their_subscription(database: Database) -> None:
    async with database.transaction() as session:
        made = await subscribe(
            session, name="a", url="https://example.com/", vault=VAULT, now=NOW, may_report_back=True
        )

    async with database.reading() as session:
        row = (await session.execute(sa.text("SELECT * FROM webhook_subscriptions"))).one()
    assert made.secret not in str(row)
    assert made.inbound_secret not in str(row)
    assert made.secret != made.inbound_secret
    await file(database)
    assert (await take(database))[0].secret == made.secret


async def test_with_the_keys_missing_it_waits_for_the_operator(database: Database) -> None:
    await follow(database)
    await file(database)
    other = Vault({"k2": bytes(32)}, "k2")

    async with database.transaction() as session:
        assert await claim(session, NOW, routing=ROUTING, vault=other) == []

    [delivery] = await take(database, 100)
    assert delivery.attempts == 1


async def test_a_paused_receiver_misses_nothing_and_an_ended_one_everything(database: Database) -> None:
    paused, ended = await follow(database, "paused"), await follow(database, "ended")
    async with database.transaction() as session:
        await change_state(session, paused, HookState.PAUSED)
        await change_state(session, ended, HookState.ENDED)
    await file(database)

    assert await take(database) == []
    async with database.transaction() as session:
        await change_state(session, paused, HookState.ACTIVE)
    assert [one.subscription_id for one in await take(database)] == [paused]
    with pytest.raises(WebhookRefused):
        async with database.transaction() as session:
            await change_state(session, ended, HookState.ACTIVE)


async def test_what_was_given_up_is_shown_and_sent_again_under_its_id(database: Database) -> None:
    subscription = await follow(database)
    number = await file(database)
    [first] = await take(database)
    async with database.transaction() as session:
        await mark_failed(session, WebhookDelivery, first.item_id, "HTTP 500", NOW, None)

    async with database.transaction() as session:
        [(dead, ticket_no)] = await dead_letters(session)
        assert (dead.error, ticket_no) == ("HTTP 500", number)
        assert (await counts(session))[subscription].dead == 1
        assert await replay(session, subscription, NOW) == 1

    [again] = await take(database, 1)
    assert (again.delivery_id, again.attempts) == (first.delivery_id, 1)


async def test_all_since_a_moment_can_be_sent_again(database: Database) -> None:
    subscription = await follow(database)
    await file(database)
    [first] = await take(database)
    async with database.transaction() as session:
        await mark_delivered(session, WebhookDelivery, NOW, first.item_id)
        assert await replay(session, subscription, NOW, since=NOW + timedelta(hours=1)) == 0
        assert await replay(session, subscription, NOW, since=NOW - timedelta(hours=1)) == 1

    assert [one.delivery_id for one in await take(database, 1)] == [first.delivery_id]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "taken"}, "name_taken"),
        ({"events": ["ticket.exploded"]}, "event"),
    ],
)
async def test_a_subscription_that_can_not_be_is_refused(
    database: Database, changes: dict[str, Any], reason: str
) -> None:
    await follow(database, "taken")

    with pytest.raises(WebhookRefused) as refused:
        await follow(database, **changes)

    assert refused.value.reason == reason


async def test_a_message_is_acted_on_once(database: Database) -> None:
    subscription = await follow(database)

    async def receive(message_id: str, body: str) -> bool:
        async with database.transaction() as session:
            return await note_receipt(session, subscription, message_id, body, NOW)

    assert [await receive("a", "1"), await receive("a", "1"), await receive("b", "1")] == [True, False, True]
    with pytest.raises(WebhookRefused):
        await receive("a", "2")
    async with database.transaction() as session:
        await forget_receipts(session, NOW + timedelta(days=31))
        assert await session.scalar(sa.select(sa.func.count(WebhookReceipt.id))) == 0


async def test_a_subscription_does_not_hear_of_its_own_work(database: Database) -> None:
    own, other = await follow(database, "own"), await follow(database, "other")
    async with database.transaction() as session:
        filed = await make_ticket(session)
        actor = Actor(ActorKind.OFFICER, actor_id_of(own), "省平台")
        await make_service(session).change_status(filed.ticket_no, "accepted", actor=actor)

    async with database.reading() as session:
        query = sa.select(WebhookDelivery.subscription_id, WebhookDelivery.event).order_by(WebhookDelivery.id)
        rows = [tuple(row) for row in (await session.execute(query)).all()]
    assert rows == [(own, "ticket.submitted"), (other, "ticket.submitted"), (other, "ticket.status")]
