"""Every page of the desk and what it asks of an officer."""

from __future__ import annotations

from bot.desk.permissions import DeskRoute, Permission, open_route, route
from bot.desk.views import entrance, handling, queue, ticket

_TICKET = "/tickets/{ticket_no}"

ROUTES: tuple[DeskRoute, ...] = (
    open_route("GET", "/sign-in", entrance.sign_in_page),
    open_route("POST", "/sign-in", entrance.sign_in),
    open_route("GET", "/welcome/{token}", entrance.welcome_page),
    open_route("POST", "/welcome/{token}", entrance.welcome),
    route("POST", "/sign-out", entrance.sign_out, Permission.SIGNED_IN, second_factor=False),
    route("GET", "", queue.queue_page, Permission.VIEW_TICKETS),
    route("GET", "/", queue.queue_page, Permission.VIEW_TICKETS),
    route("GET", _TICKET, ticket.ticket_page, Permission.VIEW_TICKETS),
    route("GET", f"{_TICKET}/photos/{{sha256:[0-9a-f]{{64}}}}", ticket.photo, Permission.VIEW_TICKETS),
    route("POST", f"{_TICKET}/reply", handling.reply, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/note", handling.note, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/status", handling.status, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/assign", handling.assign, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/take", handling.take, Permission.WORK_TICKETS),
)
