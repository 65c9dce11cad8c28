"""Conversation and history of a ticket in one line of time, each thing once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.texts import for_officers
from tickets.desk_queries import Said
from tickets.entry_words import merge_words
from tickets.models import Entry, EntryKind, OutboxItem, Sender
from tickets.outbox import GONE, WAITS_FOR_CITIZEN
from tickets.routing import Routing

# Our message and its entry are written in one transaction; a citizen's may be some seconds apart.
SAME = timedelta(seconds=10)

ENTRY_LABELS = {
    EntryKind.SUBMITTED: "提交诉求",
    EntryKind.STATUS: "状态变更",
    EntryKind.ASSIGNMENT: "转办",
    EntryKind.REPLY: "公开回复",
    EntryKind.NOTE: "内部备注",
    EntryKind.CITIZEN_MESSAGE: "诉求人补充",
    EntryKind.HAND_BACK: "退单",
    EntryKind.RULING: "督办裁定",
    EntryKind.URGE: "催办",
    EntryKind.SUPERVISION: "督办",
    EntryKind.EXTENSION: "延期",
    EntryKind.ESCALATION: "升级提醒",
    EntryKind.DEADLINE: "期限提醒",
    EntryKind.RATING: "诉求人评价",
    EntryKind.FOLLOWER: "关注",
    EntryKind.MERGE: "并单",
    EntryKind.UNSEAL: "查看联系方式",
    EntryKind.ERASURE: "依申请删除内容",
    EntryKind.REVIEW: "法制审核",
    EntryKind.INSPECTION: "双随机抽查",
}
REVIEW_LABELS = {
    "submitted": "送法制审核",
    "approved": "法制审核通过",
    "returned": "法制审核退回",
    "withdrawn": "撤回送审",
}


_ENCLOSED = {"notice_reply_photo", "notice_reply_file"}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing on the line.

    Attributes:
        side: "citizen", "assistant", "officer", "note" (inside only) or "event".
        delivery: "已送达", "等待送达" ... for what was sent to the citizen, else "".
        card: the rule card that the assistant showed, as stored.
        file: what was sent along: name, size (bytes), sha256.
    """

    at: datetime
    side: str
    who: str
    label: str
    text: str
    photos: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    location: dict[str, Any] | None = None
    card: dict[str, Any] | None = None
    file: dict[str, Any] | None = None
    delivery: str = ""
    order: int = field(default=0)


def timeline(entries: Sequence[Entry], said: Sequence[Said], routing: Routing) -> list[Moment]:
    """Everything by time; what an entry records already isn't repeated from the conversation."""
    moments = [_from_entry(entry, said, routing) for entry in entries]
    moments += [_from_message(one) for one in said if not _is_recorded(one, entries)]
    return sorted(moments, key=lambda moment: (moment.at, moment.order))


def conversation_moments(said: Sequence[Said], seen_id: int | None) -> list[Moment]:
    """A live conversation; what the citizen has had on screen is read."""
    moments = []
    for one in said:
        moment = _from_message(one)
        is_read = one.message.sender is not Sender.CITIZEN and one.message.id <= (seen_id or 0)
        moments.append(
            replace(moment, delivery="已读") if is_read and moment.delivery == "已送达" else moment
        )
    return moments


def _from_entry(entry: Entry, said: Sequence[Said], routing: Routing) -> Moment:
    side = {
        EntryKind.REPLY: "officer",
        EntryKind.NOTE: "note",
        EntryKind.CITIZEN_MESSAGE: "citizen",
    }.get(entry.kind, "event")
    return Moment(
        at=entry.at,
        side=side,
        who=entry.actor_name,
        label=_entry_label(entry, routing),
        text="（内容已依申请删除）" if entry.erased_at else _entry_text(entry),
        recordings=tuple(entry.data.get("recordings", ())) if side == "citizen" else (),
        photos=tuple(entry.data.get("photos", ())) if side in ("citizen", "note") else (),
        delivery=_delivery_of(entry, said) if side == "officer" else "",
        order=entry.number,
    )


