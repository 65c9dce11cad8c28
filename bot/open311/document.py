"""The OpenAPI document: what is meant for other systems. The pages' own sockets and forms are not in it."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parent / "openapi.yml"


def openapi_document(base_url: str) -> dict[str, Any]:
    """The document for this installation, as JSON."""
    document = copy.deepcopy(_document())
    document["servers"] = [{"url": base_url}]
    return document


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return document
