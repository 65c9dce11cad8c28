"""Other systems that are told what happens: who they are, how it goes, and what was given up."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.desk.context import FORM, VISIT, audit, see_other, services
from bot.desk.errors import text_for
from bot.desk.render import page
from bot.typedefs import SETTINGS
from bot.webhooks.addresses import AddressRefused, check_url
from tickets.errors import BotError, WebhookRefused
from tickets.outward_models import HookState
from tickets.webhook_deliveries import HookCounts, counts, dead_letters, replay
from tickets.webhook_events import EVENTS
from tickets.webhooks import NewSubscription, change_state, subscribe, subscriptions

DONE = {"changed": "已保存。", "replayed": "已排队，马上重新推送。"}
EVENT_LABELS = {
    "ticket.submitted": "提交",
    "ticket.assigned": "转办",
    "ticket.status": "状态变化",
    "ticket.reply": "答复",
    "ticket.message": "诉求人补充",
    "ticket.urged": "催办",
    "ticket.extended": "延期",
    "ticket.merged": "合并",
    "ticket.rated": "评价",
    "ticket.erased": "删除个人信息",
}


async def webhooks_page(request: web.Request) -> web.StreamResponse:
    """All subscriptions and dead letters."""
    return await _show(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _show(request: web.Request, *, status: int = 200, **values: Any) -> web.Response:
    async with services(request).database.reading() as session:
        rows = await subscriptions(session)
        numbers = await counts(session)
        dead = await dead_letters(session)
    shown: dict[str, Any] = {"notice": "", "problem": "", "made": None, "fields": {}, **values}
    return page(
        request,
        "webhooks.html",
        status=status,
        rows=[(row, numbers.get(row.id, HookCounts())) for row in rows],
        names={row.id: row.name for row in rows},
        dead=dead,
        events=EVENTS,
        event_labels=EVENT_LABELS,
        inbound_url=f"{request.config_dict[SETTINGS].base_url}/hooks/",
        now=request[VISIT].now,
        **shown,
    )


async def add(request: web.Request) -> web.StreamResponse:
    """Make a subscription; its secrets are shown this one time."""
    try:
        made = await _subscribe(request)
    except BotError as error:
        return await _show(request, problem=text_for(error), fields=dict(request[FORM].fields), status=409)
    return await _show(request, made=made)


async def _subscribe(request: web.Request) -> NewSubscription:
    form, parts = request[FORM], services(request)
    url = form.text("url")
    try:
        check_url(url, request.config_dict[SETTINGS].webhook_hosts)
    except AddressRefused as refused:
        raise WebhookRefused("url") from refused
    chosen = [event for event in EVENTS if form.text(f"event.{event}") == "1"]
    with_personal_data = form.text("personal") == "1"
    async with parts.database.transaction() as session:
        made = await subscribe(
            session,
            name=form.text("name"),
            url=url,
            vault=parts.vault,
            now=request[VISIT].now,
            events=[] if len(chosen) == len(EVENTS) else chosen,
            with_personal_data=with_personal_data,
            may_report_back=form.text("inbound") == "1",
        )
        audit(
            request,
            session,
            "webhook_made",
            subject=form.text("name"),
            url=url,
            with_personal_data=with_personal_data,
        )
    return made


async def change(request: web.Request) -> web.StreamResponse:
    """Pause, resume or end."""
    wanted = request[FORM].text("state")
    if wanted not in set(HookState):
        raise web.HTTPBadRequest
    try:
        async with services(request).database.transaction() as session:
            found = await change_state(session, _id(request), HookState(wanted))
            audit(request, session, "webhook_state", subject=found.name, state=wanted)
    except BotError as error:
        return await _show(request, problem=text_for(error), status=409)
    raise see_other("/webhooks?done=changed")


async def send_again(request: web.Request) -> web.StreamResponse:
    """Send one dead letter again, or all of a subscription."""
    try:
        async with services(request).database.transaction() as session:
            count = await replay(
                session,
                _id(request),
                request[VISIT].now,
                delivery_id=request[FORM].number("delivery_id"),
            )
            audit(request, session, "webhook_replayed", subject=str(_id(request)), count=count)
    except BotError as error:
        return await _show(request, problem=text_for(error), status=409)
    raise see_other("/webhooks?done=replayed")


def _id(request: web.Request) -> int:
    return int(request.match_info["webhook_id"])
