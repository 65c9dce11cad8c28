"""Reply templates, written on the desk: unit heads write their unit's, administrators all."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from bot.desk.context import FORM, VISIT, audit, see_other, services
from bot.desk.errors import TEXTS, text_for
from bot.desk.permissions import Permission
from bot.desk.render import page
from bot.desk.reply_templates import EXAMPLE, VARIABLES, UnknownVariable, check_text, templates
from tickets.categories import CATEGORIES
from tickets.errors import BotError
from tickets.models import OwnTemplate
from tickets.own_templates import all_templates, drop_template, own_templates, write_template
from tickets.workflow import Status

MAX_TEXT_LENGTH = 1000
DONE = {"saved": "模板已保存，回复工单时就能选用。", "dropped": "模板已删除。"}


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """What stands in the form."""

    id: int | None = None
    title: str = ""
    text: str = ""
    status: str = ""
    category: str = ""
    department: str = ""


async def templates_page(request: web.Request) -> web.StreamResponse:
    """All that the officer may change, those of the files, and a form."""
    asked = request.query.get("edit", "")
    return await _show(
        request,
        notice=DONE.get(request.query.get("done", ""), ""),
        edit=int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None,
    )


async def _show(
    request: web.Request,
    *,
    notice: str = "",
    problem: str = "",
    edit: int | None = None,
    form: TemplateForm | None = None,
    status: int = 200,
) -> web.Response:
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        if _writes_all(request):
            own = await all_templates(session)
        else:
            own = await own_templates(session, visit.officer.department)
    chosen = next((one for one in own if one.id == edit and _may_change(request, one)), None)
    return page(
        request,
        "reply_templates.html",
        status=status,
        own=own,
        may_change={one.id: _may_change(request, one) for one in own},
        given=templates(),
        form=form or _form_of(chosen),
        variables=VARIABLES,
        example=EXAMPLE,
        statuses=[one for one in Status if one.is_open],
        categories=CATEGORIES,
        departments=parts.routing.departments() if _writes_all(request) else [],
        department_names={one.code: one.name for one in parts.routing.departments()},
        notice=notice,
        problem=problem,
    )


def _form_of(chosen: OwnTemplate | None) -> TemplateForm:
    if chosen is None:
        return TemplateForm()
    return TemplateForm(
        chosen.id,
        chosen.title,
        chosen.text,
        next(iter(chosen.statuses), ""),
        next(iter(chosen.categories), ""),
        chosen.department or "",
    )


def _writes_all(request: web.Request) -> bool:
    return request[VISIT].may(Permission.MANAGE_OFFICERS)


def _may_change(request: web.Request, template: OwnTemplate) -> bool:
    own = request[VISIT].officer.department
    return _writes_all(request) or (own is not None and template.department == own)


async def write(request: web.Request) -> web.StreamResponse:
    """Make a template or change one; one with a variable that no ticket has is refused."""
    posted = request[FORM]
    form = TemplateForm(
        posted.number("template_id"),
        posted.text("title")[:40],
        posted.text("text"),
        posted.text("status"),
        posted.text("category"),
        posted.text("department"),
    )
    try:
        problem = _problem(request, form)
        if problem:
            return await _show(request, problem=problem, form=form, status=422)
        await _save(request, form)
    except UnknownVariable as error:
        names = "、".join(f"{{{name}}}" for name in sorted(error.names))
        return await _show(request, problem=f"{text_for(error)}不认识：{names}", form=form, status=422)
    except BotError as error:
        return await _show(request, problem=text_for(error), form=form, status=409)
    raise see_other("/templates?done=saved")


def _problem(request: web.Request, form: TemplateForm) -> str:
    if len(form.text) > MAX_TEXT_LENGTH or request[FORM].is_cut:
        return f"模板太长，最多{MAX_TEXT_LENGTH}字。"
    if not form.title or not form.text:
        return TEXTS["empty"]
    known = {one.code for one in services(request).routing.departments()}
    if form.department and form.department not in known:
        return TEXTS["routing_error"]
    check_text(form.title, form.text)
    return ""


async def _save(request: web.Request, form: TemplateForm) -> None:
    visit = request[VISIT]
    async with services(request).database.transaction() as session:
        written = await write_template(
            session,
            form.id,
            title=form.title,
            text=form.text,
            statuses=[form.status] if form.status in set(Status) else [],
            categories=[form.category] if form.category in CATEGORIES else [],
            department=form.department or None,
            actor=visit.actor,
            any_department=_writes_all(request),
            now=visit.now,
        )
        audit(request, session, "template_written", subject=written.title, department=written.department)


async def drop(request: web.Request) -> web.StreamResponse:
    """Forget a template; what was written with it stays as it was sent."""
    visit, template_id = request[VISIT], request[FORM].number("template_id") or 0
    try:
        async with services(request).database.transaction() as session:
            await drop_template(session, template_id, actor=visit.actor, any_department=_writes_all(request))
            audit(request, session, "template_dropped", subject=str(template_id))
    except BotError as error:
        return await _show(request, problem=text_for(error), status=409)
    raise see_other("/templates?done=dropped")
