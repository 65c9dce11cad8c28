"""A poster for a notice board: the code on it opens the chat and says where the reader stands."""

from __future__ import annotations

from urllib.parse import urlsplit

import segno
from aiohttp import web

from actions.here import MAX_SPOT_CHARACTERS
from bot.channels.web_place import coded_place
from bot.desk.context import services
from bot.desk.render import page
from bot.security import is_loopback
from bot.typedefs import SETTINGS


async def poster(request: web.Request) -> web.StreamResponse:
    """The form, and below it the poster for the town (and spot) in the address, ready to print."""
    settings, routing = request.config_dict[SETTINGS], services(request).routing
    town, spot = request.query.get("town", ""), request.query.get("spot", "")
    place = coded_place(routing, town, spot) if town else None
    link = f"{settings.base_url}/" + (f"?{place.query}" if place else "")
    code = segno.make(link, error="m")
    return page(
        request,
        "poster.html",
        status=404 if town and place is None else 200,
        problem="没有这个镇街，请从列表里选一个。" if town and place is None else "",
        towns=routing.towns(),
        bureau=routing.city["bureau"],
        hotline=routing.city["hotline"],
        town=town,
        spot=spot[:MAX_SPOT_CHARACTERS],
        max_spot=MAX_SPOT_CHARACTERS,
        place=place,
        link=link,
        base_url=settings.base_url,
        is_local=is_loopback(urlsplit(link).hostname or ""),
        picture=code.svg_inline(scale=8, dark="#16436b", border=4, omitsize=True),
    )
