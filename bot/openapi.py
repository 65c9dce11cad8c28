"""OpenAPI documents, kept as YAML beside what they describe."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def openapi_document(file: Path, base_url: str) -> dict[str, Any]:
    """The document of a file for the installation at `base_url`, as JSON."""
    return {**_document(file), "servers": [{"url": base_url}]}


@cache
def _document(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document
