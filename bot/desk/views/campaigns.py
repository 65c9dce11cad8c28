"""Campaigns: written by one officer, approved by another, sent to those who subscribed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.broadcast import as_message
from bot.dates import CHINA
from bot.desk.context import FORM, VISIT, audit, see_other, services
from bot.desk.errors import text_for
from bot.desk.previews import preview
from bot.desk.render import page
from tickets import campaigns
from tickets.campaign_models import Campaign, CampaignState
from tickets.errors import BotError, CampaignRefused
from tickets.officers import get_officer
from tickets.topics import load_topics, topic_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

DONE = {
    "written": "草稿已保存，请另一位同事审核。",
    "approved": "已审核，可以定时发送。",
    "scheduled": "已定时。",
    "cancelled": "已取消，不再发送。",
}
EDITABLE = (CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.SCHEDULED)


async def campaigns_page(request: web.Request) -> web.StreamResponse:
    """All campaigns, and the form for a new one."""
    return await _list(request)


async def _list(request: web.Request, *, status: int = 200, **values: Any) -> web.Response:
    async with services(request).database.reading() as session:
        rows = [
            (row, await campaigns.counts(session, row)) for row in await campaigns.list_campaigns(session)
        ]
        subscribers = {
            topic.code: await campaigns.subscriber_count(session, topic.code) for topic in load_topics()
        }
    shown: dict[str, Any] = {"notice": "", "problem": "", "fields": {}, **values}
    return page(
        request,
        "campaigns.html",
        status=status,
        rows=rows,
        topics=load_topics(),
        topic_of=topic_of,
        subscribers=subscribers,
        max_title=campaigns.MAX_TITLE,
        max_text=campaigns.MAX_TEXT,
        **shown,
    )


async def write_new(request: web.Request) -> web.StreamResponse:
    """Make a draft."""
    try:
        campaign_id = await _write(request, None)
    except BotError as error:
        return await _list(request, status=409, problem=text_for(error), fields=dict(request[FORM].fields))
    raise see_other(f"/campaigns/{campaign_id}?done=written")


async def campaign_page(request: web.Request) -> web.StreamResponse:
    """One campaign as its readers will see it, and what can be done with it."""
    return await _show(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _show(request: web.Request, *, status: int = 200, **values: Any) -> web.Response:
    visit = request[VISIT]
    async with services(request).database.reading() as session:
        try:
            campaign = await campaigns.get_campaign(session, _id(request))
        except CampaignRefused as error:
            raise web.HTTPNotFound from error
        numbers = await campaigns.counts(session, campaign)
        author = await get_officer(session, campaign.written_by_id)
        approver = await get_officer(session, campaign.approved_by_id) if campaign.approved_by_id else None
    message = as_message(campaign)
    shown: dict[str, Any] = {"notice": "", "problem": "", "fields": {}, **values}
    return page(
        request,
        "campaign.html",
        status=status,
        campaign=campaign,
        numbers=numbers,
        author=author,
        approver=approver,
        topics=load_topics(),
        topic=topic_of(campaign.topic),
        previews=[preview(channel, message.as_json()) for channel in ("web", "telegram", "wechat")],
        wechat_bytes=len(message.text.encode()),
        seen=campaigns.fingerprint(campaign),
        is_own=campaign.written_by_id == visit.officer.id,
        is_editable=campaign.state in EDITABLE,
        is_stoppable=campaign.state in (*EDITABLE, CampaignState.SENDING),
        local_now=visit.now.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M"),
        max_title=campaigns.MAX_TITLE,
        max_text=campaigns.MAX_TEXT,
        **shown,
    )


async def rewrite(request: web.Request) -> web.StreamResponse:
    """Write it anew; it has to be approved again."""
    try:
        await _write(request, _id(request))
    except BotError as error:
        return await _show(request, status=409, problem=text_for(error), fields=dict(request[FORM].fields))
    raise see_other(f"/campaigns/{_id(request)}?done=written")


async def _write(request: web.Request, campaign_id: int | None) -> int:
    form, visit = request[FORM], request[VISIT]
    async with services(request).database.transaction() as session:
        campaign = await campaigns.write(
            session,
            topic=form.text("topic"),
            title=form.text("title"),
            text=form.text("text"),
            officer_id=visit.officer.id,
            now=visit.now,
            campaign_id=campaign_id,
        )
        audit(request, session, "campaign_written", subject=campaign.title)
        return campaign.id


async def approval(request: web.Request) -> web.StreamResponse:
    """Somebody else says that it may go out."""
    officer_id, seen = request[VISIT].officer.id, request[FORM].text("seen")

    async def work(session: AsyncSession) -> Campaign:
        return await campaigns.approve(session, _id(request), officer_id, seen)

    return await _do(request, work, "approved")


async def scheduling(request: web.Request) -> web.StreamResponse:
    """Send from then on, Chinese time."""
    now, said = request[VISIT].now, request[FORM].text("at")

    async def work(session: AsyncSession) -> Campaign:
        return await campaigns.schedule(session, _id(request), _moment(said), now)

    return await _do(request, work, "scheduled")


async def cancelling(request: web.Request) -> web.StreamResponse:
    """Send no more of it."""
    now = request[VISIT].now

    async def work(session: AsyncSession) -> Campaign:
        return await campaigns.cancel(session, _id(request), now)

    return await _do(request, work, "cancelled")


async def _do(
    request: web.Request, work: Callable[[AsyncSession], Awaitable[Campaign]], done: str
) -> web.StreamResponse:
    try:
        async with services(request).database.transaction() as session:
            campaign = await work(session)
            audit(request, session, f"campaign_{done}", subject=campaign.title)
    except BotError as error:
        return await _show(request, status=409, problem=text_for(error))
    raise see_other(f"/campaigns/{_id(request)}?done={done}")


def _moment(text: str) -> datetime:
    """Raises: CampaignRefused, for what a browser's field for a moment doesn't send."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=CHINA)
    except ValueError as error:
        raise CampaignRefused("time") from error


def _id(request: web.Request) -> int:
    return int(request.match_info["campaign_id"])
