"""How a message will look to the citizen, by the rules with which each channel draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telegram import InlineKeyboardMarkup

from actions.base import Outgoing
from bot.channels import telegram_view
from bot.channels.web_frames import shown_content
from bot.channels.wechat import view as wechat_view

CHANNELS = {"web": "网页", "telegram": "Telegram", "wechat": "微信", "console": "命令行"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One message on the citizen's screen; `rows` are the labels of the buttons under it."""

    text: str
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What arrives on one channel.

    Attributes:
        note: what else is to be known of the channel, or "".
    """

    channel: str
    name: str
    pieces: Sequence[Piece]
    note: str = ""


def preview(channel: str, content: Mapping[str, Any]) -> Preview:
    """A message as that channel shows it.

    Args:
        content: as `render_notice` makes it.
    """
    drawn = _DRAWN.get(channel, _web)
    pieces, note = drawn(content)
    return Preview(channel, CHANNELS.get(channel, channel), pieces, note)


def _web(content: Mapping[str, Any]) -> tuple[list[Piece], str]:
    shown = shown_content(content)
    labels = [str(button["label"]) for button in shown.get("buttons", ())]
    return [Piece(str(shown["text"]), [labels] if labels else ())], ""


def _telegram(content: Mapping[str, Any]) -> tuple[list[Piece], str]:
    drawn = telegram_view.pieces(Outgoing.from_json(content))
    note = f"分{len(drawn)}条发出" if len(drawn) > 1 else ""
    return [Piece(one.text, _rows(one)) for one in drawn], note


def _rows(piece: telegram_view.Piece) -> list[list[str]]:
    if not isinstance(piece.keyboard, InlineKeyboardMarkup):
        return []
    return [[button.text for button in row] for row in piece.keyboard.inline_keyboard]


def _wechat(content: Mapping[str, Any]) -> tuple[list[Piece], str]:
    outgoing = Outgoing.from_json(content)
    bodies = wechat_view.bodies(outgoing, 0, words=outgoing.text)
    pieces = [_body(body) for body in bodies]
    notes = [f"分{len(pieces)}条发出"] if len(pieces) > 1 else []
    if any(piece.rows for piece in pieces):
        notes.append("账号不能发菜单时，选项改为按数字回复")
    return pieces, "；".join(notes)


def _body(body: Mapping[str, Any]) -> Piece:
    if body["msgtype"] == "msgmenu":
        menu = body["msgmenu"]
        return Piece(menu["head_content"], [[choice["content"]] for choice in menu["list"]])
    return Piece(body["text"]["content"])


_DRAWN = {"web": _web, "telegram": _telegram, "wechat": _wechat}
