"""Words that were said in conversations, looked for."""

from __future__ import annotations

from aiohttp import web
from markupsafe import Markup, escape

from bot.desk.context import VISIT, services
from bot.desk.permissions import Permission
from bot.desk.previews import CHANNELS
from bot.desk.render import page
from bot.texts import for_officers
from tickets.conversation_search import MAX_HITS, find_messages
from tickets.models import Sender
from tickets.words import words_of

MAX_QUERY = 100
AROUND = 60
WHO = {Sender.CITIZEN: "诉求人", Sender.OFFICER: "工作人员", Sender.ASSISTANT: "问法助手"}


async def search_page(request: web.Request) -> web.StreamResponse:
    """What citizens and officers said, as far as this officer may read it, the newest first."""
    visit, parts = request[VISIT], services(request)
    text = request.query.get("text", "").strip()[:MAX_QUERY]
    async with parts.database.reading() as session:
        hits = await find_messages(session, text, visit.reach) if text else []
    return page(
        request,
        "search.html",
        text=text,
        hits=[(hit, excerpt(for_officers(hit.message.content), text)) for hit in hits],
        is_full=len(hits) == MAX_HITS,
        who=WHO,
        channels=CHANNELS,
        may_talk=visit.may(Permission.TALK),
        now=visit.now,
    )


def excerpt(said: str, text: str) -> Markup:
    """The piece of a message around the first word that was looked for, with all of them marked."""
    words = sorted((word for word in words_of(text) if word.strip()), key=len, reverse=True)
    lower = said.lower()
    places = [place for word in words if (place := lower.find(word.lower())) >= 0]
    start = max(min(places, default=0) - AROUND // 3, 0)
    piece = said[start : start + AROUND * 2]
    marked, low = Markup("…") if start else Markup(""), piece.lower()
    at = 0
    while at < len(piece):
        word = next((word for word in words if low.startswith(word.lower(), at)), "")
        marked += Markup("<mark>{}</mark>").format(piece[at : at + len(word)]) if word else escape(piece[at])
        at += len(word) or 1
    return marked + ("…" if start + AROUND * 2 < len(said) else "")