def _entry_label(entry: Entry, routing: Routing) -> str:
    label = ENTRY_LABELS[entry.kind]
    if entry.data.get("photos") and entry.kind is EntryKind.NOTE:
        return "处理后的照片"
    if entry.kind is EntryKind.ESCALATION:
        return _escalation(entry, routing)
    if entry.kind is EntryKind.STATUS and entry.to_status is not None:
        return entry.to_status.label
    if entry.kind is EntryKind.ASSIGNMENT and "department" in entry.data:
        moved = entry.data.get("from") != entry.data["department"]
        name = routing.department(entry.data["department"]).name
        return f"转办 → {name}" if moved or not entry.data.get("officer_id") else "确定经办人"
    if entry.kind is EntryKind.REVIEW:
        return REVIEW_LABELS.get(str(entry.data.get("act")), label)
    return label


def _escalation(entry: Entry, routing: Routing) -> str:
    """What was late or is about to be, and who is told."""
    step = {"accept": "没有按时受理", "first_reply": "没有按时首次回复"}.get(entry.data.get("step", ""))
    what = step or ("已逾期，列入督办" if entry.data.get("level", 1) > 1 else "24小时内到期")
    return f"{what} → {routing.department(entry.data['to']).name}" if "to" in entry.data else what


def _entry_text(entry: Entry) -> str:
    # What was submitted stands at the head of the page.
    return "" if entry.kind is EntryKind.SUBMITTED else entry.text or merge_words(entry)


def _delivery_of(entry: Entry, said: Sequence[Said]) -> str:
    for one in said:
        if one.message.sender is Sender.OFFICER and one.outbox and one.message.created_at == entry.at:
            return _delivery(one.outbox)
    return "没有可送达的会话"


def _delivery(item: OutboxItem | None) -> str:
    if item is None:
        return ""
    if item.delivered_at is not None:
        return "已送达"
    if item.error == WAITS_FOR_CITIZEN:
        return "等诉求人再来消息时送达"
    if item.failed_at is not None:
        return "没有送达：诉求人已不在这个渠道" if item.error == GONE else "没有送达"
    return "等待送达"


def _is_recorded(one: Said, entries: Sequence[Entry]) -> bool:
    message = one.message
    if message.sender is Sender.CITIZEN:
        return any(
            entry.kind is EntryKind.CITIZEN_MESSAGE
            and abs(entry.at - message.created_at) < SAME
            and _holds(entry, message.content)
            for entry in entries
        )
    # What was sent along with a reply has a place of its own.
    if message.ticket_id is None or message.content.get("key") in _ENCLOSED:
        return False
    return any(entry.at == message.created_at for entry in entries)


def _holds(entry: Entry, content: Mapping[str, Any]) -> bool:
    """Whether all of a message is in an entry, which may have been made of several."""
    words = str(content.get("text") or "").strip()
    evidence = {content[name] for name in ("photo", "recording") if content.get(name)}
    kept = {*entry.data.get("photos", ()), *entry.data.get("recordings", ())}
    return words in entry.text and evidence <= kept and bool(words or evidence)


def _from_message(one: Said) -> Moment:
    message, content = one.message, one.message.content
    photo = content.get("photo")
    who = {Sender.CITIZEN: "诉求人", Sender.ASSISTANT: "问法助手", Sender.OFFICER: "工作人员"}[message.sender]
    return Moment(
        at=message.created_at,
        side=str(message.sender),
        who=who,
        label="点了按钮" if content.get("label") else "",
        text=for_officers(content),
        photos=(photo,) if photo else (),
        recordings=(content["recording"],) if content.get("recording") else (),
        location=content.get("location"),
        card=content.get("card"),
        file=content.get("file") if message.sender is Sender.OFFICER else None,
        delivery=_delivery(one.outbox),
        order=1_000_000 + message.id,
    )
