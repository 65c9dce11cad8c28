"""The queue's address: what its query asks for, and the address that asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bot.desk.context import ROOT, Visit
from tickets.queries import QueueFilter, View
from tickets.workflow import Status, TicketKind

VIEW_LABELS = {
    View.MINE: "我的",
    View.UNIT: "本单位",
    View.UNASSIGNED: "未分配",
    View.DUE_SOON: "即将到期",
    View.OVERDUE: "已逾期",
    View.AWAITING_CITIZEN: "待补充",
    View.OPEN: "全部在办",
    View.CLOSED: "已办结",
}


def queue_filter(query: Mapping[str, str], visit: Visit) -> QueueFilter:
    """What the query of an address asks for; what makes no sense is as if it weren't there."""
    asked = query.get("view", "")
    view = View(asked) if asked in VIEW_LABELS else _first_view(visit)
    number = query.get("page", "1")
    return QueueFilter(
        view=view,
        category=query.get("category", "")[:40],
        town=query.get("town", "")[:40],
        officer_id=visit.officer.id if view is View.MINE else None,
        department=visit.officer.department if view is View.UNIT else query.get("department", "")[:48],
        text=query.get("text", "").strip()[:100],
        page=int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1,
        status=Status(query["status"]) if query.get("status") in set(Status) else None,
        kind=TicketKind(query["kind"]) if query.get("kind") in set(TicketKind) else None,
        is_urgent=query.get("urgent") == "1",
        is_supervised=query.get("supervised") == "1",
    )


def queue_query(wanted: QueueFilter, **changes: Any) -> str:
    """The query of a queue's address with some fields changed; a change of a filter begins at page 1."""
    values = {
        "view": str(wanted.view),
        "category": wanted.category or "",
        "town": wanted.town or "",
        "department": "" if wanted.view is View.UNIT else wanted.department or "",
        "status": wanted.status or "",
        "kind": wanted.kind or "",
        "urgent": "1" if wanted.is_urgent else "",
        "supervised": "1" if wanted.is_supervised else "",
        "text": wanted.text,
        "page": "",
        **{name: str(value) for name, value in changes.items()},
    }
    return urlencode({name: value for name, value in values.items() if value})


def queue_link(wanted: QueueFilter, **changes: Any) -> str:
    """The address of a queue with some fields changed."""
    return f"{ROOT}/?{queue_query(wanted, **changes)}"


def is_filtered(wanted: QueueFilter) -> bool:
    """Whether anything but the view narrows the list."""
    department = wanted.department if wanted.view is not View.UNIT else ""
    narrowed = (wanted.category, wanted.town, wanted.text, wanted.status, wanted.kind, department)
    return any(narrowed) or wanted.is_urgent or wanted.is_supervised


def _first_view(visit: Visit) -> View:
    return View.UNIT if visit.officer.department else View.OPEN
