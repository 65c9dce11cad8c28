"""Which addresses we call for a webhook. A typing mistake, or a name that resolves to another address
tomorrow, must not let anybody look into our own network.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_URL = 500


class AddressRefused(Exception):
    """We don't call that address."""


def check_url(url: str, allowed_hosts: Collection[str]) -> None:
    """https to a name that isn't an address of our own network; anything to a host that the operator allows.

    What a name resolves to is checked when it is called, by `PublicResolver`.

    Raises: AddressRefused.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressRefused("not an address") from error
    if not host or parts.username is not None or len(url) > MAX_URL or any(c.isspace() for c in url):
        raise AddressRefused("not an address")
    if host in allowed_hosts and parts.scheme in {"http", "https"}:
        return
    if parts.scheme != "https":
        raise AddressRefused("not https")
    if not _may_be_public(host):
        raise AddressRefused("not a public address")


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only, but for hosts that the operator allows.

    What it returns is what is connected to, so that nothing can change in between.
    """

    def __init__(self, allowed_hosts: Collection[str]) -> None:
        self._allowed_hosts = allowed_hosts
        self._inner = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises: OSError, if nothing public is left."""
        found = await self._inner.resolve(host, port, family)
        if host in self._allowed_hosts:
            return found
        public = [one for one in found if _may_be_public(one["host"])]
        if not public:
            raise OSError(f"{host} is not public")
        return public

    async def close(self) -> None:
        """Close the resolver below."""
        await self._inner.close()


def _may_be_public(host: str) -> bool:
    """Whether it is a public address, or a name, which is looked at once it is resolved."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return address.is_global and not address.is_multicast
