"""An officer's own account: password, where they are signed in, the second factor."""

from __future__ import annotations

import segno
from aiohttp import web

from bot.desk.context import FORM, VISIT, audit, needs_second_factor, see_other, services
from bot.desk.errors import PasswordsDiffer, text_for
from bot.desk.render import page
from bot.typedefs import SETTINGS
from tickets import staff_chat
from tickets.errors import BotError
from tickets.officer_sessions import end_sessions, open_sessions
from tickets.officers import WrongCredentials, get_officer, set_password_hash
from tickets.passwords import check_password, hash_password, verify_password
from tickets.second_factor import candidate_secret, clear_secret, set_secret, setup_uri, use_code

DONE = {
    "password": "密码已更换，其他地方的登录都已退出。",
    "session": "已退出那一处登录。",
    "second-factor": "动态验证码已开通，下次登录时要用。",
    "telegram-off": "已解除与 Telegram 账号的绑定。",
    "second-factor-off": "动态验证码已关闭。",
}


async def account_page(request: web.Request) -> web.StreamResponse:
    """The account at a glance."""
    return await _show(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _show(
    request: web.Request, *, notice: str = "", problem: str = "", link_code: str = "", status: int = 200
) -> web.Response:
    visit = request[VISIT]
    async with services(request).database.reading() as session:
        sessions = await open_sessions(session, visit.officer.id, visit.now)
        link = await staff_chat.link_of(session, visit.officer.id)
    return page(
        request,
        "account.html",
        status=status,
        sessions=sessions,
        has_staff_chat=bool(request.config_dict[SETTINGS].telegram_staff_chat),
        telegram=link,
        link_code=link_code,
        code_minutes=staff_chat.CODE_MINUTES,
        notice=notice,
        problem=problem,
        now=visit.now,
    )


async def change_password(request: web.Request) -> web.StreamResponse:
    """Set a new password; it ends all other sessions."""
    visit, fields = request[VISIT], request[FORM].fields
    new = fields.get("password", "")
    try:
        if not await verify_password(visit.officer.password_hash, fields.get("old_password", "")[:256]):
            raise WrongCredentials
        if new != fields.get("password_again", ""):
            raise PasswordsDiffer
        check_password(new, visit.officer.username)
    except BotError as error:
        words = "原密码不对。" if isinstance(error, WrongCredentials) else text_for(error)
        return await _show(request, problem=words, status=422)
    password_hash = await hash_password(new)
    async with services(request).database.transaction() as session:
        await set_password_hash(session, visit.officer.id, password_hash, visit.now, but=visit.session.id)
        audit(request, session, "password_changed", subject=visit.officer.username)
    raise see_other("/account?done=password")


async def telegram(request: web.Request) -> web.StreamResponse:
    """Give out a code that links the officer's Telegram account, or forget the account."""
    visit, action = request[VISIT], request[FORM].text("action")
    async with services(request).database.transaction() as session:
        if action == "unlink":
            await staff_chat.unlink(session, visit.officer.id)
            audit(request, session, "telegram_unlinked", subject=visit.officer.username)
            raise see_other("/account?done=telegram-off")
        code = await staff_chat.new_link_code(session, visit.officer.id, visit.now)
        audit(request, session, "telegram_code", subject=visit.officer.username)
    return await _show(request, link_code=code)


async def end_session(request: web.Request) -> web.StreamResponse:
    """Sign out somewhere else, or everywhere else."""
    visit, session_id = request[VISIT], request[FORM].number("session_id")
    async with services(request).database.transaction() as session:
        await end_sessions(session, visit.officer.id, visit.now, only=session_id, but=visit.session.id)
    raise see_other("/account?done=session")


async def second_factor_page(request: web.Request) -> web.StreamResponse:
    """The QR code to set the second factor up, or the way to turn it off."""
    return _second_factor(request, is_first="first" in request.query)


def _second_factor(
    request: web.Request, problem: str = "", status: int = 200, *, is_first: bool = False
) -> web.Response:
    visit = request[VISIT]
    secret = candidate_secret(visit.officer, visit.session.token_hash)
    code = segno.make(setup_uri(visit.officer, secret), error="m")
    picture = code.svg_inline(scale=5, dark="#0b3d46", border=2, omitsize=True)
    return page(
        request,
        "second_factor_setup.html",
        status=status,
        problem=problem,
        is_on=visit.officer.totp_secret is not None,
        is_first=is_first,
        is_required=needs_second_factor(request, visit.officer),
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        picture=picture,
    )


async def set_second_factor(request: web.Request) -> web.StreamResponse:
    """Turn it on with the first digits, or off with the present ones."""
    visit, form = request[VISIT], request[FORM]
    try:
        async with services(request).database.transaction() as session:
            officer = await get_officer(session, visit.officer.id, lock=True)
            if officer.totp_secret is not None:
                use_code(officer, form.text("code"), visit.now)
                clear_secret(officer)
                done = "second-factor-off"
            else:
                secret = candidate_secret(officer, visit.session.token_hash)
                set_secret(officer, secret, form.text("code"), visit.now)
                done = "second-factor"
            audit(request, session, done.replace("-", "_"), subject=officer.username)
    except BotError as error:
        return _second_factor(request, text_for(error), 422, is_first=form.text("first") == "1")
    if form.text("first") == "1":
        raise see_other("/?done=second-factor")
    raise see_other(f"/account?done={done}")
