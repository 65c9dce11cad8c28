"""Who is at the door: cookies, the check before every page, and the token that every form carries."""

from __future__ import annotations

import secrets
from urllib.parse import quote, urlsplit

from aiohttp import web

from bot.desk.context import (
    FORM,
    ROOT,
    VISIT,
    Visit,
    audit,
    is_https,
    needs_second_factor,
    now,
    see_other,
    services,
)
from bot.desk.forms import Form, read_form
from bot.desk.permissions import DeskRoute, Handler, Permission, may
from bot.security import is_same_origin
from bot.typedefs import SETTINGS
from tickets.officer_sessions import TOUCH_EVERY, begin_session, find_session, touch_session
from tickets.officers import get_officer
from tickets.tokens import same_token

COOKIE = "wenfa_desk"
# Before sign-in there is no session to hold a form's token, so the browser holds it in a cookie of its own.
FORM_COOKIE = "wenfa_desk_form"
SAFE_METHODS = frozenset({"GET", "HEAD"})


class FormForged(web.HTTPForbidden):
    """A form without the token that we put into it."""


class NotAllowed(web.HTTPForbidden):
    """The officer's role doesn't have the permission of the page."""


def guarded(desk_route: DeskRoute) -> Handler:
    """The handler of a route behind its checks; no handler is ever registered without them."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if desk_route.permission is not None:
            request[VISIT] = await _visit(request, desk_route, desk_route.permission)
        if request.method not in SAFE_METHODS:
            request[FORM] = await _checked_form(request)
        return await desk_route.handler(request)

    return handle


async def _visit(request: web.Request, desk_route: DeskRoute, permission: Permission) -> Visit:
    token = request.cookies.get(COOKIE, "")
    moment = now(request)
    database = services(request).database
    async with database.reading() as session:
        found = await find_session(session, token, moment) if token else None
    if found is None:
        raise _to_sign_in(request)
    if not may(found.officer.role, permission):
        raise NotAllowed
    if desk_route.second_factor and needs_second_factor(request, found.officer):
        raise see_other("/account/second-factor?required=1")
    if not desk_route.passive and moment - found.session.last_seen_at > TOUCH_EVERY:
        async with database.transaction() as session:
            await touch_session(session, found.session.id, moment)
    return Visit(found.officer, found.session, moment)


def _to_sign_in(request: web.Request) -> web.HTTPException:
    if request.method not in SAFE_METHODS:
        return see_other("/sign-in?ended=1")
    return see_other(f"/sign-in?next={quote(request.path_qs, safe='')}")


async def _checked_form(request: web.Request) -> Form:
    if "Origin" in request.headers and not is_same_origin(request, request.config_dict[SETTINGS]):
        raise FormForged
    form = await read_form(request)
    visit = request.get(VISIT)
    expected = visit.session.csrf_token if visit else request.cookies.get(FORM_COOKIE, "")
    if not expected or not same_token(form.text("csrf_token"), expected):
        raise FormForged
    return form


def form_token(request: web.Request) -> str:
    """The token for the forms of a page; without a session the browser's own, made when it has none."""
    visit: Visit | None = request.get(VISIT)
    if visit is not None:
        return visit.session.csrf_token
    return request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)


def keep_form_token(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Give the browser the token to send back beside the form; only needed before sign-in."""
    if request.get(VISIT) is None:
        response.set_cookie(
            FORM_COOKIE, token, path=ROOT, httponly=True, samesite="Strict", secure=is_https(request)
        )


async def sign_in(request: web.Request, officer_id: int, path: str) -> web.HTTPException:
    """Begin a session and send the officer on to `path` (below /desk) with its cookie."""
    agent = request.headers.get("User-Agent", "")
    async with services(request).database.transaction() as session:
        begun = await begin_session(session, officer_id, agent, now(request))
        audit(request, session, "sign_in", officer=await get_officer(session, officer_id))
    response = see_other(path)
    response.set_cookie(
        COOKIE, begun.token, path=ROOT, httponly=True, samesite="Strict", secure=is_https(request)
    )
    response.del_cookie(FORM_COOKIE, path=ROOT)
    return response


def safe_next(target: str) -> str:
    """Where to go after signing in, relative to /desk: only pages of the desk, never another site."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path.startswith(f"{ROOT}/") or "\\" in target:
        return "/"
    path = parts.path.removeprefix(ROOT)
    if path.startswith(("//", "/sign-in", "/sign-out", "/welcome")):
        return "/"
    return f"{path}?{parts.query}" if parts.query else path
