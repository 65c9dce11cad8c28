"""One ticket as a case file (卷宗): a ZIP with a page to read, the conversation, the photos and a list of
hashes.

Whoever gets the file can check it with `sha256sum -c` and nothing of ours; the history's own chain is in
history.json.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.casework import find_ticket
from tickets.deadlines import SHANGHAI
from tickets.history import verify
from tickets.models import Attachment, Entry, EntryKind, Message, Sender, Ticket
from tickets.photos import PhotoStore
from tickets.routing import Routing
from tickets.workflow import ActorKind

_KINDS = {
    EntryKind.SUBMITTED: "提交",
    EntryKind.STATUS: "状态变更",
    EntryKind.ASSIGNMENT: "转办",
    EntryKind.REPLY: "答复",
    EntryKind.NOTE: "内部记录",
    EntryKind.REVIEW: "法制审核",
    EntryKind.INSPECTION: "双随机抽查",
    EntryKind.CITIZEN_MESSAGE: "诉求人补充",
    EntryKind.HAND_BACK: "申请退单",
    EntryKind.RULING: "裁定",
    EntryKind.URGE: "催办",
    EntryKind.SUPERVISION: "督办",
    EntryKind.EXTENSION: "申请延期",
    EntryKind.ESCALATION: "时限提醒",
    EntryKind.DEADLINE: "确定时限",
    EntryKind.RATING: "评价",
    EntryKind.FOLLOWER: "关注",
    EntryKind.MERGE: "合并",
    EntryKind.UNSEAL: "查看联系方式",
    EntryKind.ERASURE: "删除",
}
_ACTORS = {ActorKind.CITIZEN: "诉求人", ActorKind.OFFICER: "工作人员", ActorKind.SYSTEM: "系统"}
_SENDERS = {Sender.CITIZEN: "诉求人", Sender.ASSISTANT: "智能助手", Sender.OFFICER: "工作人员"}
_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.3em .6em;text-align:left;"
    "vertical-align:top}img{max-width:100%}h2{margin-top:2em}"
)


async def build_case_file(
    session: AsyncSession, ticket_no: str, *, photos: PhotoStore, routing: Routing, now: datetime
) -> bytes:
    """The ZIP of one ticket. Contact data isn't in it; that needs a look of its own, with a reason.

    Raises: TicketNotFound.
    """
    ticket = await find_ticket(session, ticket_no)
    entries = (
        await session.scalars(select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.number))
    ).all()
    messages = (
        await session.scalars(select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id))
    ).all()
    attachments = (
        await session.scalars(
            select(Attachment).where(Attachment.ticket_id == ticket.id).order_by(Attachment.id)
        )
    ).all()
    files: dict[str, bytes] = {}
    missing: list[str] = []
    originals: dict[str, list[str]] = {}
    for number, attachment in enumerate(attachments, 1):
        if photos.has(attachment.sha256):
            name = f"photos/{number:02d}.jpg"
            files[name] = photos.path(attachment.sha256).read_bytes()
            originals[name] = photos.originals(attachment.sha256)
        else:
            missing.append(attachment.sha256)
    problems = [problem.what for problem in await verify(session, ticket.id)]
    files["history.json"] = _json([_entry(entry) for entry in entries])
    files["conversation.json"] = _json([_message(message) for message in messages])
    files["summary.json"] = _json(
        {
            "ticket_no": ticket.ticket_no,
            "exported_at": now.astimezone(UTC).isoformat(),
            "history_is_whole": not problems,
            "history_problems": problems,
            "entry_count": ticket.entry_count,
            "last_hash": ticket.last_hash,
            "missing_photos": missing,
            "sealed_originals": originals,
        }
    )
    names = [name for name in files if name.startswith("photos/")]
    files["index.html"] = _page(ticket, entries, messages, names, routing, not problems).encode()
    files["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())
    ).encode()
    return _zip(files, now)


def _zip(files: dict[str, bytes], now: datetime) -> bytes:
    moment = now.astimezone(SHANGHAI)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def _entry(entry: Entry) -> dict[str, Any]:
    """All that the chain covers, so that it can be computed anew."""
    return {
        "number": entry.number,
        "kind": entry.kind,
        "actor": [entry.actor_kind, entry.actor_id, entry.actor_name],
        "from_status": entry.from_status,
        "to_status": entry.to_status,
        "text": entry.text,
        "data": entry.data,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "salt": entry.salt,
        "content": entry.content_digest,
        "previous": entry.previous_hash,
        "hash": entry.hash,
        "erased_at": entry.erased_at.isoformat() if entry.erased_at else None,
    }


def _message(message: Message) -> dict[str, Any]:
    return {"at": message.created_at.isoformat(), "sender": message.sender, "content": message.content}


def _page(
    ticket: Ticket,
    entries: Sequence[Entry],
    messages: Sequence[Message],
    photos: Sequence[str],
    routing: Routing,
    is_whole: bool,
) -> str:
    category = routing.categories.get(ticket.category)
    facts = {
        "工单编号": ticket.ticket_no,
        "类型": ticket.kind.label,
        "诉求类别": category.name if category else ticket.category,
        "状态": ticket.status.label,
        "承办单位": routing.department(ticket.department).name,
        "地点": str((ticket.place or {}).get("text", "")),
        "情况": ticket.summary,
        "时间": ticket.happened or "",
        "提交": _moment(ticket.created_at),
        "办理时限": _moment(ticket.due_at) if ticket.due_at else "未定",
        "记录校验": "完整" if is_whole else "不完整，见 summary.json",
    }
    rows = "".join(f"<tr><th>{name}<td>{_safe(value)}" for name, value in facts.items())
    history = "".join(
        f"<tr><td>{entry.number}<td>{_moment(entry.at)}<td>{_KINDS[entry.kind]}<td>{_who(entry)}"
        f"<td>{entry.to_status.label if entry.to_status else ''}<td>{_text(entry)}"
        for entry in entries
    )
    talk = "".join(
        f"<tr><td>{_moment(message.created_at)}<td>{_SENDERS[message.sender]}"
        f"<td>{_safe(str(message.content.get('text', '')))}"
        for message in messages
    )
    pictures = "".join(f'<p><img src="{name}" alt="{name}">' for name in photos)
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{ticket.ticket_no}</title>'
        f"<style>{_STYLE}</style><h1>工单卷宗 {ticket.ticket_no}</h1><table>{rows}</table>"
        f"<h2>办理记录</h2><table><tr><th>序号<th>时间<th>事项<th>人员<th>状态<th>内容{history}</table>"
        f"<h2>往来消息</h2><table>{talk}</table><h2>照片</h2>{pictures}</html>\n"
    )


def _who(entry: Entry) -> str:
    kind = _ACTORS[entry.actor_kind]
    return kind if entry.actor_kind is not ActorKind.OFFICER else f"{kind} {_safe(entry.actor_name)}"


def _text(entry: Entry) -> str:
    return "（已删除）" if entry.erased_at else _safe(entry.text)


def _moment(moment: datetime) -> str:
    local = moment.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def _safe(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
