"""Templates: one environment, the filters they use, and the page that every view returns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web
from markupsafe import Markup, escape

from bot import dates
from bot.assets import Assets
from bot.channels.web_frames import spoken_size
from bot.desk.auth import form_token, keep_form_token
from bot.desk.browsers import browser_of
from bot.desk.context import ROOT, VISIT
from bot.desk.navigation import OWN_PAGES, PAGES, offered

HERE = Path(__file__).parent


ASSETS = Assets(HERE / "static", f"{ROOT}/static")


def lines(text: str) -> Markup:
    """Text as people typed it: escaped, with its line ends."""
    return Markup("<br>").join(escape(line) for line in text.split("\n"))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        lines=lines,
        browser=browser_of,
        size=spoken_size,
        moment=dates.moment,
        day=dates.day,
        ago=dates.ago,
        weekday=dates.weekday,
        zip=zip,
    )
    environment.globals.update(static_url=ASSETS.url, root=ROOT)
    return environment


ENVIRONMENT = _environment()


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """Render a template into an answer that no cache keeps."""
    token, visit = form_token(request), request.get(VISIT)
    text = ENVIRONMENT.get_template(template).render(
        visit=visit,
        csrf_token=token,
        path=request.path,
        navigation=offered(PAGES, visit),
        own_navigation=offered(OWN_PAGES, visit),
        **values,
    )
    response = web.Response(text=text, status=status, content_type="text/html")
    response.headers["Cache-Control"] = "no-store"
    keep_form_token(request, response, token)
    return response
