"""Answers in JSON and XML, errors included, always UTF-8."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import structlog
from aiohttp import web
from sqlalchemy.exc import OperationalError

from bot.open311.errors import Refused
from tickets.errors import DatabaseBusy

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

log = structlog.get_logger()

FORMATS = ("json", "xml")
RETRY_SECONDS = 5
# What XML 1.0 can't hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What the elements of a list are called, by the list's own name.
_ITEMS = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
_HEADERS = {
    # What is public is for pages of other sites, too.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-store",
}


def answer(form: str, name: str, content: Any, *, status: int = 200, **headers: str) -> web.Response:
    """Say `content` in JSON, or in XML below a root element called `name`."""
    if form == "xml":
        body, media_type = as_xml(name, content), "text/xml"
    else:
        body, media_type = json.dumps(content, ensure_ascii=False).encode(), "application/json"
    return web.Response(
        body=body, status=status, content_type=media_type, charset="utf-8", headers={**_HEADERS, **headers}
    )


def as_xml(name: str, content: Any) -> bytes:
    """The specification's mapping: an element for each field and for each item of a list, an empty one for
    None.
    """
    root = ElementTree.Element(name)
    _fill(root, name, content)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _fill(element: ElementTree.Element, name: str, content: Any) -> None:
    if isinstance(content, dict):
        for field, value in content.items():
            _fill(ElementTree.SubElement(element, field), field, value)
    elif isinstance(content, list):
        for item in content:
            _fill(ElementTree.SubElement(element, _ITEMS[name]), _ITEMS[name], item)
    elif content is not None:
        element.text = _text(content)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_XML.sub("", str(value))


def refusal(request: web.Request, refused: Refused) -> web.Response:
    """An error in the specification's form: a list of code and description."""
    headers = {}
    if refused.retry_after_seconds is not None:
        headers["Retry-After"] = str(refused.retry_after_seconds)
    form = "xml" if request.path.endswith(".xml") else "json"
    content = [{"code": refused.status, "description": refused.description}]
    return answer(form, "errors", content, status=refused.status, **headers)


@web.middleware
async def error_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every refusal and failure into the specification's form; an unexpected one gets a number."""
    try:
        return await handler(request)
    except Refused as refused:
        return refusal(request, refused)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return refusal(request, _in_words(error))
    except (DatabaseBusy, OperationalError):
        log.warning("open311_busy")
        busy = Refused(503, "系统正忙，请稍后用同样的内容再试。", retry_after_seconds=RETRY_SECONDS)
        return refusal(request, busy)
    except Exception:
        incident = secrets.token_hex(4)
        log.exception("open311_failed", incident=incident, path=request.path)
        words = f"系统出了一点问题，请稍后再试。问题编号：{incident}"
        return refusal(request, Refused(500, words))


def _in_words(error: web.HTTPException) -> Refused:
    if error.status == 404:
        return Refused(404, "没有这个地址。地址以.json或.xml结尾。")
    if error.status == 405:
        return Refused(405, "这个地址不能这样用。")
    return Refused(error.status if error.status < 500 else 400, "请求无法识别。")
