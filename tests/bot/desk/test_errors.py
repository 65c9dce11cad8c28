from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from bot.services import Services
from tests.bot.desk.browsing import Browser


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing-here", 404, "没有找到"),
        ("/tickets/FQ20200101-0001", 404, "没有这张工单"),
        ("/tickets/%3Cscript%3E", 404, "没有这张工单"),
        ("/sign-out", 405, "不能这样打开"),
    ],
)
async def test_errors_are_pages_in_chinese(signed_in: Browser, path: str, status: int, words: str) -> None:
    page = await signed_in.get(path)

    assert page.status == status
    assert words in page.text
    assert "回到工作台" in page.text


async def test_a_failure_gets_an_incident_number_and_tells_nothing_else(
    signed_in: Browser, parts: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    async with parts.database.transaction() as session:
        await session.execute(text("DROP TABLE attachments"))
        await session.execute(text("ALTER TABLE tickets RENAME TO elsewhere"))

    page = await signed_in.get("/")
    incident = re.search(r'class="incident">([0-9A-F]{8})<', page.text)

    assert page.status == 500
    assert incident is not None
    assert incident[1] in "".join(capsys.readouterr())
    assert "OperationalError" not in page.text
    assert "no such table" not in page.text
