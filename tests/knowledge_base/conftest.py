"""What the tests of the knowledge base share: the statutes as shipped, and a few small cards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.models import Cite, RuleCard
from knowledge_base.statutes.library import StatuteLibrary

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def library() -> StatuteLibrary:
    return StatuteLibrary.load()


@pytest.fixture
def make_card() -> Callable[..., RuleCard]:
    """A valid card; every field can be given."""

    def make(**changes: object) -> RuleCard:
        fields: dict[str, object] = {
            "id": "pay_in_time",
            "title": "罚款要在几天内交",
            "topic": "law_penalty",
            "category": None,
            "questions": (
                "罚款几天内交",
                "收到罚单多久要交钱",
                "交罚款的期限",
                "罚款最晚哪天交",
                "几天不交算逾期",
            ),
            "answer": "收到处罚决定书之日起15日内，到指定的银行交，或者用电子支付交。",
            "cites": (Cite("行政处罚法", "第六十七条", ("十五日内缴纳罚款",)),),
            "jurisdiction": "全国",
            "authority": "作出处罚的机关",
            "next_steps": ("按决定书上写的银行去交",),
            "valid_from": date(2021, 7, 15),
            "valid_until": None,
            "reviewed_on": date(2026, 11, 23),
            "source": "test.yml",
        }
        return RuleCard(**(fields | changes))  # type: ignore[arg-type]  # the fields are what the tests give

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file below the test's own folder."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file
