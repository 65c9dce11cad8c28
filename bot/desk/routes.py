"""Every page of the desk and what it asks of an officer."""

from __future__ import annotations

from bot.desk.permissions import DeskRoute, Permission, open_route, route
from bot.desk.views import (
    account,
    audit,
    dashboard,
    entrance,
    export,
    handling,
    live,
    officers,
    oversight,
    poster,
    queue,
    ticket,
)

_TICKET = "/tickets/{ticket_no}"
_OFFICER = "/officers/{officer_id:[0-9]{1,9}}"

ROUTES: tuple[DeskRoute, ...] = (
    open_route("GET", "/sign-in", entrance.sign_in_page),
    open_route("POST", "/sign-in", entrance.sign_in),
    open_route("POST", "/second-factor", entrance.second_factor),
    open_route("GET", "/welcome/{token}", entrance.welcome_page),
    open_route("POST", "/welcome/{token}", entrance.welcome),
    route("POST", "/sign-out", entrance.sign_out, Permission.SIGNED_IN, second_factor=False),
    route("GET", "", queue.queue_page, Permission.VIEW_TICKETS),
    route("GET", "/", queue.queue_page, Permission.VIEW_TICKETS),
    route("GET", "/export.csv", export.export_csv, Permission.EXPORT),
    route("GET", "/poster", poster.poster, Permission.VIEW_TICKETS),
    route("GET", "/dashboard", dashboard.dashboard, Permission.VIEW_DASHBOARD),
    route("GET", "/events", live.events, Permission.VIEW_TICKETS, passive=True),
    route("GET", _TICKET, ticket.ticket_page, Permission.VIEW_TICKETS),
    route("GET", f"{_TICKET}/photos/{{sha256:[0-9a-f]{{64}}}}", ticket.photo, Permission.VIEW_TICKETS),
    route("POST", f"{_TICKET}/reply", handling.reply, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/note", handling.note, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/status", handling.status, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/assign", handling.assign, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/take", handling.take, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/contact", oversight.contact, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/hand-back", oversight.hand_back, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/extension", oversight.extend, Permission.WORK_TICKETS),
    route("POST", f"{_TICKET}/supervision", oversight.supervise, Permission.SUPERVISE),
    route("GET", "/applications", oversight.applications, Permission.SUPERVISE),
    route("POST", "/applications/{application_id:[0-9]{1,9}}", oversight.rule, Permission.SUPERVISE),
    route("GET", "/account", account.account_page, Permission.SIGNED_IN),
    route("POST", "/account/password", account.change_password, Permission.SIGNED_IN),
    route("POST", "/account/sessions", account.end_session, Permission.SIGNED_IN),
    route(
        "GET",
        "/account/second-factor",
        account.second_factor_page,
        Permission.SIGNED_IN,
        second_factor=False,
    ),
    route(
        "POST",
        "/account/second-factor",
        account.set_second_factor,
        Permission.SIGNED_IN,
        second_factor=False,
    ),
    route("GET", "/officers", officers.officers_page, Permission.MANAGE_OFFICERS),
    route("POST", "/officers/invitations", officers.make_invitation, Permission.MANAGE_OFFICERS),
    route("POST", "/officers/invitations/withdraw", officers.drop_invitation, Permission.MANAGE_OFFICERS),
    route("GET", _OFFICER, officers.officer_page, Permission.MANAGE_OFFICERS),
    route("POST", _OFFICER, officers.change, Permission.MANAGE_OFFICERS),
    route("POST", f"{_OFFICER}/password", officers.reset_password, Permission.MANAGE_OFFICERS),
    route("POST", f"{_OFFICER}/second-factor", officers.reset_second_factor, Permission.MANAGE_OFFICERS),
    route("POST", f"{_OFFICER}/sessions", officers.sign_out_everywhere, Permission.MANAGE_OFFICERS),
    route("GET", "/audit", audit.audit_log, Permission.VIEW_AUDIT),
)
