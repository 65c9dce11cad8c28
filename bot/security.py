"""What every web page of ours needs: security headers, a rate limiter, the check that a page of ours asks."""

from __future__ import annotations

import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

if TYPE_CHECKING:
    from bot.config import Settings

# Only what we serve ourselves; no inline script or style anywhere.
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "media-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers would then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=(), usb=()",
}
HSTS_SECONDS = 180 * 24 * 3600
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")


def content_security_policy(**changes: str) -> str:
    """The policy as a header value; a keyword such as `connect_src` replaces that directive."""
    policy = {**CONTENT_SECURITY_POLICY, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def socket_sources(host: str) -> str:
    """`connect-src` for a page that opens a WebSocket to `host`: older Safari wants it named."""
    return f"'self' ws://{host} wss://{host}" if _HOST.fullmatch(host) else "'self'"


def security_headers(settings: Settings) -> Middleware:
    """A middleware that adds the headers to every answer, errors too. What a handler set itself stands."""
    headers = {**HEADERS, "Content-Security-Policy": content_security_policy()}
    if settings.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"

    @web.middleware
    async def add_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            _set_missing(error, headers)
            raise
        # A socket's handshake has been answered long ago.
        if not response.prepared:
            _set_missing(response, headers)
        return response

    return add_headers


def setup_security(app: web.Application, settings: Settings) -> None:
    """Put the headers in front of every route of the application."""
    app.middlewares.append(security_headers(settings))


def _set_missing(response: web.StreamResponse, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        response.headers.setdefault(name, value)


def is_same_origin(request: web.Request, settings: Settings) -> bool:
    """Whether a page of ours made this request, as far as the browser says so.

    `Origin` decides where there is one; older browsers leave it out of form posts, so `Sec-Fetch-Site` and
    `Referer` may speak for it. Without any of the three the answer is no.
    """
    origin = request.headers.get("Origin")
    if origin is not None:
        return _is_ours(origin, request, settings)
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return _is_ours(request.headers.get("Referer", ""), request, settings)


def _is_ours(url: str, request: web.Request, settings: Settings) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if settings.public_url:
        ours = urlsplit(settings.base_url)
        return (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc)
    return parts.scheme in {"http", "https"} and parts.netloc == request.host


def client_network(request: web.Request) -> str | None:
    """What to count requests of one client by: its IPv4 address, or the /64 of its IPv6 address.

    Behind a proxy on this machine, the last entry of X-Forwarded-For counts (the proxy wrote it). None when
    this machine itself calls, or nothing is known: everybody would share that key.
    """
    remote = request.remote or ""
    if is_loopback(remote):
        remote = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def is_loopback(remote: str) -> bool:
    """Whether an address means this machine itself."""
    try:
        return ipaddress.ip_address(remote).is_loopback
    except ValueError:
        return False


class RateLimiter:
    """Token buckets by key, in this process's memory: `burst` at once, then `per_second`.

    The keys are bounded; the one unused for longest is forgotten first, which favours it.
    """

    def __init__(
        self,
        burst: int,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_keys: int = 20_000,
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str | None) -> float:
        """Take one: 0.0 if there was one, else the seconds until there is. The key None is never limited."""
        if key is None:
            return 0.0
        now = self._clock()
        tokens, since = self._buckets.pop(key, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - since) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[key] = (tokens if wait else tokens - 1, now)
        while len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        return wait
