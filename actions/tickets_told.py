"""Tickets as parameters of the texts that tell a citizen about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickets.service import FiledTicket, TicketView


def filed_params(filed: FiledTicket) -> dict[str, Any]:
    """What is told right after filing."""
    return {
        "ticket_no": filed.ticket_no,
        "receipt_code": filed.receipt_code,
        "department": filed.department_name,
        "due_on": filed.due_on,
    }


def view_params(view: TicketView) -> dict[str, Any]:
    """Where a ticket stands, with the newest public line that has words in it."""
    told = [entry for entry in view.entries[1:] if entry.text]
    return {
        "ticket_no": view.ticket_no,
        "category": view.category_name,
        "status": view.status.label,
        "is_open": view.is_open,
        "department": view.department_name,
        "due_on": view.due_on,
        "latest": told[-1] if told else None,
    }
