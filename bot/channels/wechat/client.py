"""WeChat's API for official accounts, as far as we call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog

from bot.channels.wechat.tokens import AccessTokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.shared_cache import SharedCache
    from tickets.vault import Vault

log = structlog.get_logger()

TIMEOUT_SECONDS = 10.0
# The token is wrong or has ended: fetched anew, and the call is made once more.
TOKEN_ENDED = frozenset({40001, 40014, 42001})


class WeChatError(Exception):
    """The platform refused a call.

    Attributes:
        code: its `errcode`.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}"[:200])
        self.code = code


class WeChatUnreachable(Exception):
    """No answer, or one that makes no sense."""


class WeChatClient:
    """Calls for one account.

    Args:
        api_url: of the platform, without a slash at the end.
    """

    def __init__(
        self,
        app_id: str,
        secret: str,
        *,
        http: aiohttp.ClientSession,
        cache: SharedCache,
        vault: Vault,
        api_url: str = "https://api.weixin.qq.com",
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._app_id = app_id
        self._secret = secret
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._tokens = AccessTokens(cache, vault, app_id, self._fetch_token)

    async def send(self, open_id: str, message: Mapping[str, Any]) -> None:
        """Send a customer-service message.

        Raises: WeChatError; WeChatUnreachable.
        """
        await self.call("/cgi-bin/message/custom/send", {"touser": open_id, **message})

    async def call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post JSON.

        Raises: WeChatError; WeChatUnreachable.
        """
        # Escapes would reach the citizen as they are.
        data = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return _checked(json.loads(await self._with_token("POST", path, data=data, headers=headers)))

    async def upload(self, kind: str, name: str, media_type: str, content: bytes) -> str:
        """Upload a file that the platform keeps for three days. Returns its media id.

        Raises: WeChatError; WeChatUnreachable.
        """
        form = aiohttp.FormData({"ignored": ""})
        form.add_field("media", content, filename=name, content_type=media_type)
        # Made into bytes, because the call may have to be made twice.
        payload = form()
        writer = _Bytes()
        await payload.write(writer)  # type: ignore[arg-type]  # all that a payload calls is `write`
        answer = await self._with_token(
            "POST",
            "/cgi-bin/media/upload",
            {"type": kind},
            data=bytes(writer.content),
            headers={"Content-Type": payload.content_type},
        )
        return str(_checked(json.loads(answer))["media_id"])

    async def download(self, media_id: str, limit: int) -> bytes:
        """What a follower sent.

        Raises: WeChatError, also with code 0 for what is above `limit` bytes; WeChatUnreachable.
        """
        content = await self._with_token("GET", "/cgi-bin/media/get", {"media_id": media_id}, limit=limit + 1)
        if len(content) > limit:
            raise WeChatError(0, "too large")
        return content

    async def _with_token(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        limit: int = 1 << 20,
        **how: Any,
    ) -> bytes:
        """One call, made again if the token had ended. Returns the body, up to `limit` bytes.

        Raises: WeChatError, for a body that is an error; WeChatUnreachable.
        """
        token = await self._tokens.get()
        try:
            return await self._ask(method, path, {**(query or {}), "access_token": token}, limit, how)
        except WeChatError as error:
            if error.code not in TOKEN_ENDED:
                raise
            log.info("wechat_token_refused", code=error.code)
        token = await self._tokens.get(refused=token)
        return await self._ask(method, path, {**(query or {}), "access_token": token}, limit, how)

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str], limit: int, how: Mapping[str, Any]
    ) -> bytes:
        try:
            async with self._http.request(
                method, self._api_url + path, params=query, timeout=self._timeout, **how
            ) as answer:
                body = await _read(answer, limit)
                if answer.status >= 400:
                    raise WeChatUnreachable(f"status {answer.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise WeChatUnreachable(type(error).__name__) from error
        if body[:1] == b"{":
            _checked(_as_json(body))
        return body

    async def _fetch_token(self, force: bool) -> tuple[str, int]:
        """The stable token: asking again returns the same one while it is good, unless forced."""
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": force,
        }
        answer = _as_json(
            await self._ask("POST", "/cgi-bin/stable_token", {}, 1 << 16, {"data": json.dumps(body).encode()})
        )
        return str(answer["access_token"]), int(answer["expires_in"])


class _Bytes:
    """Collects what a payload writes."""

    def __init__(self) -> None:
        self.content = bytearray()

    async def write(self, chunk: bytes) -> None:
        """Keep a piece."""
        self.content += chunk


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])


def _as_json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise WeChatUnreachable("not JSON") from error
    if not isinstance(found, dict):
        raise WeChatUnreachable("not an object")
    return found


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if code := answer.get("errcode"):
        raise WeChatError(int(code), str(answer.get("errmsg", "")))
    return answer
