from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from tests.factories import NOW, make_officer
from tickets import second_factor
from tickets.audit import audit_page, record_audit
from tickets.database import Database
from tickets.errors import OfficerNotFound
from tickets.models import Invitation, Officer, Role
from tickets.officer_sessions import begin_session, end_sessions, find_session, open_sessions, touch_session
from tickets.officers import (
    InvitationInvalid,
    LastAdministrator,
    UsernameNotAllowed,
    UsernameTaken,
    WrongCredentials,
    accept_invitation,
    change_officer,
    check_credentials,
    create_officer,
    ensure_first_invitation,
    find_invitation,
    get_officer,
    invite,
    list_officers,
    open_invitations,
    set_password_hash,
    withdraw_invitation,
)
from tickets.passwords import WeakPassword, check_password, common_passwords, hash_password, verify_password
from tickets.tokens import hash_token

PASSWORD = "seven boats at dawn"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "short"),
        ("九个字符的密码不够", "short"),
        ("x" * 257, "long"),
        ("Admin123456", "common"),
        ("5201314520", "common"),
        ("linguoqiang", "like_name"),
        ("LinGuoQiang99", "like_name"),
        ("aabbaabbaabb", "simple"),
        ("abcdefghijklm", "simple"),
        ("zyxwvutsrqp", "simple"),
    ],
)
def test_passwords_that_can_be_guessed_are_refused(password: str, reason: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_password(password, "linguoqiang")

    assert refused.value.reason == reason


@pytest.mark.parametrize("password", [PASSWORD, "龙江边上的七条小木船", "linguoqiang likes boats"])
def test_long_passwords_are_good(password: str) -> None:
    check_password(password, "linguoqiang")


def test_the_common_passwords_are_ones_that_length_does_not_stop() -> None:
    assert all(len(word) >= 10 and word == word.casefold() for word in common_passwords())


async def test_a_password_is_kept_as_an_argon2_hash() -> None:
    stored = await hash_password(PASSWORD)

    assert stored.startswith("$argon2id$")
    assert await verify_password(stored, PASSWORD)
    assert not await verify_password(stored, PASSWORD + " ")
    assert not await verify_password("not a hash", PASSWORD)


async def test_credentials_lead_to_the_officer_and_nothing_else_does(database: Database) -> None:
    password_hash = await hash_password(PASSWORD)
    async with database.transaction() as session:
        officer = await make_officer(session, password_hash=password_hash)
        await make_officer(session, username="gone", password_hash=password_hash, is_active=False)

    assert await check_credentials(database, " LIN ", PASSWORD) == officer.id
    for name, password in (("lin", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("lin", "x" * 5000)):
        with pytest.raises(WrongCredentials):
            await check_credentials(database, name, password)


@pytest.mark.parametrize("username", ["a", "a b", "x" * 41, "", "<b>", "a/b"])
async def test_usernames_are_plain_words(database: Database, username: str) -> None:
    with pytest.raises(UsernameNotAllowed):
        async with database.transaction() as session:
            await create_officer(
                session,
                username=username,
                display_name="",
                password_hash="x",
                role=Role.OFFICER,
                department=None,
                now=NOW,
            )


async def test_a_name_is_given_once_whatever_its_case(database: Database) -> None:
    async with database.transaction() as session:
        await make_officer(session)
    with pytest.raises(UsernameTaken):
        async with database.transaction() as session:
            await create_officer(
                session,
                username="LIN",
                display_name="另一位",
                password_hash="x",
                role=Role.OFFICER,
                department=None,
                now=NOW,
            )


async def test_an_account_without_a_name_shows_its_username(database: Database) -> None:
    async with database.transaction() as session:
        officer = await create_officer(
            session,
            username="Wu.Min",
            display_name=" ",
            password_hash="x",
            role=Role.OFFICER,
            department=None,
            now=NOW,
        )

    assert (officer.username, officer.display_name) == ("wu.min", "wu.min")


async def test_a_session_is_found_by_its_token_only(database: Database) -> None:
    async with database.transaction() as session:
        officer = await make_officer(session)
        begun = await begin_session(session, officer.id, "Firefox", NOW)

    async with database.reading() as session:
        found = await find_session(session, begun.token, NOW)
        assert found is not None
        assert (found.officer.id, found.session.token_hash) == (officer.id, hash_token(begun.token))
        assert await find_session(session, hash_token(begun.token), NOW) is None
        assert await find_session(session, "", NOW) is None


async def test_a_session_ends_by_idleness_age_sign_out_and_a_closed_account(database: Database) -> None:
    async with database.transaction() as session:
        officer = await make_officer(session)
        idle = await begin_session(session, officer.id, "", NOW)
        old = await begin_session(session, officer.id, "", NOW)
        await touch_session(session, old.session_id, NOW + timedelta(days=7))
        out = await begin_session(session, officer.id, "", NOW)
        await end_sessions(session, officer.id, NOW, only=out.session_id)

        assert await find_session(session, idle.token, NOW + timedelta(hours=12)) is None
        assert await find_session(session, old.token, NOW + timedelta(days=7, seconds=1)) is None
        assert await find_session(session, out.token, NOW) is None
        assert await find_session(session, idle.token, NOW + timedelta(hours=11)) is not None
        officer.is_active = False
        await session.flush()
        assert await find_session(session, idle.token, NOW) is None


async def test_all_sessions_but_one_can_be_ended(database: Database) -> None:
    async with database.transaction() as session:
        officer = await make_officer(session)
        begun = [await begin_session(session, officer.id, str(number), NOW) for number in range(3)]
        await end_sessions(session, officer.id, NOW, but=begun[1].session_id)

        left = await open_sessions(session, officer.id, NOW)

    assert [one.id for one in left] == [begun[1].session_id]


async def test_a_new_password_ends_the_sessions(database: Database) -> None:
    async with database.transaction() as session:
        officer = await make_officer(session)
        begun = await begin_session(session, officer.id, "", NOW)
        await set_password_hash(session, officer.id, "other", NOW)

        assert await find_session(session, begun.token, NOW) is None
        assert officer.password_hash == "other"


async def test_an_unknown_officer_is_refused(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(OfficerNotFound):
            await get_officer(session, 99)


async def test_an_invitation_gives_what_it_promises_once(database: Database) -> None:
    async with database.transaction() as session:
        token = await invite(session, role=Role.UNIT_HEAD, department="squad_longtian", now=NOW)
        assert len(await open_invitations(session, NOW)) == 1
    async with database.transaction() as session:
        officer = await accept_invitation(
            session, token, username="zheng", display_name="郑队长", password_hash="x", now=NOW
        )
        assert (officer.role, officer.department) == (Role.UNIT_HEAD, "squad_longtian")
    async with database.transaction() as session:
        assert await open_invitations(session, NOW) == []
        with pytest.raises(InvitationInvalid):
            await accept_invitation(
                session, token, username="other", display_name="", password_hash="x", now=NOW
            )


async def test_an_invitation_can_be_withdrawn_and_runs_out(database: Database) -> None:
    async with database.transaction() as session:
        token = await invite(session, role=Role.OFFICER, department=None, now=NOW)
        late = await invite(session, role=Role.OFFICER, department=None, now=NOW)
        row = await find_invitation(session, token, NOW)
        await withdraw_invitation(session, row.id, NOW)
        session.expire_all()

        for dead, at in ((token, NOW), (late, NOW + timedelta(hours=24)), ("guess", NOW)):
            with pytest.raises(InvitationInvalid):
                await find_invitation(session, dead, at)
        stored = (await session.scalars(select(Invitation.token_hash))).all()

    assert token not in stored


async def test_the_first_invitation_is_made_only_while_nobody_administers(database: Database) -> None:
    first = await ensure_first_invitation(database, NOW)
    second = await ensure_first_invitation(database, NOW)

    assert first is not None
    assert second is not None
    async with database.transaction() as session:
        with pytest.raises(InvitationInvalid):
            await find_invitation(session, first, NOW)
        await accept_invitation(
            session, second, username="chen", display_name="陈主任", password_hash="x", now=NOW
        )
    assert await ensure_first_invitation(database, NOW) is None


@pytest.mark.parametrize(("role", "is_active"), [(Role.OFFICER, True), (Role.ADMINISTRATOR, False)])
async def test_the_last_administrator_stays(database: Database, role: Role, is_active: bool) -> None:
    async with database.transaction() as session:
        chen = await make_officer(session, username="chen", role=Role.ADMINISTRATOR)
        change = {"display_name": "陈", "role": role, "department": None, "is_active": is_active, "now": NOW}
        with pytest.raises(LastAdministrator):
            await change_officer(session, chen.id, **change)
        await make_officer(session, username="second", role=Role.ADMINISTRATOR)
        changed = await change_officer(session, chen.id, **change)

    assert (changed.role, changed.is_active) == (role, is_active)


async def test_a_closed_account_loses_its_sessions_and_stands_last(database: Database) -> None:
    async with database.transaction() as session:
        lin = await make_officer(session)
        await make_officer(session, username="wu", display_name="吴敏", department=None)
        begun = await begin_session(session, lin.id, "", NOW)
        await change_officer(
            session,
            lin.id,
            display_name="林",
            role=Role.OFFICER,
            department="squad_longtian",
            is_active=False,
            now=NOW,
        )

        assert await find_session(session, begun.token, NOW) is None
        assert [one.username for one in await list_officers(session)] == ["wu", "lin"]
        assert [one.username for one in await list_officers(session, department="squad_longtian")] == ["lin"]


def _officer(**changes: object) -> Officer:
    return Officer(id=7, username="lin", password_hash="hash", **changes)


def test_a_code_is_good_once_and_for_a_minute_or_so() -> None:
    officer = _officer(totp_secret=SECRET)
    code = pyotp.TOTP(SECRET).at(NOW)

    second_factor.use_code(officer, f" {code[:3]} {code[3:]}", NOW + timedelta(seconds=29))
    with pytest.raises(second_factor.WrongCode):
        second_factor.use_code(officer, code, NOW)
    with pytest.raises(second_factor.WrongCode):
        second_factor.use_code(_officer(totp_secret=SECRET), code, NOW + timedelta(minutes=2))
    for wrong in ("", "000000x", "１２３４５６"):
        with pytest.raises(second_factor.WrongCode):
            second_factor.use_code(_officer(totp_secret=SECRET), wrong, NOW)


def test_the_second_factor_is_set_only_with_its_own_digits() -> None:
    officer = _officer()
    secret = second_factor.candidate_secret(officer, "session")

    with pytest.raises(second_factor.WrongCode):
        second_factor.set_secret(officer, secret, pyotp.TOTP(SECRET).at(NOW), NOW)
    assert officer.totp_secret is None
    second_factor.set_secret(officer, secret, pyotp.TOTP(secret).at(NOW), NOW)

    assert officer.totp_secret == secret
    assert secret != second_factor.candidate_secret(officer, "another session")
    assert f"secret={secret}" in second_factor.setup_uri(officer, secret)
    second_factor.clear_secret(officer)
    with pytest.raises(second_factor.WrongCode):
        second_factor.use_code(officer, pyotp.TOTP(secret).at(NOW), NOW)


def test_the_token_between_the_two_steps_can_not_be_forged_or_kept() -> None:
    officer = _officer(totp_secret=SECRET)
    token = second_factor.ask_token(officer, NOW)

    assert second_factor.check_ask_token(officer, token, NOW + timedelta(minutes=5))
    assert not second_factor.check_ask_token(officer, token, NOW + timedelta(minutes=6))
    later = str(int(NOW.timestamp()) + 9999)
    for forged in ("", "7", "7.x.y", token + "0", f"7.{later}.{token.rpartition('.')[2]}"):
        assert not second_factor.check_ask_token(officer, forged, NOW)
    officer.password_hash = "changed"
    assert not second_factor.check_ask_token(officer, token, NOW)


async def test_the_audit_log_is_read_newest_first(database: Database) -> None:
    async with database.transaction() as session:
        officer = await make_officer(session)
        for number in range(52):
            record_audit(session, "sign_in", at=NOW + timedelta(minutes=number), officer=officer)
            await session.flush()
        record_audit(session, "export", at=NOW, subject="x" * 500, address="203.0.113.7", data={"pages": 1})

    async with database.reading() as session:
        first = await audit_page(session, 1)
        second = await audit_page(session, 2)
        exports = await audit_page(session, 1, "export")

    assert (len(first), len(second)) == (51, 3)
    assert (first[0].action, first[0].actor_name, len(first[0].subject)) == ("export", "", 120)
    assert [one.data for one in exports] == [{"pages": 1}]
