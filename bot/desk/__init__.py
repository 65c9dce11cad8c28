"""The desk: where officers answer. `setup` is all that the rest of the bot calls."""

from __future__ import annotations

from aiohttp import web

from bot.desk.auth import guarded
from bot.desk.context import CLOCK, ROOT, Clock, utc_now
from bot.desk.errors import error_pages
from bot.desk.render import ASSETS
from bot.desk.routes import ROUTES
from bot.desk.throttle import THROTTLE, SignInThrottle
from bot.desk.watch import WATCH, TicketWatch, close_watch


def setup(app: web.Application, clock: Clock = utc_now) -> None:
    """Mount the desk under /desk. Services and settings are read from `app` when a request comes.

    Args:
        clock: gives the moment of each request, aware UTC.
    """
    desk = web.Application(middlewares=[error_pages])
    desk[CLOCK] = clock
    desk[THROTTLE] = SignInThrottle()
    desk[WATCH] = TicketWatch()
    desk.on_shutdown.append(close_watch)
    for one in ROUTES:
        desk.router.add_route(one.method, one.path, guarded(one))
    app.router.add_routes(ASSETS.routes())
    app.add_subapp(ROOT, desk)
