"""Tests cards like code: nothing that a card says may go beyond the law it cites.

`check_cards` gives every problem as a line that names the card and the reason. What it cannot see is whether
the words
around a number are right: that is what reviewing a card is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from knowledge_base.card_index import CardIndex
from knowledge_base.examples import check_example
from knowledge_base.models import Article, Cite, RuleCard, Status, Superseded
from knowledge_base.numerals import Quantity, dates, quantities
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.words import simplified

LEAST_QUESTIONS = 5
# Shorter remainders (二日指工作日) say too little to be the same thing.
_WORDS_TO_COMPARE = 8
LONGEST_TITLE = 30
# Left out of its own card's phrasings, a question must still lead to the card, or the card is only found by
# luck.
LEAST_FOUND_WITHOUT_ITSELF = 0.35

_HOTLINES = re.compile(
    r"(?<!\d)(?:110|119|120|122|114|12345|12315|12348|12369|12333|12319|12358|12329|12339|12301|12320|12328|12337|12305|12309"
    r"|12336|12368|12342|12350|12366|12367|12371|12388|12389|12393|96110|95598)(?!\d)"
)
# Service around the clock and counts of documents are no rules of law.
_NO_RULES = re.compile(
    r"24小时(?:都|内?有人|值班|服务|开通|接听|热线|电话)|(?:7|七)[×xX*]24小时|(?:一|两|三|几|\d)(?:个?电话|张照片|步)"
)
_ARTICLE_NUMBER = re.compile(r"第[零一二三四五六七八九十百千]+条|第\d+条")
_PER_DAY = re.compile(r"每日|当日|每天|当天|按日")
_DIFFERENT_WORDS = re.compile(r"[\s，。；、：（）()“”]")
_JURISDICTION_OF_NAME = {
    "福清市": ("福清市",),
    "福州市": ("福州市", "福清市"),
    "福建省": ("福建省", "福州市", "福清市"),
}
# 福州市城市养犬管理条例 covers six districts; a card for 福清 must not rest on it.
_LARGER_UNITS = (("年", "月", Fraction(12)), ("日", "小时", Fraction(24)))
_NOT_IN_FUQING = ("福州市城市养犬管理条例",)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a card."""

    card: str
    reason: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.source}: {self.card}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check.

    Attributes:
        found_without_itself: share of the phrasings that lead to their card even when they are not among its
            phrasings.
        hard_to_find: those that do not, with the card they led to instead; no problem each, but advice.
    """

    problems: tuple[Problem, ...]
    found_without_itself: float
    hard_to_find: tuple[Problem, ...]


def check_cards(cards: Sequence[RuleCard], library: StatuteLibrary, today: date) -> Report:
    """Everything that is wrong with these cards on that day."""
    problems: list[Problem] = []
    for card in cards:
        problems += [Problem(card.id, reason, card.source) for reason in check_card(card, library, today)]
        problems += [Problem(card.id, reason, card.source) for reason in check_example(card, cards)]
    problems += _contradictions(cards)
    lost, share, hard = _phrasings(cards)
    problems += lost
    if share < LEAST_FOUND_WITHOUT_ITSELF:
        reason = f"只有 {share:.0%} 的问法在去掉自身后仍能找到卡片，至少要 {LEAST_FOUND_WITHOUT_ITSELF:.0%}"
        problems.append(Problem("（全部）", reason, "cards"))
    return Report(tuple(problems), share, tuple(hard))


def check_new_card(
    card: RuleCard, others: Sequence[RuleCard], library: StatuteLibrary, today: date
) -> list[str]:
    """What is wrong with one card by itself, and beside the cards that speak already.

    Args:
        others: may hold the card's earlier version, which is passed over.
    """
    others = [other for other in others if other.id != card.id]
    reasons = check_card(card, library, today)
    reasons += [problem.reason for problem in _contradictions([*others, card]) if problem.card == card.id]
    owners = {simplified(text): other for other in others for text in (other.title, *other.questions)}
    for text in (card.title, *card.questions):
        if other := owners.get(simplified(text)):
            reasons.append(f"问法“{text}”已属于 {other.id}（{other.title}）")
    return list(dict.fromkeys(reasons))


def check_card(card: RuleCard, library: StatuteLibrary, today: date) -> list[str]:
    """What is wrong with one card by itself."""
    articles = [library.article(cite.law, cite.article, today) for cite in card.cites]
    known = [article for article in articles if article is not None]
    reasons = _check_form(card, today)
    for cite, article in zip(card.cites, articles, strict=True):
        reasons += _check_cite(card, cite, article, library)
    reasons += _check_numbers(card, known, library, today)
    reasons += _check_superseded(card, library, today)
    return list(dict.fromkeys(reasons))


def _check_form(card: RuleCard, today: date) -> list[str]:
    reasons = []
    if len(set(card.questions)) < LEAST_QUESTIONS:
        reasons.append(f"问法只有 {len(set(card.questions))} 种，至少 {LEAST_QUESTIONS} 种")
    if len(card.questions) != len(set(card.questions)):
        reasons.append("有重复的问法")
    if len(card.title) > LONGEST_TITLE:
        reasons.append(f"标题超过 {LONGEST_TITLE} 字")
    if not card.cites and card.kind == "answer":
        reasons.append("没有引用任何条文")
    if card.kind == "answer" and _ARTICLE_NUMBER.search(card.answer):
        reasons.append("正文里写了条号；条号只放在 cites 里")
    if card.reviewed_on > today:
        reasons.append(f"复核日期 {card.reviewed_on} 在今天之后")
    if card.valid_until and card.valid_until <= today:
        reasons.append(f"卡片已在 {card.valid_until} 失效")
    return reasons


def _check_cite(card: RuleCard, cite: Cite, article: Article | None, library: StatuteLibrary) -> list[str]:
    name = f"{cite.law}{cite.article}"
    if library.find(cite.law) is None:
        return [f"没有《{cite.law}》的文本"]
    if article is None:
        return [f"{name} 不存在"]
    if article.status is not Status.IN_FORCE:
        successor = library.versions(cite.law)[-1].successor
        return [f"{name} {article.status.label}" + (f"，由《{successor}》取代" if successor else "")]
    reasons = _check_days(card, article, library)
    for fact in cite.facts:
        reasons += [f"{name} 的要点“{fact}”中的“{q.raw}”不在该条" for q in _unsupported(fact, [article])]
    for scope, allowed in _JURISDICTION_OF_NAME.items():
        if article.law.startswith(scope) and card.jurisdiction not in allowed:
            reasons.append(f"《{article.law}》是{scope}的规定，卡片却写适用于{card.jurisdiction}")
    if article.law in _NOT_IN_FUQING:
        reasons.append(f"《{article.law}》不适用于福清市")
    return reasons


def _check_days(card: RuleCard, article: Article, library: StatuteLibrary) -> list[str]:
    version = next(v for v in library.versions(article.law) if v.effective_from == article.effective_from)
    reasons = []
    if card.valid_from < version.first_effective:
        reasons.append(f"valid_from {card.valid_from} 早于《{article.law}》施行日 {version.first_effective}")
    if card.reviewed_on < article.effective_from:
        reasons.append(f"复核日期早于《{article.law}》现行文本施行日 {article.effective_from}，须重新复核")
    return reasons


def _check_numbers(
    card: RuleCard, articles: Sequence[Article], library: StatuteLibrary, today: date
) -> list[str]:
    if card.kind != "answer" and not articles:
        return []
    reasons = []
    for place, text in (("正文", card.answer), *(("下一步", step) for step in card.next_steps)):
        reasons += [f"{place}中的“{q.raw}”不在所引条文中" for q in _unsupported(text, articles)]
        for day in dates(text):
            if not _known_date(day, card, articles, library):
                reasons.append(f"{place}中的日期 {day} 既不在所引条文中，也不是所引法律的施行日")
    return list(dict.fromkeys(reasons))


def _check_superseded(card: RuleCard, library: StatuteLibrary, today: date) -> list[str]:
    """What people still quote must really have been the law until `since`, as far as the old text is at
    hand.
    """
    reasons = []
    for old in card.superseded:
        if old.since > today:
            reasons.append(f"superseded 的 since {old.since} 在今天之后")
        if library.find(old.law) is None:
            continue
        day = date.fromordinal(old.since.toordinal() - 1)
        article = library.article(old.law, old.article, day)
        if article is None:
            continue
        if _still_the_law(card, old, article, library, today):
            reasons.append(f"superseded：{old.law}{old.article} 今天仍然有效，没有变过")
        reasons += [
            f"superseded：旧的 {old.law}{old.article} 里没有“{q.raw}”"
            for q in _unsupported(old.says, [article])
        ]
    return reasons


def _still_the_law(
    card: RuleCard, old: Superseded, was: Article, library: StatuteLibrary, today: date
) -> bool:
    """Whether what is called superseded stands unchanged, and nothing that the card cites began on that
    day.
    """
    now = library.article(old.law, old.article, today)
    if now is None or now.text != was.text or now.status is not Status.IN_FORCE:
        return False
    begun = (library.article(cite.law, cite.article, today) for cite in card.cites)
    return not any(article and article.effective_from == old.since for article in begun)


def _unsupported(text: str, articles: Iterable[Article]) -> list[Quantity]:
    """The quantities of a text that stand in none of the articles."""
    text = _NO_RULES.sub("｜", _HOTLINES.sub("｜", text))
    allowed = [q for article in articles for q in quantities(article.text)]
    if any(_PER_DAY.search(article.text) for article in articles):
        allowed.append(Quantity(Fraction(1), "日"))
    return [q for q in quantities(text) if not any(_matches(q, other) for other in allowed)]


def _matches(said: Quantity, law: Quantity) -> bool:
    if said.same_as(law):
        return True
    if said.unit == law.unit == "时":
        return abs(said.value - law.value) == 12  # 晚上十点 is 二十二时
    for large, small, factor in _LARGER_UNITS:
        if {said.unit, law.unit} == {large, small}:
            big, little = (said, law) if said.unit == large else (law, said)
            return bool(big.value * factor == little.value)
    return False


def _known_date(day: str, card: RuleCard, articles: Sequence[Article], library: StatuteLibrary) -> bool:
    known = {old.since.isoformat() for old in card.superseded} | {card.valid_from.isoformat()}
    for article in articles:
        known |= set(dates(article.text))
        for version in library.versions(article.law):
            known |= {
                d.isoformat() for d in (version.effective_from, version.first_effective, version.version)
            }
    return any(other.startswith(day) for other in known)


def _contradictions(cards: Sequence[RuleCard]) -> list[Problem]:
    """Two cards that take the same thing from the same article must take the same number.

    The same thing: facts whose words are equal once their numbers are masked.
    """
    seen: dict[tuple[str, str, str], tuple[RuleCard, str]] = {}
    problems = []
    for card in cards:
        for cite in card.cites:
            for fact in cite.facts:
                amounts = quantities(fact)
                if not amounts:
                    continue
                key = (cite.law, cite.article, _masked(fact, amounts))
                if len(key[2]) < _WORDS_TO_COMPARE:
                    continue
                other, said = seen.setdefault(key, (card, fact))
                if other is not card and [(q.value, q.unit) for q in quantities(said)] != [
                    (q.value, q.unit) for q in amounts
                ]:
                    reason = f"与 {other.id} 对 {cite.law}{cite.article} 的说法不一：“{fact}”／“{said}”"
                    problems.append(Problem(card.id, reason, card.source))
    return problems


def _masked(fact: str, amounts: Iterable[Quantity]) -> str:
    for amount in amounts:
        fact = fact.replace(amount.raw, "#")
    return _DIFFERENT_WORDS.sub("", fact)


def _phrasings(cards: Sequence[RuleCard]) -> tuple[list[Problem], float, list[Problem]]:
    """Phrasings that lead elsewhere; the share that is found by the others; and those that are not."""
    index = CardIndex(cards)
    lost, hard = [], []
    asked = 0
    first: dict[str, int] = {}
    for number, phrasing in enumerate(index.phrasings):
        card = cards[phrasing.card]
        other = cards[first.setdefault(phrasing.text, phrasing.card)]
        if other is not card:
            lost.append(
                Problem(card.id, f"问法“{phrasing.text}”已属于 {other.id}（{other.title}）", card.source)
            )
        asked += 1
        scores = index.scores(phrasing.text, without=number)
        best = cards[int(scores.argmax())] if len(scores) else card
        if best is not card:
            note = "" if best.topic != card.topic else "，同一主题"
            hard.append(
                Problem(card.id, f"问法“{phrasing.text}”去掉自身后找到的是 {best.id}{note}", card.source)
            )
    return lost, 1 - len(hard) / asked if asked else 1.0, hard
