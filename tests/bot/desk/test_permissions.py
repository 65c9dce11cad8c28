from __future__ import annotations

import re

import pytest
from aiohttp import web

from bot import desk
from bot.desk.permissions import ROLES, DeskRoute, Permission, may
from bot.desk.routes import ROUTES
from tests.bot.desk.browsing import Browser
from tickets.models import Role

OPEN_PATHS = {"/sign-in", "/second-factor", "/welcome/{token}"}


def _address(one: DeskRoute) -> str:
    path = one.path.replace("{ticket_no}", "FQ20261123-0001").replace("{sha256:[0-9a-f]{64}}", "0" * 64)
    return re.sub(
        r"\{\w+_id:\[0-9\]\{1,\d+\}\}", "1", path.replace("{token}", "x").replace("{code}", "legal")
    )


def test_every_route_is_declared_in_the_table() -> None:
    app = web.Application()
    desk.setup(app)

    served = {
        (route.method, route.resource.canonical.removeprefix("/desk"))
        for resource in app.router.resources()
        if resource.canonical == "/desk"
        for route in resource
    }

    assert served == {
        (one.method, web.Application().router.add_resource(one.path).canonical) for one in ROUTES
    }


@pytest.mark.parametrize("one", ROUTES, ids=lambda one: f"{one.method} {one.path}")
def test_only_the_entrance_is_open_to_everybody(one: DeskRoute) -> None:
    assert (one.permission is None) is (one.path in OPEN_PATHS)


@pytest.mark.parametrize(
    "one", [one for one in ROUTES if one.permission], ids=lambda one: f"{one.method} {one.path}"
)
async def test_nobody_gets_in_without_signing_in(browser: Browser, one: DeskRoute) -> None:
    response = await browser.client.request(one.method, f"/desk{_address(one)}", allow_redirects=False)

    assert response.status == 303
    assert response.headers["Location"].startswith("/desk/sign-in")


def test_every_role_has_a_row_and_reads_tickets() -> None:
    assert set(ROLES) == set(Role)
    assert all(may(role, Permission.VIEW_TICKETS) for role in Role)


def test_every_permission_is_the_administrators_and_is_used_somewhere() -> None:
    assert all(may(Role.ADMINISTRATOR, permission) for permission in Permission)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.KNOWLEDGE_EDITOR])
def test_roles_that_only_read_do_not_work_on_tickets(role: Role) -> None:
    assert not may(role, Permission.WORK_TICKETS)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_administrators_manage_officers(role: Role) -> None:
    assert not may(role, Permission.MANAGE_OFFICERS)
