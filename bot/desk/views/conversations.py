"""Live conversations: who waits for a person, taking one over, talking, handing it back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.context import FORM, VISIT, audit, see_other, services, wake_outbox
from bot.desk.enclosed import ACCEPT, read_enclosed
from bot.desk.errors import TEXTS, text_for
from bot.desk.forms import MAX_TEXT_LENGTH
from bot.desk.previews import CHANNELS
from bot.desk.render import page
from bot.desk.timeline import conversation_moments
from bot.desk.views.live import still_signed_in
from bot.desk.views.ticket import photo_response, sent_file
from bot.desk.waits import wait_mark
from bot.desk.watch import WATCH
from bot.services import Services, read_photo
from bot.texts import for_officers
from bot.typedefs import TELEGRAM, TYPING, WEB_CHANNEL
from tickets.errors import BotError, ConversationNotFound, ReviewRequired
from tickets.live_queries import TalkFile, going_on, last_citizen_words, pulses, talk_file, talks
from tickets.live_review import LiveReview
from tickets.models import Conversation, Mode

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel
    from bot.channels.web import WebChannel

LOOK_EVERY_SECONDS = 1.0
DONE = {
    "taken": "您已接入。诉求人已看到“工作人员来了”，助手不再说话。",
    "review": "已送法制审核。通过以后答复会在这段会话里发给诉求人。",
    "handed-back": "已交还助手，诉求人看到了小结。",
}

# What a channel doesn't show.
HIDES = {
    "telegram": "Telegram不显示“已读”，也看不到诉求人在输入。",
    "wechat": "微信不显示“正在输入”和“已读”。",
}

Work = Callable[[LiveReview, int], Awaitable[object]]


async def conversations_page(request: web.Request) -> web.StreamResponse:
    """Who waits, the longest first; who talks; for those who see all, what goes on with the assistant."""
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        rows = await talks(session, visit.reach)
        others = await going_on(session, visit.now) if visit.reach.everything else ()
        listed = [row.conversation_id for row in rows] + [one.id for one in others]
        words = await last_citizen_words(session, listed) if listed else {}
    return page(
        request,
        "conversations.html",
        waiting=[row for row in rows if row.waiting_since is not None],
        talking=[row for row in rows if row.waiting_since is None],
        others=[one for one in others if one.id not in {row.conversation_id for row in rows}],
        sees_all=visit.reach.everything,
        words={one: for_officers(message.content) for one, message in words.items()},
        marks={
            row.conversation_id: wait_mark(row.waiting_since, visit.now, parts.calendar)
            for row in rows
            if row.waiting_since
        },
        channels=CHANNELS,
        now=visit.now,
        notice=DONE.get(request.query.get("done", ""), ""),
    )


async def conversation_page(request: web.Request) -> web.StreamResponse:
    """One conversation."""
    return await _show(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _show(
    request: web.Request,
    *,
    notice: str = "",
    problem: str = "",
    text: str = "",
    summary: str = "",
    status: int = 200,
    is_legal: bool = False,
) -> web.Response:
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        found = await talk_file(session, _conversation_id(request), visit.reach)
    is_mine = found.talk is not None and found.talk.officer_id == visit.officer.id
    if is_mine:
        await _tell_read(request, found)
    waiting_since = found.talk.waiting_since if found.talk else None
    return page(
        request,
        "conversation.html",
        status=status,
        file=found,
        moments=conversation_moments(found.said, found.conversation.seen_message_id),
        is_mine=is_mine,
        is_with_officer=found.conversation.mode is Mode.OFFICER,
        mark=wait_mark(waiting_since, visit.now, parts.calendar) if waiting_since else None,
        channel=CHANNELS.get(found.conversation.channel, found.conversation.channel),
        hides=HIDES.get(found.conversation.channel, ""),
        open_tickets=[ticket for ticket in found.tickets if ticket.is_open],
        notice=notice,
        problem=problem,
        text=text,
        summary=summary,
        now=visit.now,
        accept=ACCEPT,
        # What was to be said is a legal answer: it can be handed in for review instead.
        is_legal=is_legal and is_mine,
    )


async def take(request: web.Request) -> web.StreamResponse:
    """Take the conversation over."""
    actor, ticket_no = request[VISIT].actor, request[FORM].text("ticket_no") or None

    async def work(live: LiveReview, conversation_id: int) -> None:
        await live.take_over(conversation_id, actor=actor, ticket_no=ticket_no)

    return await _do(request, work, "taken", audited="conversation_taken")


async def say(request: web.Request) -> web.StreamResponse:
    """Say something to the citizen."""
    actor, text = request[VISIT].actor, request[FORM].text("text")
    if request[FORM].is_too_long(text):
        return await _show(request, problem=TEXTS["too_long"], text=text[:MAX_TEXT_LENGTH], status=413)

    try:
        if request[FORM].files:
            await _within_reach(request)
        enclosed = await read_enclosed(request)
    except ConversationNotFound:
        raise
    except BotError as error:
        return await _show(request, problem=text_for(error), text=text, status=409)

    async def work(live: LiveReview, conversation_id: int) -> None:
        await live.say(conversation_id, text, actor=actor, enclosed=enclosed)

    return await _do(request, work, "", text=text)


async def submit_for_review(request: web.Request) -> web.StreamResponse:
    """Hand what was to be said in for legal review; a talk about no ticket becomes a consultation."""
    actor, text = request[VISIT].actor, request[FORM].text("text")
    if request[FORM].is_too_long(text):
        return await _show(request, problem=TEXTS["too_long"], text=text[:MAX_TEXT_LENGTH], status=413)

    async def work(live: LiveReview, conversation_id: int) -> None:
        await live.submit(conversation_id, text, actor=actor)

    return await _do(request, work, "review", text=text, audited="conversation_answer_submitted")


async def hand_back(request: web.Request) -> web.StreamResponse:
    """End the talk with a summary."""
    form, actor = request[FORM], request[VISIT].actor
    summary = form.text("summary")
    if form.is_too_long(summary):
        return await _show(request, problem=TEXTS["too_long"], summary=summary[:MAX_TEXT_LENGTH], status=413)

    async def work(live: LiveReview, conversation_id: int) -> None:
        await live.hand_back(conversation_id, summary, actor=actor, resolve=form.text("resolve") == "1")

    return await _do(
        request, work, "handed-back", summary=summary, audited="conversation_handed_back", to_list=True
    )


async def typing(request: web.Request) -> web.StreamResponse:
    """The officer types: the citizen's page shows it, where the channel can."""
    conversation = await _within_reach(request)
    shown_by: dict[str, WebChannel | TelegramChannel | None] = {
        "web": request.config_dict.get(WEB_CHANNEL),
        "telegram": request.config_dict.get(TELEGRAM),
    }
    channel = shown_by.get(conversation.channel)
    if channel is not None and conversation.mode is Mode.OFFICER:
        await channel.typing(conversation.address, by="officer")
    return web.Response(status=204)


