"""Between our words and Open311's: the only place that knows both.

service_request_id = ticket number, service_code = category, agency_responsible = department,
expected_datetime = due_at; status is open or closed as the ticket's own group says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.dates import CHINA
from bot.privacy import mask
from tickets.categories import ABOUT_OFFICERS
from tickets.publication import public_place
from tickets.values import FiledTicket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from tickets.categories import Category
    from tickets.models import Ticket
    from tickets.routing import Routing

MAX_DESCRIPTION = 4000
OPEN, CLOSED = "open", "closed"
GROUP = "城市管理"
HAPPENED, REPORTER = "happened", "reporter"
REPORTER_CHOICES = {"real_name": "实名", "confidential": "实名，要求保密", "anonymous": "匿名"}
# Links that people wrote lead anywhere; nobody has looked at where.
_LINK = re.compile(r"(?:https?://|www\.)[^\s，。；、）)]+", re.IGNORECASE)


def status_of(is_open: bool) -> str:
    """Our two groups of statuses are Open311's two statuses."""
    return OPEN if is_open else CLOSED


def offered_services(routing: Routing) -> list[Category]:
    """The categories that can be filed here. What is said about officers is not for a public interface."""
    return [one for one in routing.categories.values() if one.code not in ABOUT_OFFICERS]


def as_service(category: Category) -> dict[str, Any]:
    """One row of the service list."""
    return {
        "service_code": category.code,
        "service_name": category.name,
        "description": "例如：" + "；".join(category.examples),
        "metadata": True,
        "type": "realtime",
        "keywords": ",".join(category.examples),
        "group": GROUP,
    }


def as_definition(category: Category) -> dict[str, Any]:
    """What can be said beyond the standard fields."""
    return {
        "service_code": category.code,
        "attributes": [
            {
                "variable": True,
                "code": HAPPENED,
                "datatype": "string",
                "required": False,
                "datatype_description": "一句话，最多200字，例如：昨天晚上十点",
                "order": 1,
                "description": "什么时候发生的？",
                "values": [],
            },
            {
                "variable": True,
                "code": REPORTER,
                "datatype": "singlevaluelist",
                "required": False,
                "datatype_description": "实名和保密都要留电话或邮箱；不选时，留了联系方式按实名，没留按匿名",
                "order": 2,
                "description": "怎样反映？匿名和保密的反映不对外公开。",
                "values": [{"key": key, "name": name} for key, name in REPORTER_CHOICES.items()],
            },
        ],
    }


def as_request(ticket: Ticket, leading: Ticket, routing: Routing, media_url: str | None) -> dict[str, Any]:
    """A ticket as anybody may see it.

    Args:
        leading: the ticket that work is done on, itself unless it was merged into another.
        media_url: of the first photo that was released.
    """
    place = public_place(ticket, routing)
    category = routing.categories.get(ticket.category)
    changed = leading.updated_at if leading.is_open else leading.closed_at or leading.updated_at
    return {
        "service_request_id": ticket.ticket_no,
        "status": status_of(leading.is_open),
        "status_notes": leading.status.label,
        "service_name": category.name if category else ticket.category,
        "service_code": ticket.category,
        "description": public_text(ticket.summary),
        "agency_responsible": routing.department(leading.department).name,
        "service_notice": None,
        "requested_datetime": w3_moment(ticket.created_at),
        "updated_datetime": w3_moment(changed),
        "expected_datetime": w3_moment(leading.due_at) if leading.due_at else None,
        "address": place.text,
        "address_id": ticket.town,
        "zipcode": None,
        "lat": place.latitude,
        "long": place.longitude,
        "media_url": media_url,
    }


def public_text(text: str) -> str:
    """A citizen's words without personal data and links, cut to what the specification allows."""
    return mask(_LINK.sub("【链接】", text))[:MAX_DESCRIPTION]


def as_filed(filed: FiledTicket, danger: str) -> dict[str, Any]:
    """The answer to a filing. `danger`: what to do first when the words speak of danger to life."""
    sentences = [danger, f"已提交，由{filed.department_name}承办。", _promise(filed.due_on)]
    if filed.receipt_code:
        sentences.append(f"查询码：{filed.receipt_code}（请交给诉求人，凭编号和查询码可以查进度）。")
    else:
        sentences.append("这件事之前已经提交过，没有重复提交。")
    return {
        "service_request_id": filed.ticket_no,
        "service_notice": "".join(sentence for sentence in sentences if sentence),
        "account_id": None,
    }


def w3_moment(at: datetime) -> str:
    """2026-11-23T14:05:00+08:00."""
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def discovery(base_url: str, bureau: str, hotline: str) -> dict[str, Any]:
    """The service discovery document."""
    changed = "2026-11-26 00:00"
    return {
        "changeset": changed,
        "contact": f"{bureau}，电话{hotline}",
        "key_service": f"接口密钥（api_key）由{bureau}的系统管理员发放。接口说明：{base_url}/openapi.json",
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": base_url,
                "changeset": changed,
                "type": "production",
                "formats": ["application/json", "text/xml"],
            }
        ],
    }


def codes_among(said: str, allowed: Sequence[str]) -> list[str]:
    """The known ones of a list with commas, each once."""
    return [code for code in dict.fromkeys(part.strip() for part in said.split(",")) if code in allowed]


def _promise(due_on: date | None) -> str:
    return f"最晚{due_on.year}年{due_on.month}月{due_on.day}日前答复。" if due_on else ""
