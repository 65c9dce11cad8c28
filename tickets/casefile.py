"""One ticket as a case file (卷宗): a ZIP with a page to read, the conversation, the photos, the voice
messages and a list of hashes.

Whoever gets the file can check it with `sha256sum -c` and nothing of ours; the history's own chain is in
history.json.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tickets.deadlines import SHANGHAI
from tickets.desk_queries import ticket_file
from tickets.entry_words import moment_words, what_was_done
from tickets.files import read_file_of
from tickets.models import Entry, EntryKind, Message, Purpose, Recording, ReporterMode, Sender, Ticket
from tickets.photos import PhotoStore
from tickets.recordings import open_recording, recordings_of
from tickets.routing import Routing
from tickets.vault import Vault
from tickets.verification import verify
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
# Of entries about tickets of the same matter.
_ACTORS = {ActorKind.CITIZEN: "诉求人", ActorKind.OFFICER: "工作人员", ActorKind.SYSTEM: "系统"}
_SENDERS = {Sender.CITIZEN: "诉求人", Sender.ASSISTANT: "智能助手", Sender.OFFICER: "工作人员"}
_SOUNDS = {"audio/ogg": "ogg", "audio/amr": "amr", "audio/mpeg": "mp3"}
_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.3em .6em;text-align:left;"
    "vertical-align:top}img{max-width:100%}h2{margin-top:2em}"
)


async def build_case_file(
    session: AsyncSession,
    ticket_no: str,
    *,
    photos: PhotoStore,
    routing: Routing,
    now: datetime,
    words: Callable[[Mapping[str, Any]], str] = lambda content: str(content.get("text", "")),
    vault: Vault | None = None,
) -> bytes:
    """The ZIP of one ticket. Contact data isn't in it; that needs a look of its own, with a reason.

    Of a confidential reporter's conversation only what names the ticket is in it, and never their voice.

    Args:
        words: what a reader may see of a message's content; here receipt codes and phone numbers go.
        vault: opens the voice messages; None for somebody who may not hear them. Their hashes are listed
            either way.

    Raises: TicketNotFound; OSError, when the photo store can't be used now; ContactSealed, if the key of a
        recording is missing.
    """
    file = await ticket_file(session, ticket_no)
    ticket = file.ticket
    is_sealed = ticket.reporter_mode is ReporterMode.CONFIDENTIAL
    messages = [said.message for said in file.said if not is_sealed or said.message.ticket_id == ticket.id]
    files, originals, missing, changed = await asyncio.to_thread(
        _photos, photos, [(one.sha256, one.purpose) for one in file.attachments]
    )
    voices = await recordings_of(session, ticket)
    heard = _recordings(voices, None if is_sealed else vault)
    files |= heard
    sent = await _sent(session, photos, vault, messages)
    files |= sent
    problems = [problem.what for problem in await verify(session, ticket.id)]
    files["history.json"] = _json([_entry(entry) for entry in file.entries])
    files["conversation.json"] = _json([_message(message, words) for message in messages])
    files["summary.json"] = _json(
        {
            "ticket_no": ticket.ticket_no,
            "exported_at": now.astimezone(UTC).isoformat(),
            "history_is_whole": not problems,
            "history_problems": problems,
            "entry_count": ticket.entry_count,
            "last_hash": ticket.last_hash,
            "missing_photos": missing,
            "changed_photos": changed,
            "sealed_originals": originals,
            "recordings": [voice.sha256 for voice in voices],
        }
    )
    names = [name for name in files if name.startswith("photos/")]
    talk = [(message, words(message.content)) for message in messages]
    checked = _checked(problems, missing, changed)
    page = _page(ticket, file.entries, talk, (names, list(heard), list(sent)), routing, checked)
    files["index.html"] = page.encode()
    files["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())
    ).encode()
    return _zip(files, now)


def _photos(
    store: PhotoStore, wanted: Sequence[tuple[str, Purpose]]
) -> tuple[dict[str, bytes], dict[str, list[str]], list[str], list[str]]:
    """The files by name, the sealed originals of each, the hashes of those that are gone, and the names of
    files that aren't what their hash says.
    """
    files: dict[str, bytes] = {}
    originals: dict[str, list[str]] = {}
    missing: list[str] = []
    changed: list[str] = []
    for number, (sha256, purpose) in enumerate(wanted, 1):
        name = f"photos/{number:02d}{'-after' if purpose is Purpose.AFTER else ''}.jpg"
        try:
            files[name] = store.read(sha256)
            originals[name] = store.originals(sha256)
        except FileNotFoundError:
            missing.append(sha256)
            continue
        if hashlib.sha256(files[name]).hexdigest() != sha256:
            changed.append(name)
    return files, originals, missing, changed


async def _sent(
    session: AsyncSession, store: PhotoStore, vault: Vault | None, messages: Sequence[Message]
) -> dict[str, bytes]:
    """What officers sent along with their words, by name; without what is gone."""
    files: dict[str, bytes] = {}
    for message in messages:
        photo, file = message.content.get("photo"), message.content.get("file")
        if message.sender is not Sender.OFFICER or not (photo or file):
            continue
        number = f"sent/{len(files) + 1:02d}"
        if photo and await asyncio.to_thread(store.has, photo):
            files[f"{number}.jpg"] = await asyncio.to_thread(store.read, photo)
        elif file and vault is not None:
            kept = await read_file_of(session, vault, message.conversation_id, file["sha256"])
            if kept is not None:
                files[f"{number}.{kept.name.rpartition('.')[2]}"] = kept.content
    return files


def _recordings(voices: Sequence[Recording], vault: Vault | None) -> dict[str, bytes]:
    if vault is None:
        return {}
    return {
        f"recordings/{number:02d}.{_SOUNDS.get(voice.media_type, 'bin')}": open_recording(voice, vault)
        for number, voice in enumerate(voices, 1)
    }


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


def _message(message: Message, words: Callable[[Mapping[str, Any]], str]) -> dict[str, Any]:
    said = {"at": message.created_at.isoformat(), "sender": message.sender, "text": words(message.content)}
    return said | {name: message.content[name] for name in ("photo", "file") if message.content.get(name)}


def _page(
    ticket: Ticket,
    entries: Sequence[Entry],
    talk: Sequence[tuple[Message, str]],
    evidence: tuple[Sequence[str], Sequence[str], Sequence[str]],
    routing: Routing,
    checked: Mapping[str, str],
) -> str:
    photos, recordings, sent = evidence
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
        "提交": moment_words(ticket.created_at),
        "办理时限": moment_words(ticket.due_at) if ticket.due_at else "未定",
        **checked,
    }
    rows = "".join(f"<tr><th>{name}<td>{_safe(value)}" for name, value in facts.items())
    history = "".join(
        f"<tr><td>{entry.number}<td>{moment_words(entry.at)}<td>{_KINDS[entry.kind]}<td>{_who(entry)}"
        f"<td>{entry.to_status.label if entry.to_status else ''}<td>{_text(entry, routing)}"
        for entry in entries
    )
    conversation = "".join(
        f"<tr><td>{moment_words(message.created_at)}<td>{_SENDERS[message.sender]}<td>{_safe(words)}"
        for message, words in talk
    )
    pictures = "".join(
        f'<figure><img src="{name}" alt=""><figcaption>{_caption(name)}</figcaption></figure>'
        for name in photos
    )
    sounds = "".join(
        f'<p><audio controls preload="none" src="{name}"></audio> <a href="{name}">{name}</a>'
        for name in recordings
    )
    heard = f"<h2>录音</h2>{sounds}" if sounds else ""
    links = "".join(f'<p><a href="{name}">{name}</a>' for name in sent)
    heard += f"<h2>发给诉求人的照片和文件</h2>{links}" if links else ""
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{ticket.ticket_no}</title>'
        f"<style>{_STYLE}</style><h1>工单卷宗 {ticket.ticket_no}</h1><table>{rows}</table>"
        f"<h2>办理记录</h2><table><tr><th>序号<th>时间<th>事项<th>人员<th>状态<th>内容{history}</table>"
        f"<h2>往来消息</h2><table>{conversation}</table><h2>照片</h2>{pictures}{heard}</html>\n"
    )


def _checked(problems: Sequence[str], missing: Sequence[str], changed: Sequence[str]) -> dict[str, str]:
    """What stands on the page about what was checked when it was written."""
    photos = [
        f"{len(missing)}张已不在" if missing else "",
        f"{len(changed)}张的文件被改动过" if changed else "",
    ]
    wrong = "，".join(part for part in photos if part)
    return {
        "记录校验": "不完整，见 summary.json" if problems else "完整",
        "照片校验": f"{wrong}，见 summary.json" if wrong else "与登记时一致",
    }


def _caption(name: str) -> str:
    return f"{'处理后' if '-after' in name else '诉求人提供'}（{name}）"


def _who(entry: Entry) -> str:
    kind = _ACTORS[entry.actor_kind]
    return kind if entry.actor_kind is not ActorKind.OFFICER else f"{kind} {_safe(entry.actor_name)}"


def _text(entry: Entry, routing: Routing) -> str:
    if entry.erased_at:
        return "（已删除）"
    return "<br>".join(_safe(part) for part in (what_was_done(entry, routing), entry.text) if part)


def _safe(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
