"""Files that pages load: read once, served from memory, under an address that changes with them."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_COMPRESSED = {".css", ".js", ".svg", ".webmanifest"}
YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    gzipped: bytes | None
    content_type: str


class Assets:
    """The files of one folder under `prefix`, such as "/static/chat".

    The version is part of the path rather than a query, so that modules which import each other by relative
    address are always of one version. Only names found at the start are served: no request reaches the disk.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        self._prefix = prefix
        self._files = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in _TYPES
        }
        digest = hashlib.sha256()
        for name, asset in self._files.items():
            digest.update(name.encode() + b"\0" + asset.body)
        self.version = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file.

        Raises: KeyError, for a name that is not there.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"{self._prefix}/{self.version}/{name}"

    def routes(self) -> list[web.RouteDef]:
        """To add to the application."""
        return [web.get(f"{self._prefix}/{{version}}/{{name:.+}}", self._serve)]

    def response(self, name: str, request: web.Request, *, max_age_seconds: int) -> web.Response:
        """One file.

        Raises: HTTPNotFound.
        """
        asset = self._files.get(name)
        if asset is None:
            raise web.HTTPNotFound
        cache = f"public, max-age={max_age_seconds}" + (
            ", immutable" if max_age_seconds == YEAR_SECONDS else ""
        )
        headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
        body = asset.body
        if asset.gzipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            body = asset.gzipped
            headers["Content-Encoding"] = "gzip"
        charset = None if asset.content_type == "image/png" else "utf-8"
        return web.Response(body=body, content_type=asset.content_type, charset=charset, headers=headers)

    async def _serve(self, request: web.Request) -> web.Response:
        # A page from before an update may ask for the old version; it gets the new file, briefly cached.
        is_current = request.match_info["version"] == self.version
        return self.response(
            request.match_info["name"], request, max_age_seconds=YEAR_SECONDS if is_current else 60
        )


def _read(path: Path) -> _Asset:
    body = path.read_bytes()
    gzipped = gzip.compress(body, mtime=0) if path.suffix in _COMPRESSED else None
    return _Asset(body, gzipped, _TYPES[path.suffix])
