"""A small web server with the real web channel, database and photo store, behind which a script answers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from actions.base import File, Message, Outgoing, Reply
from bot.channels.web import WebChannel
from bot.config import Settings
from bot.relay import Received
from bot.security import setup_security
from bot.services import Services
from bot.texts import render, render_notice
from bot.typedefs import RELAY, SERVICES, SETTINGS
from tests.schema import opened
from tickets import conversations
from tickets.files import keep_file

CARD = {
    "id": "dog_rabies_registration",
    "title": "在福清养狗要办什么手续",
    "answer": "养狗的人要定期给狗打狂犬病疫苗，凭医院给的免疫证明去登记。\n带狗出门要给狗戴犬牌、系犬绳。",
    "notes": ["福州的养犬条例只管六个区，不管福清；没有查到福清自己的养犬登记规定。"],
    "next_steps": ["先到动物医院给狗打狂犬病疫苗，拿免疫证明", "问清镇街在哪里登记，带身份证和免疫证明去"],
    "citations": [
        {
            "law": "动物防疫法",
            "article": "第三十条",
            "text": "单位和个人饲养犬只，应当按照规定定期免疫接种狂犬病疫苗，凭免疫证明申请登记。",
            "status": "现行有效",
            "effective_from": "2021年5月1日",
        }
    ],
    "authority": "农业农村局（免疫）；登记部门以当地公布为准",
    "jurisdiction": "全国",
    "reviewed_on": "2026年11月23日",
}

DAYS = {
    "id": "",
    "title": "您的期限",
    "answer": "您2026年11月3日收到处罚决定书。",
    "rows": [
        {
            "title": "缴纳罚款的最后一天",
            "day": "2026年11月18日（星期三）",
            "left": "已经过了8天",
            "is_over": True,
            "rule": "《行政处罚法》第六十七条：十五日内",
            "notes": ["加处罚款约480元。"],
        }
    ],
    "notes": ["可以先复议，也可以直接起诉。"],
    "citations": [],
    "next_steps": [],
}
NEWS = {"ticket_no": "FQ20261123-0007", "department": "音西中队", "note": "垃圾已经清走，路面冲洗干净了。"}
FILE = File("办理期限.ics", "text/calendar", b"BEGIN:VCALENDAR")


def answer(message: Message) -> list[tuple[str, Outgoing]]:
    """What the script says to a message: pairs of sender and content."""
    said = message.text
    if "狗" in said:
        buttons = (("有帮助", "feedback:yes"), ("问工作人员", "menu:human"))
        return [("assistant", Outgoing("养狗要打疫苗。", buttons, "card", CARD))]
    if "工作人员" in said:
        return [("officer", Outgoing("您好，我是音西中队的工作人员，已经去现场看过了。"))]
    if message.payload == "menu:report":
        place = Outgoing("在什么地方？", (("不知道", "place:unknown"),), "location_request")
        return [("assistant", Outgoing("好的，请说说发生了什么事。")), ("assistant", place)]
    if message.photo:
        return [("assistant", Outgoing("照片收到了，一共1张。"))]
    if "评价" in said:
        return [("assistant", Outgoing.from_json(render_notice("notice_status_resolved", NEWS)))]
    if "日历" in said:
        return [("assistant", replace(render(Reply("no_words", kind="file", file=FILE)), card=DAYS))]
    if "沉默" in said:
        return []
    return [
        ("assistant", Outgoing(f"收到：{message.label or said or '位置'}", (("好", "yes"), ("不好", "no"))))
    ]


class ScriptedRelay:
    """Stores what comes, as the relay does, and answers from a script."""

    def __init__(self, services: Services, channel: WebChannel) -> None:
        self.services = services
        self.channel = channel
        self.answer: Callable[[Message], list[tuple[str, Outgoing]]] = answer
        self.failure: Exception | None = None
        self.received: list[Message] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def receive(self, message: Message) -> Received:
        """Store, and answer afterwards."""
        if self.failure:
            raise self.failure
        content: dict[str, Any] = {
            name: value for name, value in asdict(message).items() if value and name in _KEPT
        }
        async with self.services.database.transaction() as session:
            conversation = await conversations.open_conversation(
                session, message.channel, message.address, datetime.now(UTC)
            )
            stored = await conversations.receive(
                session, conversation, message.update_id, content, datetime.now(UTC)
            )
            found = conversation.id, stored.id if stored else None
        if stored:
            self.received.append(message)
            task = asyncio.create_task(self._answer(message, found[0]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return Received(found[1], found[0], stored is None)

    async def say(self, address: str, conversation_id: int, sender: str, content: Outgoing) -> int:
        """Store a message to the citizen and deliver it."""
        async with self.services.database.transaction() as session:
            if content.file:
                await keep_file(
                    session,
                    self.services.vault,
                    conversation_id,
                    name=FILE.name,
                    media_type=FILE.media_type,
                    content=FILE.content,
                    now=datetime.now(UTC),
                )
            message = await conversations.post(
                session, conversation_id, content.as_json(), sender=sender, now=datetime.now(UTC)
            )
        await self.channel.send(address, message.id, sender, content)
        return message.id

    async def idle(self) -> None:
        """Wait until everything is answered."""
        await asyncio.gather(*self._tasks)

    async def _answer(self, message: Message, conversation_id: int) -> None:
        for sender, content in self.answer(message):
            await self.say(message.address, conversation_id, sender, content)


_KEPT = {"text", "payload", "label", "photo", "location"}
SCRIPT: web.AppKey[ScriptedRelay] = web.AppKey("script", ScriptedRelay)


def make_app(folder: Path, **settings: Any) -> web.Application:
    """The application; `app[SCRIPT]` is there once it runs."""
    app = web.Application()
    app[SETTINGS] = Settings(data_folder=folder, **settings)
    setup_security(app, app[SETTINGS])
    channel = WebChannel()
    channel.setup(app)

    async def parts(app: web.Application) -> AsyncIterator[None]:
        async with opened(folder) as services:
            relay = ScriptedRelay(services, channel)
            app[SERVICES], app[SCRIPT] = services, relay
            app[RELAY] = relay  # type: ignore[assignment]  # the script stands in for it
            yield
            await relay.idle()

    app.cleanup_ctx.append(parts)
    return app


if __name__ == "__main__":
    # python -m tests.web_chat FOLDER PORT [ORIGIN THAT MAY EMBED ...]
    app = make_app(Path(sys.argv[1]), embed_origins=tuple(sys.argv[3:]))
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), print=None)
