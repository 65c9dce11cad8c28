"""WeChat's API server as far as we call it, over HTTP; its pushes are signed and sealed by `wechatpy`."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

APP_ID = "wx1234567890abcdef"
APP_SECRET = "app-secret"
TOKEN = "shared-token"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ACCOUNT = "gh_fuqing"
OPEN_ID = "oFollower_0123456789abcdefgh"


@dataclass
class WeChatApi:
    """The server.

    Attributes:
        calls: path and JSON body of each call with a good token, in order.
        failures: errcodes given to the next calls of a path instead of success.
        delays: seconds that the next call of a path takes.
        media: what followers sent, by media id. uploads: what we uploaded.
        tokens: those that were handed out; the last one is good.
        forced: for each time a token was asked for, whether a new one was demanded.
        is_stale: the platform hands out a token that it then refuses, until a new one is demanded.
    """

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failures: dict[str, deque[int]] = field(default_factory=dict)
    media: dict[str, bytes] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)
    uploads: list[tuple[str, str, bytes]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    forced: list[bool] = field(default_factory=list)
    is_stale: bool = False
    url: str = ""

    @property
    def token_calls(self) -> int:
        """How often a token was asked for."""
        return len(self.forced)

    async def start(self) -> TestServer:
        """Serve on a free port of 127.0.0.1."""
        app = web.Application()
        app.router.add_post("/cgi-bin/stable_token", self._token)
        app.router.add_post("/cgi-bin/media/upload", self._upload)
        app.router.add_get("/cgi-bin/media/get", self._get)
        app.router.add_post("/{path:cgi-bin/.*}", self._call)
        server = TestServer(app, host="127.0.0.1")
        await server.start_server()
        return server

    def fail(self, path: str, *codes: int) -> None:
        """Let the next calls of a path fail."""
        self.failures.setdefault(path, deque()).extend(codes)

    def end_token(self) -> None:
        """The present token is no longer good, as after somebody else fetched one."""
        self.tokens.append(f"token-{len(self.tokens) + 1}")

    def sent(self, path: str = "/cgi-bin/message/custom/send") -> list[dict[str, Any]]:
        """Bodies of all calls of a path, failed ones too."""
        return [body for called, body in self.calls if called == path]

    def said(self) -> list[str]:
        """The words of all customer-service messages."""
        return [
            body["text"]["content"] if body["msgtype"] == "text" else body["msgmenu"]["head_content"]
            for body in self.sent()
            if body["msgtype"] in {"text", "msgmenu"}
        ]

    async def _token(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["appid"], body["secret"]) != (APP_ID, APP_SECRET):
            return _error(40125)
        self.forced.append(body["force_refresh"])
        if not self.tokens or body["force_refresh"]:
            self.end_token()
            self.is_stale = False
        return web.json_response({"access_token": self.tokens[-1], "expires_in": 7200})

    async def _call(self, request: web.Request) -> web.Response:
        path = f"/{request.match_info['path']}"
        await asyncio.sleep(self.delays.pop(path, 0))
        self.raw.append(await request.read())
        if error := self._refused(request, path):
            return error
        self.calls.append((path, json.loads(self.raw[-1])))
        if self.failures.get(path):
            return _error(self.failures[path].popleft())
        return web.json_response(
            {"errcode": 0, "errmsg": "ok", "ticket": "t", "url": "http://weixin.qq.com/q/x"}
        )

    async def _upload(self, request: web.Request) -> web.Response:
        if error := self._refused(request, "/cgi-bin/media/upload"):
            return error
        form = await request.post()
        file = form["media"]
        self.uploads.append((request.query["type"], file.filename, file.file.read()))
        return web.json_response({"type": "image", "media_id": f"up{len(self.uploads)}", "created_at": 1})

    async def _get(self, request: web.Request) -> web.Response:
        if error := self._refused(request, "/cgi-bin/media/get"):
            return error
        if self.failures.get("/cgi-bin/media/get"):
            return _error(self.failures["/cgi-bin/media/get"].popleft())
        found = self.media.get(request.query["media_id"])
        if found is None:
            return _error(40007)
        return web.Response(body=found, content_type="image/jpeg")

    def _refused(self, request: web.Request, path: str) -> web.Response | None:
        if self.is_stale or not self.tokens or request.query.get("access_token") != self.tokens[-1]:
            return _error(40001)
        return None


def _error(code: int) -> web.Response:
    # The platform answers JSON as text/plain, with status 200.
    return web.Response(text=json.dumps({"errcode": code, "errmsg": f"error {code} rid: x"}))


_numbers = itertools.count(23_000_000_000_000_001)


def xml(kind: str, **fields: object) -> str:
    """A push as WeChat words it."""
    known = {
        "ToUserName": ACCOUNT,
        "FromUserName": OPEN_ID,
        "CreateTime": int(time.time()),
        "MsgType": kind,
    }
    if kind != "event":
        known["MsgId"] = next(_numbers)
    parts = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in {**known, **fields}.items())
    return f"<xml>{parts}</xml>"


@dataclass
class WeChat:
    """The platform's side of our door.

    Attributes:
        crypto: encrypts the pushes; None in plain mode.
    """

    client: TestClient[web.Request, web.Application]
    crypto: WeChatCrypto | None = None

    async def push(
        self, body: str | bytes, *, at: float | None = None, nonce: str | None = None, **query: str
    ) -> ClientResponse:
        """Push a body; keywords replace what is in the query."""
        timestamp, nonce = str(int(at if at is not None else time.time())), nonce or f"n{next(_numbers)}"
        asked = {
            "signature": signature(timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": OPEN_ID,
        }
        if self.crypto is not None and isinstance(body, str):
            # It words the envelope as a reply; a push has the same element.
            sealed = self.crypto.encrypt_message(body, nonce, timestamp)
            asked |= {"encrypt_type": "aes", "msg_signature": _between(sealed, "MsgSignature")}
            inner = _between(sealed, "Encrypt")
            sealed = f"<ToUserName>{ACCOUNT}</ToUserName><Encrypt><![CDATA[{inner}]]></Encrypt>"
            body = f"<xml>{sealed}</xml>"
        data = body if isinstance(body, bytes) else body.encode()
        return await self.client.post("/wechat", params={**asked, **query}, data=data)

    async def check(self, **query: str) -> ClientResponse:
        """Ask whether the address is ours."""
        timestamp, nonce = str(int(time.time())), f"n{next(_numbers)}"
        asked = {"signature": signature(timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
        return await self.client.get("/wechat", params={**asked, **query})

    async def reply(self, answer: ClientResponse) -> Mapping[str, str]:
        """The elements of a passive reply, opened."""
        words = await answer.text()
        if self.crypto is not None:
            words = self.crypto.decrypt_message(
                words, _between(words, "MsgSignature"), _between(words, "TimeStamp"), _between(words, "Nonce")
            )
        return {name: _between(words, name) for name in ("ToUserName", "FromUserName", "MsgType", "Content")}


def signature(timestamp: str, nonce: str) -> str:
    """The platform's signature of a push."""
    signer = WeChatSigner()
    signer.add_data(TOKEN, timestamp, nonce)
    return str(signer.signature)


def _between(words: str, name: str) -> str:
    inner = words.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
    return inner.removeprefix("<![CDATA[").removesuffix("]]>")
