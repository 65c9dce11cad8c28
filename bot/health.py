"""/healthz: whether the parts work, for a load balancer or a person in a hurry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.typedefs import SERVICES, SUPERVISOR
from tickets.outbox import backlog

if TYPE_CHECKING:
    from bot.services import Services


async def healthz(request: web.Request) -> web.Response:
    """200 while messages can be stored; without language understanding the assistant still works, and says
    "degraded".
    """
    database = await _database(request.app[SERVICES])
    supervisor = request.app.get(SUPERVISOR)
    nlu = supervisor.health() if supervisor else {"state": "off"}
    healthy = database["state"] == "ready"
    state = ("ready" if nlu["state"] == "ready" else "degraded") if healthy else "down"
    return web.json_response(
        {"state": state, "database": database, "nlu": nlu}, status=200 if healthy else 503
    )


async def _database(services: Services) -> dict[str, Any]:
    try:
        async with services.database.reading() as session:
            return {"state": "ready", "undelivered": await backlog(session)}
    except (SQLAlchemyError, OSError) as error:
        return {"state": "down", "error": type(error).__name__}
