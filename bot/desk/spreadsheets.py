"""Tables as CSV and XLSX files in which no word of a citizen can become a formula or a link."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import xlsxwriter
from aiohttp import web

Cell = str | int | float | None

# What Excel keeps in a cell; more would make the file unreadable.
MAX_CELL_LENGTH = 32_000
# A spreadsheet takes what begins with one of these for a formula, also after blanks.
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. A float is a share (0 to 1) and shown in per cent."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def harmless(cell: Cell) -> Cell:
    """A citizen's words must not become a formula: an apostrophe before them makes them words."""
    if not isinstance(cell, str):
        return cell
    is_formula = cell.lstrip().startswith(_FORMULA_STARTS) or cell.startswith(("\t", "\r", "\n"))
    return f"'{cell}" if is_formula else cell


def csv_bytes(sheet: Sheet) -> bytes:
    """UTF-8 with a byte order mark, without which spreadsheets take it for something else."""
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(sheet.head)
    lines.writerows([_plain(harmless(cell)) for cell in row] for row in sheet.rows)
    return file.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell * 100:.1f}%" if isinstance(cell, float) else str(cell)


def xlsx_bytes(sheets: Sequence[Sheet]) -> bytes:
    """A workbook. Each text is written as text, whatever it looks like. Takes seconds for many rows: call it
    in a thread.
    """
    file = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True, "bg_color": "#E4F0F1", "bottom": 1, "text_wrap": True})
        share = book.add_format({"num_format": "0.0%"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name[:31])
            for column, title in enumerate(sheet.head):
                page.write_string(0, column, title, bold)
            widths = [_width(title) for title in sheet.head]
            for number, row in enumerate(sheet.rows, start=1):
                for column, cell in enumerate(row):
                    if isinstance(cell, str):
                        page.write_string(number, column, cell[:MAX_CELL_LENGTH])
                        widths[column] = max(widths[column], _width(cell))
                    elif cell is not None:
                        page.write_number(number, column, cell, share if isinstance(cell, float) else None)
            for column, width in enumerate(widths):
                page.set_column(column, column, min(width, 60))
            page.freeze_panes(1, 1)
    return file.getvalue()


def _width(text: str) -> int:
    return 2 + sum(2 if ord(letter) > 0x2E7F else 1 for letter in text[:60])


def download(content: bytes, name: str, content_type: str) -> web.Response:
    """An answer that the browser saves as a file, and no cache keeps."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=content_type, headers=headers)
