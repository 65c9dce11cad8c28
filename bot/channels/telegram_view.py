"""How a reply looks on Telegram."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup
from telegram.constants import MessageLimit

from actions.base import RATING_SCALE
from bot.channels.pieces import split_text, utf16_units
from bot.texts import text
from bot.texts.zh import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from actions.base import Outgoing

    Keyboard = InlineKeyboardMarkup | ReplyKeyboardMarkup

BUTTONS_A_ROW = 2
# The payload of a keyboard that has been used; it goes nowhere.
USED = "used"
_ONCE = ("report:", "human:", "rate:", "status:withdraw")


@dataclass(frozen=True, slots=True)
class Piece:
    """One call of the Bot API: a text, the same as HTML if it has a form, and what hangs on it."""

    text: str
    html: str | None = None
    keyboard: Keyboard | None = None
    plain_keyboard: Keyboard | None = None


def pieces(content: Outgoing, *, opening: str = "", is_caption: bool = False) -> list[Piece]:
    """A message as Telegram takes it; the buttons are under the last piece.

    Args:
        opening: put before the words.
        is_caption: the last piece goes under a photo or a document, and must be shorter.
    """
    if content.card and (html := card_html(content.card)):
        keys, plain_keys = keyboard(content, has_law=True), keyboard(content)
        if not is_caption:
            return [Piece(content.text, html, keys, plain_keys)]
        if utf16_units(content.text) <= MessageLimit.MAX_TEXT_LENGTH:
            return [Piece(content.text, html), Piece("", None, plain_keys)]
    limit = MessageLimit.CAPTION_LENGTH if is_caption else MessageLimit.MAX_TEXT_LENGTH
    *before, last = split_text(opening + content.text, limit, utf16_units)
    return [*(Piece(part) for part in before), Piece(last, None, keyboard(content))]


def card_html(card: Mapping[str, Any]) -> str | None:
    """A rule card, or the table of a decision's days, with the articles folded in; None if it is too long for
    one message.
    """
    steps = [f"{number}. {step}" for number, step in enumerate(card.get("next_steps", ()), start=1)]
    cites = [
        f"<b>{escape(text('card_citation', **_cited(citation)))}</b>\n{escape(citation['text'])}"
        for citation in card.get("citations", ())
    ]
    authority, reviewed_on = card.get("authority"), card.get("reviewed_on")
    parts = [
        f"<b>{escape(card['title'])}</b>",
        escape(card["answer"]),
        *(_row_html(row) for row in card.get("rows", ())),
        *(escape(text("card_note", note=note)) for note in card.get("notes", ())),
        escape(text("card_next", steps="\n".join(steps))) if steps else "",
        "<blockquote expandable>" + "\n".join(cites) + "</blockquote>" if cites else "",
        escape(text("card_authority", authority=authority)) if authority else "",
        f"<i>{escape(text('card_reviewed', date=reviewed_on))}</i>" if reviewed_on else "",
    ]
    html = "\n\n".join(part for part in parts if part)
    # The tags don't count, so this is on the safe side.
    return html if utf16_units(html) <= MessageLimit.MAX_TEXT_LENGTH else None


def _row_html(row: Mapping[str, Any]) -> str:
    lines = (f"{row['day']} {row['left']}", *row["notes"], row["rule"])
    return "\n".join((f"<b>{escape(row['title'])}</b>", *(escape(line) for line in lines)))


def _cited(citation: Mapping[str, Any]) -> dict[str, str]:
    return {
        "law": citation["law"],
        "article": citation["article"],
        "status": citation["status"],
        "since": citation["effective_from"],
    }


def keyboard(content: Outgoing, *, has_law: bool = False) -> Keyboard | None:
    """The buttons under a message, two in a row.

    A request for a place gets Telegram's own keyboard, the only one with a "share my location" button; its
    other buttons then send their label as text, which the flows understand.

    Args:
        has_law: the articles' own words are in the message, so that no button need show them.
    """
    if content.kind == "location_request":
        labels = [KeyboardButton(label) for label, _ in content.buttons]
        share = KeyboardButton(text("share_location"), request_location=True)
        return ReplyKeyboardMarkup([[share], labels], resize_keyboard=True, one_time_keyboard=True)
    buttons = list(content.buttons)
    # The table of a decision's days has no card of its own to look up.
    if content.card and content.card["id"] and content.card["citations"] and not has_law:
        buttons.insert(0, (LABELS["button_law"], f"consult:law:{content.card['id']}"))
    if not buttons:
        return None
    scale = buttons[:RATING_SCALE] if content.kind == "rating" else []
    # A scale is read in one line, which has no room for words; the text says what a star means.
    stars = [
        InlineKeyboardButton(text("telegram_stars", count=count), callback_data=payload)
        for count, (_, payload) in enumerate(scale, start=1)
    ]
    shown = [InlineKeyboardButton(label, callback_data=payload) for label, payload in buttons[len(scale) :]]
    rows = [stars] if stars else []
    return InlineKeyboardMarkup([*rows, *(list(row) for row in _rows(shown, BUTTONS_A_ROW))])


def is_once(payload: str) -> bool:
    """Whether a button answers a question that is then over, rather than opening something."""
    return payload.startswith(_ONCE)


def used_keyboard(label: str) -> InlineKeyboardMarkup:
    """What stays of the buttons once one of them has answered the question."""
    chosen = text("button_used", label=label)
    return InlineKeyboardMarkup([[InlineKeyboardButton(chosen, callback_data=USED)]])


def link_keyboard(label: str, url: str) -> InlineKeyboardMarkup:
    """One button that opens an address."""
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, url=url)]])


def shown_buttons(message: object) -> Iterator[tuple[str, object]]:
    """Label and payload of the inline buttons of a message that came back to us."""
    markup = getattr(message, "reply_markup", None)
    for row in markup.inline_keyboard if markup else ():
        for button in row:
            yield button.text, button.callback_data


def _rows(buttons: Sequence[InlineKeyboardButton], width: int) -> Iterator[Sequence[InlineKeyboardButton]]:
    for start in range(0, len(buttons), width):
        yield buttons[start : start + width]
