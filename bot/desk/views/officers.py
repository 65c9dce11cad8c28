"""Accounts and invitations, for administrators."""

from __future__ import annotations

import secrets
from typing import Any

from aiohttp import web

from bot.desk.context import FORM, ROOT, VISIT, audit, see_other, services
from bot.desk.errors import text_for
from bot.desk.render import page
from bot.typedefs import SETTINGS
from tickets.errors import BotError
from tickets.models import Role
from tickets.officer_sessions import end_sessions, open_sessions
from tickets.officers import (
    change_officer,
    get_officer,
    invite,
    list_officers,
    open_invitations,
    set_password_hash,
    withdraw_invitation,
)
from tickets.passwords import hash_password
from tickets.second_factor import clear_secret

DONE = {
    "changed": "已保存。",
    "withdrawn": "邀请已作废。",
    "sessions": "这个账号在所有地方的登录都已退出。",
    "second-factor": "动态验证码已清除，请本人重新开通。",
}


async def officers_page(request: web.Request) -> web.StreamResponse:
    """All accounts and open invitations."""
    return await _list(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _list(request: web.Request, **values: Any) -> web.Response:
    parts, visit = services(request), request[VISIT]
    async with parts.database.reading() as session:
        officers = await list_officers(session)
        invitations = await open_invitations(session, visit.now)
    shown = {"notice": "", "link": "", **values}
    return page(
        request,
        "officers.html",
        officers=officers,
        invitations=invitations,
        roles=list(Role),
        departments=parts.routing.departments(),
        department_names={one.code: one.name for one in parts.routing.departments()},
        now=visit.now,
        **shown,
    )


async def make_invitation(request: web.Request) -> web.StreamResponse:
    """Make a link that lets somebody in once; it is shown this one time."""
    form, visit = request[FORM], request[VISIT]
    role = _role(form.text("role"))
    department = _department(request)
    async with services(request).database.transaction() as session:
        token = await invite(session, role=role, department=department, now=visit.now)
        audit(request, session, "invited", subject=role.label, department=department)
    link = f"{request.config_dict[SETTINGS].base_url}{ROOT}/welcome/{token}"
    return await _list(request, link=link)


async def drop_invitation(request: web.Request) -> web.StreamResponse:
    """Make an open invitation useless."""
    invitation_id = request[FORM].number("invitation_id") or 0
    async with services(request).database.transaction() as session:
        await withdraw_invitation(session, invitation_id, request[VISIT].now)
        audit(request, session, "invitation_withdrawn")
    raise see_other("/officers?done=withdrawn")


async def officer_page(request: web.Request) -> web.StreamResponse:
    """One account."""
    return await _show(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _show(request: web.Request, *, status: int = 200, **values: Any) -> web.Response:
    parts, visit = services(request), request[VISIT]
    async with parts.database.reading() as session:
        officer = await get_officer(session, _officer_id(request))
        sessions = await open_sessions(session, officer.id, visit.now)
    shown = {"notice": "", "problem": "", "new_password": "", **values}
    return page(
        request,
        "officer.html",
        status=status,
        officer=officer,
        sessions=sessions,
        roles=list(Role),
        departments=parts.routing.departments(),
        now=visit.now,
        **shown,
    )


async def change(request: web.Request) -> web.StreamResponse:
    """Set name, role, unit, and whether the account is open."""
    form, visit = request[FORM], request[VISIT]
    officer_id = _officer_id(request)
    try:
        async with services(request).database.transaction() as session:
            officer = await change_officer(
                session,
                officer_id,
                display_name=form.text("display_name"),
                role=_role(form.text("role")),
                department=_department(request),
                is_active=form.text("is_active") == "1",
                now=visit.now,
            )
            audit(
                request,
                session,
                "officer_changed",
                subject=officer.username,
                role=str(officer.role),
                department=officer.department,
                is_active=officer.is_active,
            )
    except BotError as error:
        return await _show(request, problem=text_for(error), status=409)
    raise see_other(f"/officers/{officer_id}?done=changed")


async def reset_password(request: web.Request) -> web.StreamResponse:
    """Give the account a random password, shown this one time, and end its sessions."""
    visit, password = request[VISIT], secrets.token_urlsafe(12)
    password_hash = await hash_password(password)
    async with services(request).database.transaction() as session:
        officer = await get_officer(session, _officer_id(request))
        await set_password_hash(session, officer.id, password_hash, visit.now)
        audit(request, session, "password_reset", subject=officer.username)
    return await _show(request, new_password=password)


async def reset_second_factor(request: web.Request) -> web.StreamResponse:
    """For somebody who lost their telephone."""
    async with services(request).database.transaction() as session:
        officer = await get_officer(session, _officer_id(request))
        clear_secret(officer)
        audit(request, session, "second_factor_cleared", subject=officer.username)
    raise see_other(f"/officers/{officer.id}?done=second-factor")


async def sign_out_everywhere(request: web.Request) -> web.StreamResponse:
    """End all sessions of the account."""
    visit = request[VISIT]
    async with services(request).database.transaction() as session:
        officer = await get_officer(session, _officer_id(request))
        await end_sessions(session, officer.id, visit.now)
        audit(request, session, "sessions_ended", subject=officer.username)
    raise see_other(f"/officers/{officer.id}?done=sessions")


def _officer_id(request: web.Request) -> int:
    return int(request.match_info["officer_id"])


def _role(text: str) -> Role:
    if text not in set(Role):
        raise web.HTTPBadRequest
    return Role(text)


def _department(request: web.Request) -> str | None:
    code = request[FORM].text("department")
    known = {one.code for one in services(request).routing.departments()}
    if code and code not in known:
        raise web.HTTPBadRequest
    return code or None
