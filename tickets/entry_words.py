"""What an entry did, in the words of officers: its own text says only why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tickets.deadlines import SHANGHAI
from tickets.models import Entry, EntryKind
from tickets.routing import Routing

_ESCALATED = {
    "accept": "没有按时受理",
    "first_reply": "没有按时首次回复",
    "resolve1": "24小时内到期",
    "resolve2": "已逾期，列入督办",
}
_REVIEWED = {"submitted": "送审", "approved": "审核通过", "returned": "退回修改", "withdrawn": "撤回送审"}
_APPLIED = {"hand_back": "退单", "extension": "延期"}
_MERGES = {
    "into": "并入工单{}",
    "out_of": "从工单{}拆出",
    "without": "拆出工单{}",
    "added_to": "补充的内容在并入的工单{}里",
}


def what_was_done(entry: Entry, routing: Routing) -> str:
    """ "" where kind, status and text say everything."""
    words = _WORDS.get(entry.kind)
    return words(entry, routing) if words else ""


def merge_words(entry: Entry) -> str:
    """Which other ticket an entry names; "" if it names none."""
    if entry.kind is EntryKind.MERGE and "from" in entry.data:
        return f"并入了工单{entry.data['from']}"
    return next((words.format(entry.data[act]) for act, words in _MERGES.items() if act in entry.data), "")


def moment_words(moment: datetime) -> str:
    """A moment in China, to the minute."""
    local = moment.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def _ruled(entry: Entry, routing: Routing) -> str:
    data = entry.data
    if category := routing.categories.get(data.get("category", "")):
        return f"诉求类别更正为{category.name}"
    what = _APPLIED.get(data.get("application", ""), "")
    ruling = f"{'同意' if data.get('is_approved') else '不同意'}{what}" if what else ""
    if "to" not in data:
        return ruling
    return f"{ruling}，办理时限改为{moment_words(datetime.fromisoformat(data['to']))}"


def _assigned(entry: Entry, routing: Routing) -> str:
    unit = entry.data.get("department")
    return f"承办单位：{routing.department(unit).name}" if unit else ""


def _noted(entry: Entry, _routing: Routing) -> str:
    photos = entry.data.get("photos")
    return f"处理后的照片{len(photos)}张" if photos else ""


def _escalated(entry: Entry, _routing: Routing) -> str:
    step = entry.data.get("step", "")
    return _ESCALATED.get(step) or _ESCALATED.get(f"{step}{entry.data.get('level')}", "")


_WORDS: dict[EntryKind, Callable[[Entry, Routing], str]] = {
    EntryKind.RULING: _ruled,
    EntryKind.ASSIGNMENT: _assigned,
    EntryKind.NOTE: _noted,
    EntryKind.ESCALATION: _escalated,
    EntryKind.REVIEW: lambda entry, _: _REVIEWED.get(entry.data.get("act", ""), ""),
    EntryKind.MERGE: lambda entry, _: merge_words(entry),
}
