"""The addresses of the interface."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.open311 import adapter, filing, listing
from bot.open311.answers import answer
from bot.open311.errors import Refused, missing
from bot.open311.limits import LIMITS
from bot.open311.reading import check_jurisdiction, given, read_posted
from bot.openapi import openapi_document
from bot.services import read_photo
from bot.typedefs import SERVICES, SETTINGS
from tickets.api_keys import find_key
from tickets.errors import ApiKeyUnknown
from tickets.models import Ticket
from tickets.numbers import clean_ticket_no
from tickets.photos import MEDIA_TYPE

if TYPE_CHECKING:
    from bot.services import Services
    from tickets.outward_models import ApiKey

ROOT = "/open311/v2"
DOCUMENT = Path(__file__).parent / "openapi.yml"
MEDIA_SECONDS = 3600
_NO_KEY = "这一步要有效的api_key。"


def _services(request: web.Request) -> Services:
    return request.config_dict[SERVICES]


def _base_url(request: web.Request) -> str:
    return request.config_dict[SETTINGS].base_url + ROOT


def _begin(request: web.Request) -> str:
    """What every read starts with. Returns the wanted form, "json" or "xml".

    Raises: Refused.
    """
    request.app[LIMITS].check_read(request)
    _check_jurisdiction(request, given(request.query, "jurisdiction_id"))
    return request.match_info["format"]


def _check_jurisdiction(request: web.Request, said: str) -> None:
    check_jurisdiction(said, str(_services(request).routing.city.get("jurisdiction_id", "")))


async def _key(request: web.Request, said: str) -> ApiKey:
    """Raises: Refused, without a key that is valid."""
    if not said:
        raise Refused(403, _NO_KEY)
    try:
        async with _services(request).database.reading() as session:
            return await find_key(session, said)
    except ApiKeyUnknown as error:
        request.app[LIMITS].count_wrong_key(request)
        raise Refused(403, _NO_KEY) from error


async def _optional_key(request: web.Request) -> ApiKey | None:
    said = given(request.query, "api_key")
    return await _key(request, said) if said else None


async def discovery(request: web.Request) -> web.Response:
    """Where the interface is and what it speaks."""
    form, city = _begin(request), _services(request).routing.city
    content = adapter.discovery(_base_url(request), str(city["bureau"]), str(city["hotline"]))
    return answer(form, "discovery", content)


async def service_list(request: web.Request) -> web.Response:
    """What can be filed."""
    form = _begin(request)
    offered = adapter.offered_services(_services(request).routing)
    return answer(form, "services", [adapter.as_service(category) for category in offered])


async def service_definition(request: web.Request) -> web.Response:
    """What can be said beyond the standard fields."""
    form = _begin(request)
    code = request.match_info["service_code"]
    for category in adapter.offered_services(_services(request).routing):
        if category.code == code:
            return answer(form, "service_definition", adapter.as_definition(category))
    raise missing("service_code没有找到。")


async def request_list(request: web.Request) -> web.Response:
    """Tickets that the client may see."""
    form = _begin(request)
    services = _services(request)
    asked = listing.wanted(request.query, services, datetime.now(UTC))
    return answer(form, "service_requests", await _find(request, services, asked))


async def one_request(request: web.Request) -> web.Response:
    """One ticket; one that the client may not see doesn't exist."""
    form = _begin(request)
    ticket_no = clean_ticket_no(request.match_info["service_request_id"])
    asked = listing.Wanted((Ticket.ticket_no == ticket_no,), 1, 1)
    found = await _find(request, _services(request), asked)
    if not found:
        raise missing("service_request_id没有找到，或者这件事不公开。")
    return answer(form, "service_requests", found)


async def _find(request: web.Request, services: Services, asked: listing.Wanted) -> list[dict[str, Any]]:
    key = await _optional_key(request)
    async with services.database.reading() as session:
        return await listing.find(session, services, asked, key, _base_url(request))


async def file_request(request: web.Request) -> web.Response:
    """File a ticket, as the chat does."""
    request.app[LIMITS].check_read(request)
    services, now = _services(request), datetime.now(UTC)
    posted = await read_posted(request)
    _check_jurisdiction(
        request, posted.text("jurisdiction_id", 100) or given(request.query, "jurisdiction_id")
    )
    key = await _key(request, posted.text("api_key", 200) or given(request.query, "api_key"))
    request.app[LIMITS].check_filing(key.id)
    new = filing.read_report(posted, services.routing)
    repeat = filing.repeat_key(key, posted, request.headers.get("Idempotency-Key", ""), now)
    photos = await filing.keep_photos(request, services, posted.media)
    filed, is_new = await filing.file_report(
        services, key, replace(new, photos=photos, request_key=repeat), now
    )
    content = [adapter.as_filed(filed, filing.danger_words(new.summary))]
    return answer(request.match_info["format"], "service_requests", content, status=201 if is_new else 200)


async def token(request: web.Request) -> web.Response:
    """The ticket that a filing with this `Idempotency-Key` became: for a client that lost the answer."""
    form = _begin(request)
    said = request.match_info["token"]
    key = await _optional_key(request)
    if key is not None:
        async with _services(request).database.reading() as session:
            ticket_no = await listing.ticket_no_of(session, filing.token_key(key, said))
        if ticket_no is not None:
            return answer(form, "service_requests", [{"service_request_id": ticket_no, "token": said}])
    raise missing("token没有找到。")


async def media(request: web.Request) -> web.StreamResponse:
    """A photo that was released for everybody."""
    request.app[LIMITS].check_read(request)
    sha256, services = request.match_info["sha256"], _services(request)
    async with services.database.reading() as session:
        is_public = await listing.is_public_photo(session, sha256)
    content = await read_photo(services, sha256) if is_public else None
    if content is None:
        raise missing("没有这张照片，或者它不公开。")
    headers = {
        "Cache-Control": f"public, max-age={MEDIA_SECONDS}",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return web.Response(body=content, content_type=MEDIA_TYPE, headers=headers)


async def openapi(request: web.Request) -> web.Response:
    """What programs read about all of this."""
    request.app[LIMITS].check_read(request)
    return answer("json", "openapi", openapi_document(DOCUMENT, request.config_dict[SETTINGS].base_url))


_FORMAT = "{format:json|xml}"
ROUTES = (
    web.get(f"/discovery.{_FORMAT}", discovery),
    web.get(f"/services.{_FORMAT}", service_list),
    web.get(f"/services/{{service_code:[a-z0-9_]+}}.{_FORMAT}", service_definition),
    web.get(f"/requests.{_FORMAT}", request_list),
    web.post(f"/requests.{_FORMAT}", file_request),
    web.get(f"/requests/{{service_request_id:[^/.]+}}.{_FORMAT}", one_request),
    web.get(f"/tokens/{{token:[^/.]+}}.{_FORMAT}", token),
    web.get("/media/{sha256:[0-9a-f]{64}}.jpg", media),
    web.get("/openapi.json", openapi),
)
