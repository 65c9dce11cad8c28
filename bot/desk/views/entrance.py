"""Coming in and going out: sign-in, sign-out, and the welcome page behind an invitation."""

from __future__ import annotations

import structlog
from aiohttp import web

from bot.desk import auth
from bot.desk.context import FORM, VISIT, audit, client_address, now, see_other, services
from bot.desk.errors import PasswordsDiffer, text_for
from bot.desk.render import page
from bot.desk.throttle import THROTTLE
from tickets.errors import BotError
from tickets.models import Officer
from tickets.officer_sessions import end_sessions
from tickets.officers import (
    WrongCredentials,
    accept_invitation,
    check_credentials,
    find_invitation,
    get_officer,
    officer_by_name,
)
from tickets.passwords import check_password, hash_password
from tickets.second_factor import WrongCode, ask_token, check_ask_token, use_code

log = structlog.get_logger()


async def sign_in_page(request: web.Request) -> web.StreamResponse:
    """The form; `?ended=1` says why one is here again."""
    notice = (
        "登录已过期或已退出，请重新登录。刚才没有提交的内容没有保存。" if "ended" in request.query else ""
    )
    return _sign_in_form(request, notice=notice, next_path=request.query.get("next", ""))


def _sign_in_form(
    request: web.Request,
    *,
    problem: str = "",
    notice: str = "",
    username: str = "",
    next_path: str = "",
    status: int = 200,
) -> web.Response:
    return page(
        request,
        "sign_in.html",
        status=status,
        problem=problem,
        notice=notice,
        username=username,
        next_path=next_path,
    )


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Check name and password; the answer is the same for a wrong name and a wrong password."""
    form, throttle = request[FORM], request.config_dict[THROTTLE]
    username, next_path = form.text("username"), form.text("next")
    address, moment = client_address(request), now(request)
    wait = throttle.wait(username, address, moment)
    if wait is not None:
        minutes = int(wait.total_seconds() // 60) + 1
        problem = f"输错次数太多，请{minutes}分钟后再试。"
        return _sign_in_form(request, problem=problem, username=username, next_path=next_path, status=429)
    try:
        officer_id = await check_credentials(
            services(request).database, username, form.fields.get("password", "")
        )
    except WrongCredentials as error:
        throttle.failed(username, address, moment)
        log.warning("desk.sign_in_failed", address=address)
        await _note_failure(request, username)
        return _sign_in_form(
            request, problem=text_for(error), username=username, next_path=next_path, status=403
        )
    throttle.succeeded(username, address)
    async with services(request).database.reading() as session:
        officer = await get_officer(session, officer_id)
    if officer.totp_secret:
        return _code_form(request, officer, ask_token(officer, moment), next_path)
    raise await auth.sign_in(request, officer_id, auth.safe_next(next_path))


async def _note_failure(request: web.Request, username: str) -> None:
    """Into the audit log; a name that no account has isn't kept, for it may be a password."""
    async with services(request).database.transaction() as session:
        officer = await officer_by_name(session, username)
        audit(
            request,
            session,
            "sign_in_failed",
            officer=officer,
            subject=officer.username if officer else "没有这个账号",
        )


def _code_form(
    request: web.Request, officer: Officer, token: str, next_path: str, problem: str = "", status: int = 200
) -> web.Response:
    return page(
        request,
        "second_factor.html",
        status=status,
        problem=problem,
        ask_token=token,
        officer_id=officer.id,
        next_path=next_path,
    )


async def second_factor(request: web.Request) -> web.StreamResponse:
    """The second step of signing in: the digits of the officer's app."""
    form, throttle, moment = request[FORM], request.config_dict[THROTTLE], now(request)
    officer_id, token, next_path = form.number("officer_id") or 0, form.text("ask_token"), form.text("next")
    address = client_address(request)
    database = services(request).database
    async with database.reading() as session:
        officer = await session.get(Officer, officer_id)
    if officer is None or not officer.is_active or not check_ask_token(officer, token, moment):
        raise see_other("/sign-in?ended=1")
    account = f"second factor of {officer_id}"
    if throttle.wait(account, address, moment) is not None:
        return _code_form(request, officer, token, next_path, "输错次数太多，请15分钟后再试。", 429)
    try:
        async with database.transaction() as session:
            use_code(await get_officer(session, officer_id, lock=True), form.text("code"), moment)
    except WrongCode as error:
        throttle.failed(account, address, moment)
        await _note_failure(request, officer.username)
        return _code_form(request, officer, token, next_path, text_for(error), 403)
    throttle.succeeded(account, address)
    raise await auth.sign_in(request, officer_id, auth.safe_next(next_path))


async def sign_out(request: web.Request) -> web.StreamResponse:
    """End this session."""
    visit = request[VISIT]
    async with services(request).database.transaction() as session:
        await end_sessions(session, visit.officer.id, visit.now, only=visit.session.id)
        audit(request, session, "sign_out")
    response = see_other("/sign-in")
    response.del_cookie(auth.COOKIE, path="/desk")
    raise response


async def welcome_page(request: web.Request) -> web.StreamResponse:
    """Where somebody invited chooses a name and a password."""
    async with services(request).database.reading() as session:
        invitation = await find_invitation(session, request.match_info["token"], now(request))
    return page(request, "welcome.html", role=invitation.role, problem="", username="", display_name="")


async def welcome(request: web.Request) -> web.StreamResponse:
    """Make the account, use the invitation up, sign in."""
    form, token, moment = request[FORM], request.match_info["token"], now(request)
    database = services(request).database
    async with database.reading() as session:
        invitation = await find_invitation(session, token, moment)
    username, display_name = form.text("username"), form.text("display_name")
    password = form.fields.get("password", "")
    try:
        officer_id = await _make_account(request, token, username, display_name, password)
    except BotError as error:
        return page(
            request,
            "welcome.html",
            status=422,
            role=invitation.role,
            problem=text_for(error),
            username=username,
            display_name=display_name,
        )
    log.info("desk.officer_joined", officer_id=officer_id)
    raise await auth.sign_in(request, officer_id, "/account/second-factor?first=1")


async def _make_account(
    request: web.Request, token: str, username: str, display_name: str, password: str
) -> int:
    if password != request[FORM].fields.get("password_again", ""):
        raise PasswordsDiffer
    check_password(password, username)
    password_hash = await hash_password(password)
    async with services(request).database.transaction() as session:
        officer = await accept_invitation(
            session,
            token,
            username=username,
            display_name=display_name,
            password_hash=password_hash,
            now=now(request),
        )
        audit(request, session, "joined", officer=officer, subject=officer.username)
    return officer.id
