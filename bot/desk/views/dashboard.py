"""The dashboard: load, promptness and what people report, in pictures."""

from __future__ import annotations

from aiohttp import web

from bot.desk.charts import bars, columns
from bot.desk.context import VISIT, services
from bot.desk.render import page
from tickets.categories import CATEGORIES
from tickets.statistics import figures

PERIODS = (7, 30, 90)


async def dashboard(request: web.Request) -> web.StreamResponse:
    """Figures of the last 7, 30 or 90 days over the tickets that the officer may see."""
    visit, parts = request[VISIT], services(request)
    asked = request.query.get("days", "30")
    days = int(asked) if asked in {str(period) for period in PERIODS} else 30
    async with parts.database.reading() as session:
        found = await figures(session, visit.reach.condition(), visit.now, days)
    names = {load.code: parts.routing.department(load.code).name for load in found.units}
    return page(
        request,
        "dashboard.html",
        figures=found,
        days=days,
        periods=PERIODS,
        names=names,
        load_bars=bars([(names[load.code], load.open, load.overdue) for load in found.units if load.open]),
        category_bars=bars(
            [(CATEGORIES[code].name if code in CATEGORIES else code, n, 0) for code, n in found.categories]
        ),
        day_columns=columns(found.days),
    )
