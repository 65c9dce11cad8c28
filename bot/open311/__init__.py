"""Open311 GeoReport v2 under /open311/v2/. `setup` is all that the rest of the bot calls."""

from __future__ import annotations

from aiohttp import web

from bot.open311 import routes
from bot.open311.answers import error_answers
from bot.open311.limits import LIMITS, Limits
from bot.open311.routes import ROOT


def setup(app: web.Application) -> None:
    """Mount the interface. SERVICES and SETTINGS are read from `app` when a request comes."""
    part = web.Application(middlewares=[error_answers])
    part[LIMITS] = Limits()
    part.add_routes(routes.ROUTES)
    app.add_subapp(ROOT, part)