async def events(request: web.Request) -> web.StreamResponse:
    """A stream for one open page: `news` when something of it changed, `typing` while the citizen types."""
    conversation_id = (await _within_reach(request)).id
    database, board = services(request).database, request.config_dict.get(TYPING)
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    watch, known, number = request.config_dict[WATCH], None, 0
    with contextlib.suppress(ConnectionResetError):
        await response.prepare(request)
        await response.write(b"retry: 3000\n\n")
        while await watch.rest(LOOK_EVERY_SECONDS if number else 0) and await still_signed_in(request):
            async with database.reading() as session:
                pulse = (await pulses(session, [conversation_id])).get(conversation_id)
            if known is not None and pulse != known:
                await response.write(b"event: news\ndata: {}\n\n")
            is_typing = board is not None and board.is_typing(conversation_id)
            if is_typing or number % 15 == 0:
                await response.write(f"event: typing\ndata: {json.dumps(is_typing)}\n\n".encode())
            known, number = pulse, number + 1
    return response


async def photo(request: web.Request) -> web.StreamResponse:
    """A photo of the conversation, as far as the officer may see it."""
    visit, parts, sha256 = request[VISIT], services(request), request.match_info["sha256"]
    async with parts.database.reading() as session:
        found = await talk_file(session, _conversation_id(request), visit.reach)
    is_there = any(said.message.content.get("photo") == sha256 for said in found.said)
    return photo_response(await read_photo(parts, sha256) if is_there else None)


async def file(request: web.Request) -> web.StreamResponse:
    """A file that an officer sent in the conversation."""
    visit, parts, sha256 = request[VISIT], services(request), request.match_info["sha256"]
    async with parts.database.reading() as session:
        found = await talk_file(session, _conversation_id(request), visit.reach)
        return await sent_file(session, parts, found.said, sha256)


async def _do(
    request: web.Request,
    work: Work,
    done: str,
    *,
    text: str = "",
    summary: str = "",
    audited: str = "",
    to_list: bool = False,
) -> web.StreamResponse:
    visit, parts, conversation_id = request[VISIT], services(request), _conversation_id(request)
    try:
        async with parts.database.transaction() as session:
            await talk_file(session, conversation_id, visit.reach)
            await work(_live(parts, session, request), conversation_id)
            if audited:
                audit(request, session, audited, subject=str(conversation_id))
    except ConversationNotFound:
        raise
    except BotError as error:
        is_legal = isinstance(error, ReviewRequired)
        # A summary that is an answer stands where it can be handed in, too.
        text = text or (summary if is_legal else "")
        return await _show(
            request, problem=text_for(error), text=text, summary=summary, status=409, is_legal=is_legal
        )
    wake_outbox(request)
    path = "/conversations" if to_list else f"/conversations/{conversation_id}"
    raise see_other(f"{path}?done={done}" if done else path)


def _live(parts: Services, session: AsyncSession, request: web.Request) -> LiveReview:
    return parts.bound(LiveReview, session, request[VISIT].now)


def _conversation_id(request: web.Request) -> int:
    return int(request.match_info["conversation_id"])


async def _within_reach(request: web.Request) -> Conversation:
    async with services(request).database.reading() as session:
        return (await talk_file(session, _conversation_id(request), request[VISIT].reach)).conversation


async def _tell_read(request: web.Request, found: TalkFile) -> None:
    """The citizen's page shows that the officer has read it, where the channel can."""
    channel = request.config_dict.get(WEB_CHANNEL)
    if channel is not None and found.conversation.channel == "web" and found.said:
        await channel.read_by_officer(found.conversation.address, found.said[-1].message.id)
