"""Templates: one environment, the filters they use, and the page that every view returns."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web
from markupsafe import Markup, escape

from bot import dates
from bot.desk.auth import form_token, keep_form_token
from bot.desk.context import ROOT, VISIT

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def static_url(name: str) -> str:
    """The address of a static file, with a mark of its content so that browsers may keep it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"{ROOT}/static/{name}?v={digest}"


def lines(text: str) -> Markup:
    """Text as people typed it: escaped, with its line ends."""
    return Markup("<br>").join(escape(line) for line in text.split("\n"))  # noqa: S704 - each part is escaped


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(lines=lines, moment=dates.moment, day=dates.day, ago=dates.ago)
    environment.globals.update(static_url=static_url, root=ROOT)
    return environment


ENVIRONMENT = _environment()


def page(
    request: web.Request, template: str, *, status: int = 200, **values: Any
) -> web.Response:
    """Render a template into an answer that no cache keeps."""
    token = form_token(request)
    text = ENVIRONMENT.get_template(template).render(
        visit=request.get(VISIT), csrf_token=token, path=request.path, **values
    )
    response = web.Response(text=text, status=status, content_type="text/html")
    response.headers["Cache-Control"] = "no-store"
    keep_form_token(request, response, token)
    return response
