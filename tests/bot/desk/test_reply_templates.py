from __future__ import annotations

import pytest

from bot.desk.reply_templates import UnknownVariable, parse_templates, templates
from bot.services import Services
from tests.bot.desk.browsing import Browser
from tests.factories import make_ticket
from tickets.categories import CATEGORIES
from tickets.workflow import Status


@pytest.mark.parametrize("text", ["{name}", "{}", "{ticket_no.__class__}", "{", "{ticket_no[0]}"])
def test_a_template_with_an_unknown_variable_is_refused(text: str) -> None:
    with pytest.raises(UnknownVariable):
        parse_templates([{"title": "x", "text": f"您好，{text}"}])


def test_our_templates_name_categories_that_exist() -> None:
    assert templates()
    assert all(one.categories <= set(CATEGORIES) for one in templates())


async def test_a_template_is_put_into_the_reply_without_javascript(
    signed_in: Browser, parts: Services
) -> None:
    async with parts.database.transaction() as session:
        filed = await make_ticket(session, Status.IN_PROGRESS)
    page = await signed_in.get(f"/tickets/{filed.ticket_no}")
    assert "垃圾已清走" in page.text
    assert "摊点已劝离" not in page.text

    page = await signed_in.post(
        f"/tickets/{filed.ticket_no}/reply", text="您好。", action="template", template="1"
    )

    assert page.status == 200
    assert ">您好。\n您好，我们已到龙田镇东华村村口查看" in page.text
    again = await signed_in.post(
        f"/tickets/{filed.ticket_no}/reply", text="您好。", action="template", template="99"
    )
    assert ">您好。</textarea>" in again.text
