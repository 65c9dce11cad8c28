"""Cards that were published at the desk: checked once more, and made to speak beside those that ship."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any

import structlog

from actions.base import CHINA
from bot.relay import utc_now
from knowledge_base.cards import card_from
from knowledge_base.check import check_new_card
from tickets import card_drafts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.services import Services
    from knowledge_base.models import RuleCard

log = structlog.get_logger()

# Another process may have published: a card speaks everywhere after this long.
PAUSE_SECONDS = 30.0
SOURCE = "工作台"
_DAYS = ("valid_from", "valid_until", "reviewed_on")


def read_card(content: Mapping[str, Any]) -> RuleCard:
    """A card as the desk stores it: the fields of the card files, days as ISO strings.

    Raises: ValueError, in Chinese, for the first field that is wrong.
    """
    row = dict(content)
    for name in _DAYS:
        row[name] = _day(name, row[name]) if row.get(name) else None
    if row.get("superseded"):
        row["superseded"] = [{**old, "since": _day("since", old["since"])} for old in row["superseded"]]
    return card_from(row, SOURCE)


def _day(name: str, value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{name} 应当是存在的日期，如 2026-01-31，不是 {value!r}") from None


def problems_of(services: Services, card: RuleCard) -> list[str]:
    """Why a card may not speak today; empty if it may."""
    knowledge = services.knowledge
    today = utc_now().astimezone(CHINA).date()
    return check_new_card(card, list(knowledge.cards.values()), knowledge.library, today)


async def refresh(services: Services) -> None:
    """Let those speak that are published and hold today. One that the law has left behind is silent, and the
    log says so.
    """
    await services.ready()
    async with services.database.reading() as session:
        contents = await card_drafts.published(session)
    await asyncio.to_thread(_use, services, contents)


def _use(services: Services, contents: list[dict[str, Any]]) -> None:
    speaking = []
    for content in contents:
        try:
            card = read_card(content)
        except ValueError:
            log.warning("desk_card_unreadable", card=content.get("id"))
            continue
        if problems_of(services, card):
            log.warning("desk_card_silent", card=card.id)
        else:
            speaking.append(card)
    services.knowledge.use_cards(speaking)


async def keep_refreshing(services: Services) -> None:
    """Look for changes until cancelled."""
    seen: object = (0, None)
    while True:
        try:
            async with services.database.reading() as session:
                mark = await card_drafts.publication_mark(session)
            if mark != seen:
                await refresh(services)
                seen = mark
        except Exception:
            log.exception("desk_cards_failed")
        await asyncio.sleep(PAUSE_SECONDS)
