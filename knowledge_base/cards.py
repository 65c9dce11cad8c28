"""Reads rule cards from YAML and says precisely what is wrong with one that does not follow the format."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml

from knowledge_base.errors import CardFormatError
from knowledge_base.models import Cite, RuleCard, Superseded
from knowledge_base.numerals import normal_article

_T = TypeVar("_T")
CARDS = Path(__file__).parent / "cards"
JURISDICTIONS = ("全国", "福建省", "福州市", "福清市")
KINDS = ("answer", "refer", "handoff", "emergency", "out_of_scope")
_ID = re.compile(r"[a-z0-9_]{1,40}")
_REQUIRED = (
    *("id", "title", "topic", "questions", "answer", "cites"),
    *("jurisdiction", "authority", "valid_from", "reviewed_on"),
)
_OPTIONAL = ("category", "next_steps", "local_gap", "superseded", "valid_until", "kind", "illustrates")


def load_cards(folder: Path = CARDS) -> list[RuleCard]:
    """All cards of a folder, in the order of file names.

    Raises: CardFormatError with every problem of every file; ids must be unique over all of them.
    """
    cards: list[RuleCard] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        found, wrong = read_cards(path)
        cards.extend(found)
        problems.extend(wrong)
    seen: dict[str, str] = {}
    for card in cards:
        if card.id in seen:
            problems.append(f"{card.source}: {card.id}: 编号与 {seen[card.id]} 中的卡片重复")
        seen.setdefault(card.id, card.source)
    if problems:
        raise CardFormatError(problems)
    return cards


def read_cards(path: Path) -> tuple[list[RuleCard], list[str]]:
    """The cards of one file that can be read, and a message for each problem of the others."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        rows = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 (a safe loader in both cases)
    except (yaml.YAMLError, ValueError) as error:  # a day that does not exist is a ValueError
        return [], [f"{path.name}: 不是有效的 YAML（或有不存在的日期）：{' '.join(str(error).split())}"]
    if rows is None:
        return [], []
    if not isinstance(rows, list):
        return [], [f"{path.name}: 应当是卡片的列表"]
    cards, problems = [], []
    for number, row in enumerate(rows, 1):
        name = row.get("id") if isinstance(row, dict) else None
        try:
            cards.append(card_from(row, path.name))
        except ValueError as error:
            problems.append(f"{path.name}: {name or f'第{number}张'}: {error}")
    return cards, problems


def card_from(row: Any, source: str) -> RuleCard:
    """One card from its fields; days are `date` objects.

    Raises: ValueError, in Chinese, for the first field that is wrong.
    """
    if not isinstance(row, dict):
        raise ValueError("应当是一组字段")
    _check_fields(row)
    return RuleCard(
        id=_id(row["id"]),
        title=_text(row, "title"),
        topic=_text(row, "topic"),
        category=row.get("category") or None,
        questions=_texts(row, "questions"),
        answer=_text(row, "answer"),
        cites=tuple(_each(row, "cites", _cite)),
        jurisdiction=_one_of(row, "jurisdiction", JURISDICTIONS),
        authority=_text(row, "authority"),
        next_steps=_texts(row, "next_steps"),
        valid_from=_day(row, "valid_from"),
        valid_until=_day(row, "valid_until") if row.get("valid_until") else None,
        reviewed_on=_day(row, "reviewed_on"),
        kind=_one_of(row, "kind", KINDS) if row.get("kind") else "answer",
        local_gap=str(row.get("local_gap") or "").strip(),
        superseded=tuple(_each(row, "superseded", _superseded)),
        source=source,
        illustrates=_texts(row, "illustrates"),
    )


def _check_fields(row: dict[str, Any]) -> None:
    if missing := [name for name in _REQUIRED if name not in row]:
        raise ValueError(f"缺少字段 {'、'.join(missing)}")
    if unknown := [str(name) for name in row if name not in _REQUIRED + _OPTIONAL]:
        raise ValueError(f"不认识的字段 {'、'.join(unknown)}")


def _cite(row: dict[str, Any]) -> Cite:
    facts = row.get("facts") or []
    if not isinstance(facts, list):
        raise ValueError("cites 的 facts 应当是列表")
    return Cite(
        _text(row, "law"), normal_article(_text(row, "article")), tuple(str(f).strip() for f in facts)
    )


def _superseded(row: dict[str, Any]) -> Superseded:
    return Superseded(
        _text(row, "law"), normal_article(_text(row, "article")), _text(row, "says"), _day(row, "since")
    )


def _each(row: dict[str, Any], name: str, read: Callable[[dict[str, Any]], _T]) -> list[_T]:
    rows = row.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(item, dict) for item in rows):
        raise ValueError(f"{name} 应当是列表，每项是一组字段")
    return [read(item) for item in rows]


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("id 只能用小写字母、数字、下划线，最多 40 个")
    return value


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} 应当是文字，不能为空")
    return value.strip()


def _texts(row: dict[str, Any], name: str) -> tuple[str, ...]:
    values = row.get(name) or []
    if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
        raise ValueError(f"{name} 应当是文字的列表（含冒号或数字的要加引号）")
    return tuple(v.strip() for v in values)


def _one_of(row: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = row.get(name)
    if value not in allowed:
        raise ValueError(f"{name} 只能是 {'、'.join(allowed)}，不是 {value!r}")
    return str(value)


def _day(row: dict[str, Any], name: str) -> date:
    value = row.get(name)
    if not isinstance(value, date):
        raise ValueError(f"{name} 应当是存在的日期，如 2026-01-31，不是 {value!r}")
    return value
