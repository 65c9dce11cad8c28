"""Reads a statute from DOCX, as the national database 国家法律法规数据库 hands them out."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from knowledge_base.errors import StatuteUnreadable
from knowledge_base.statutes.markdown import statute_from_text
from knowledge_base.statutes.version import StatuteVersion

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DOCUMENT = "word/document.xml"
# The longest code has 0.3 MB of text; more than this is a bomb.
_MOST_BYTES = 40_000_000


def read_docx(path: Path) -> StatuteVersion:
    """A version of a statute.

    Raises: StatuteUnreadable when the file is damaged, is no DOCX, or holds no article.
    """
    return statute_from_text("\n".join(_paragraphs(path)), path.name)


def _paragraphs(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(_DOCUMENT).file_size > _MOST_BYTES:
                raise StatuteUnreadable(f"{path.name}：文件太大")
            content = archive.read(_DOCUMENT)
    except (
        zipfile.BadZipFile,
        KeyError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise StatuteUnreadable(f"{path.name}：不是完好的 DOCX 文件（{error}）") from error
    # Entities are what makes XML dangerous, and Word never writes any.
    if re.search(rb"<!(?:DOCTYPE|ENTITY)", content):
        raise StatuteUnreadable(f"{path.name}：不是 Word 写的 DOCX 文件（含有 DOCTYPE）")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 (no entities, see above; the size is bounded)
    except ElementTree.ParseError as error:
        raise StatuteUnreadable(f"{path.name}：DOCX 内容损坏（{error}）") from error
    return [_text(paragraph) for paragraph in _outside_tables(root)]


def _outside_tables(element: ElementTree.Element) -> list[ElementTree.Element]:
    """Paragraphs in order, without those in tables: a table is an annex, never an article."""
    found: list[ElementTree.Element] = []
    for child in element:
        if child.tag == f"{_WORD}p":
            found.append(child)
        elif child.tag != f"{_WORD}tbl":
            found.extend(_outside_tables(child))
    return found


def _text(paragraph: ElementTree.Element) -> str:
    parts: list[str] = []
    for node in paragraph.iter():
        if node.tag == f"{_WORD}t":
            parts.append(node.text or "")
        elif node.tag in (f"{_WORD}tab", f"{_WORD}br"):
            parts.append("\u3000" if node.tag == f"{_WORD}tab" else "\n")
    return "".join(parts)
