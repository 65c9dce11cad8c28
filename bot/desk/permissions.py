"""Who may do what on the desk: one table of roles, and the routes' declarations.

Every route of the desk is made by `route()` or `open_route()`, so it can't exist without saying what it asks
of an officer (tests/bot/desk/test_permissions.py looks at each one).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from tickets.models import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Permission(StrEnum):
    """One thing that a route may ask for."""

    SIGNED_IN = "signed_in"
    VIEW_TICKETS = "view_tickets"
    WORK_TICKETS = "work_tickets"
    TALK = "talk"
    ASSIGN_DEPARTMENT = "assign_department"
    SUPERVISE = "supervise"
    ANSWER_CONSULTATIONS = "answer_consultations"
    VIEW_ROTA = "view_rota"
    MANAGE_ROTA = "manage_rota"
    REVIEW_ANSWERS = "review_answers"
    SEE_CHECKS = "see_checks"
    RUN_CHECKS = "run_checks"
    VIEW_QUALITY = "view_quality"
    EDIT_CARDS = "edit_cards"
    REVIEW_CARDS = "review_cards"
    VIEW_DASHBOARD = "view_dashboard"
    EXPORT = "export"
    CASE_FILE = "case_file"
    WRITE_TEMPLATES = "write_templates"
    VIEW_UNITS = "view_units"
    MANAGE_UNITS = "manage_units"
    MANAGE_OFFICERS = "manage_officers"
    VIEW_AUDIT = "view_audit"
    MANAGE_WEBHOOKS = "manage_webhooks"
    RUN_CAMPAIGNS = "run_campaigns"


class Scope(StrEnum):
    """Which tickets a role sees; what is assigned to oneself is always among them."""

    OWN_DEPARTMENT = "own_department"
    CONSULTATIONS = "consultations"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a role may do, and on which tickets."""

    scope: Scope
    permissions: frozenset[Permission]


def _rights(scope: Scope, *permissions: Permission) -> Rights:
    return Rights(scope, frozenset({Permission.SIGNED_IN, Permission.VIEW_TICKETS, *permissions}))


_P = Permission
ROLES: dict[Role, Rights] = {
    Role.OFFICER: _rights(Scope.OWN_DEPARTMENT, _P.WORK_TICKETS, _P.CASE_FILE, _P.TALK, _P.SEE_CHECKS),
    Role.UNIT_HEAD: _rights(
        Scope.OWN_DEPARTMENT,
        _P.WORK_TICKETS,
        _P.CASE_FILE,
        _P.TALK,
        _P.ASSIGN_DEPARTMENT,
        _P.SEE_CHECKS,
        _P.VIEW_DASHBOARD,
        _P.EXPORT,
        _P.WRITE_TEMPLATES,
        _P.VIEW_UNITS,
    ),
    Role.LEGAL_ADVISER: _rights(
        Scope.CONSULTATIONS,
        _P.WORK_TICKETS,
        _P.CASE_FILE,
        _P.TALK,
        _P.ANSWER_CONSULTATIONS,
        _P.VIEW_ROTA,
        _P.SEE_CHECKS,
    ),
    Role.LEGAL_REVIEWER: _rights(
        Scope.ALL,
        _P.WORK_TICKETS,
        _P.CASE_FILE,
        _P.TALK,
        _P.VIEW_ROTA,
        _P.MANAGE_ROTA,
        _P.REVIEW_ANSWERS,
        _P.SEE_CHECKS,
        _P.VIEW_QUALITY,
        _P.REVIEW_CARDS,
    ),
    Role.SUPERVISOR: _rights(
        Scope.ALL,
        _P.WORK_TICKETS,
        _P.CASE_FILE,
        _P.TALK,
        _P.SUPERVISE,
        _P.ASSIGN_DEPARTMENT,
        _P.VIEW_ROTA,
        _P.MANAGE_ROTA,
        _P.SEE_CHECKS,
        _P.RUN_CHECKS,
        _P.RUN_CAMPAIGNS,
        _P.VIEW_DASHBOARD,
        _P.EXPORT,
        _P.VIEW_UNITS,
    ),
    Role.KNOWLEDGE_EDITOR: _rights(
        Scope.CONSULTATIONS,
        _P.VIEW_QUALITY,
        _P.EDIT_CARDS,
    ),
    Role.ADMINISTRATOR: _rights(Scope.ALL, *Permission),
    Role.AUDITOR: _rights(
        Scope.ALL,
        _P.CASE_FILE,
        _P.VIEW_ROTA,
        _P.SEE_CHECKS,
        _P.VIEW_DASHBOARD,
        _P.EXPORT,
        _P.VIEW_UNITS,
        _P.VIEW_AUDIT,
    ),
}


def rights_of(role: str) -> Rights:
    """The row of the table for the role that the database names."""
    return ROLES[Role(role)]


def may(role: str, permission: Permission) -> bool:
    """Whether the role has the permission."""
    return permission in rights_of(role).permissions


@dataclass(frozen=True, slots=True)
class DeskRoute:
    """One row of the route table.

    Attributes:
        permission: what the signed-in officer must have; None means that nobody needs to be signed in.
        second_factor: False for the pages on which the second factor is given or set up.
        passive: the browser asks by itself, so it doesn't count as use of the session.
    """

    method: str
    path: str
    handler: Handler
    permission: Permission | None
    second_factor: bool = True
    passive: bool = False


def route(
    method: str,
    path: str,
    handler: Handler,
    permission: Permission,
    *,
    second_factor: bool = True,
    passive: bool = False,
) -> DeskRoute:
    """A page for officers with that permission."""
    return DeskRoute(method, path, handler, permission, second_factor, passive)


def open_route(method: str, path: str, handler: Handler) -> DeskRoute:
    """A page for people who aren't signed in: sign-in, welcome."""
    return DeskRoute(method, path, handler, None, second_factor=False)
