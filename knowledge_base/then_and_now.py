"""What of an answer was different before: quoted law that no longer applies, and the law of an earlier
day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from knowledge_base.citations import Mention
from knowledge_base.models import Article, RuleCard, Status, Superseded
from knowledge_base.numerals import normal_article, quantities
from knowledge_base.question import Question
from knowledge_base.statutes.library import StatuteLibrary, as_article
from knowledge_base.statutes.version import StatuteVersion
from knowledge_base.words import gram_codes

# Two articles that share this much of their pairs of characters are the same rule before and after a
# revision.
_SAME_RULE = 0.25
# From here on a repealed article may be said to go on in another; a code often spreads it over several.
_GOES_ON = 0.45
_YEAR_OF_A_TEXT = re.compile(r"((?:19|20)\d{2})年?(?:版|修订|修正|那版|那部)?的?(?:《|中华人民共和国)?$")
_NUMBER = r"[\d零一二两三四五六七八九十百千万]+"
# 罚两百到五百: nobody says 元 twice, and many not once.
_FINE_WITHOUT_UNIT = re.compile(
    rf"((?:罚款?|最高|最多|顶多|不过|才)(?:是|就|只能罚|罚)?)({_NUMBER}(?:[到至-]{_NUMBER})?)(?!{_NUMBER}|[元块圆天日月年倍次条人个到至-])"
)
_ARTICLE_ALONE = re.compile(rf"第?({_NUMBER})条")
_OLD_TEXT = ("旧", "老的", "以前", "原来", "过去", "修订前", "改之前")


@dataclass(frozen=True, slots=True)
class Then:
    """The law of an earlier day for the matter of a card; `complete` if all that the card rests on was
    found.
    """

    articles: tuple[Article, ...]
    changed: bool
    complete: bool


def warnings(question: Question, card: RuleCard | None, library: StatuteLibrary, today: date) -> list[str]:
    """What has to be said before an answer to a question that quotes law which is not, or no longer, in
    force.
    """
    found: list[str] = []
    if question.no_such_day:
        found.append(f"日历上没有{question.no_such_day}这一天，请您核对一下日期。下面先按今天的规定说。")
    for mention in question.mentions:
        if warning := _about_mention(mention, question, card, library, today):
            found.append(warning)
    if card is not None:
        found += [
            _about_superseded(old) for old in card.superseded if _quotes(question, old, card, library, today)
        ]
    return list(dict.fromkeys(found))


def moved(mentions: Iterable[Mention], library: StatuteLibrary, today: date) -> list[Article]:
    """The articles in force that say what repealed articles said, for those that a question names."""
    found = (_successor_of(mention, library, today) for mention in mentions)
    return [article for article in found if article is not None]


def law_on(card: RuleCard, day: date, today: date, library: StatuteLibrary) -> Then:
    """What the card rests on, as it read on `day`."""
    found: list[Article] = []
    changed, complete = False, True
    for cite in card.cites:
        now = library.article(cite.law, cite.article, today)
        then = _counterpart(card, now, day, library) if now is not None else None
        if then is None:
            changed, complete = True, False
            continue
        changed = changed or now is None or then.text != now.text
        found.append(then)
    unique = {(article.law, article.article): article for article in found}
    return Then(tuple(unique.values()), changed, complete)


def _about_mention(
    mention: Mention, question: Question, card: RuleCard | None, library: StatuteLibrary, today: date
) -> str:
    version = library.versions(mention.law)[-1]
    current = library.version_on(mention.law, today) or version
    status = current.status_on(today)
    if status is Status.REPEALED and current.effective_to is not None:
        instead = f"，有关内容看《{current.successor}》" if current.successor else ""
        now = _successor_of(mention, library, today)
        number = f"；与原来的{mention.article}最接近的是{now.article}，内容也可能分在几条里" if now else ""
        ended = chinese_day(current.effective_to)
        return f"《{mention.law}》已经废止，自{ended}起不再适用{instead}{number}。"
    if status is Status.NOT_YET:
        return f"《{mention.law}》自{chinese_day(current.effective_from)}起才施行，现在还没有生效。"
    earlier = [v for v in library.versions(mention.law) if v.effective_from < current.effective_from]
    if earlier and _quotes_old_text(mention, question, card, earlier[-1], library, today):
        number = _new_number(mention, card, earlier[-1], library, today)
        moved = f"您说的是旧的条文，现在是{number}。" if number else ""
        return (
            f"《{mention.law}》已经修订，{chinese_day(current.version)}通过，自{chinese_day(current.effective_from)}起施行，"
            f"条文和数额有变化，请以新文本为准。{moved}"
        )
    return ""


def _successor_of(mention: Mention, library: StatuteLibrary, today: date) -> Article | None:
    """The likest article of the statute that took the place of a repealed one; None if none is like it."""
    old = library.article(mention.law, mention.article, today) if mention.article else None
    if old is None or old.status is not Status.REPEALED:
        return None
    version = library.version_on(mention.law, today)
    successor = library.find(version.successor) if version and version.successor else None
    current = library.version_on(successor, today) if successor else None
    return _likest(old, [current], today, least=_GOES_ON) if current else None


def _quotes_old_text(
    mention: Mention,
    question: Question,
    card: RuleCard | None,
    earlier: StatuteVersion,
    library: StatuteLibrary,
    today: date,
) -> bool:
    if any(word in question.text for word in _OLD_TEXT) or _of_an_earlier_year(
        mention, question, library, today
    ):
        return True
    return bool(_new_number(mention, card, earlier, library, today))


def _of_an_earlier_year(mention: Mention, question: Question, library: StatuteLibrary, today: date) -> bool:
    """Whether the law is named with the year of a text that came before today's: 2017年的复议法."""
    version = library.version_on(mention.law, today)
    before = question.text.partition(mention.said)[0]
    year = _YEAR_OF_A_TEXT.search(before)
    return version is not None and year is not None and int(year[1]) < version.version.year


def _new_number(
    mention: Mention, card: RuleCard | None, earlier: StatuteVersion, library: StatuteLibrary, today: date
) -> str:
    """The number that the rule which the question quotes by its old number has now; "" if that can't be
    told.
    """
    if mention.article is None or card is None:
        return ""
    old = next((a for a in earlier.articles if a.number == mention.article), None)
    if old is None:
        return ""
    for cite in card.cites:
        if library.find(cite.law) == mention.law and cite.article != mention.article:
            now = library.article(cite.law, cite.article, today)
            if now is not None and likeness(old.text, now.text) >= _SAME_RULE:
                return cite.article
    return ""


def _quotes(
    question: Question, old: Superseded, card: RuleCard, library: StatuteLibrary, today: date
) -> bool:
    """Whether the question names the old article, or a number that stood in the old text and not in the
    new.
    """
    law = library.find(old.law)
    if any(m.law == law and m.article in (None, old.article) for m in question.mentions) and law:
        now = library.article(old.law, old.article, today)
        if now is None or now.status is not Status.IN_FORCE or law not in _laws_of(card, library):
            return True
    if _names_no_law(question) and old.article in _articles_in(question.text):
        return old.article not in {cite.article for cite in card.cites}
    articles = (library.article(cite.law, cite.article, today) for cite in card.cites)
    new = {(q.value, q.unit) for a in articles if a is not None for q in quantities(a.text)}
    gone = {(q.value, q.unit) for q in quantities(old.says)} - new
    asked = quantities(_FINE_WITHOUT_UNIT.sub(r"\1\2元", question.text))
    return bool(gone & {(q.value, q.unit) for q in asked})


def _names_no_law(question: Question) -> bool:
    return not any(mention.article for mention in question.mentions)


def _articles_in(text: str) -> set[str]:
    """The numbers of articles that a text names without their law: 58条."""
    found = set()
    for number in _ARTICLE_ALONE.findall(text):
        with suppress(ValueError):  # no law has a million articles
            found.add(normal_article(f"第{number}条"))
    return found


def _about_superseded(old: Superseded) -> str:
    says = old.says.rstrip("。")
    where = f"《{old.law}》{old.article}"
    return f"“{says}”是旧规定（{where}），自{chinese_day(old.since)}起不再适用，已经修订或被新法取代。"


def _laws_of(card: RuleCard, library: StatuteLibrary) -> set[str | None]:
    return {library.find(cite.law) for cite in card.cites}


def _counterpart(card: RuleCard, now: Article, day: date, library: StatuteLibrary) -> Article | None:
    """The article that ruled the same on `day`: the same text, else what the card says it replaced, else the
    likest.
    """
    version = library.version_on(now.law, day)
    if version is not None and version.effective_from == now.effective_from:
        return library.article(now.law, now.article, day)
    for old in card.superseded:
        if old.since > day:
            article = library.article(old.law, old.article, day)
            if (
                article is not None
                and article.status is Status.IN_FORCE
                and likeness(article.text, now.text) > 0
            ):
                return article
    candidates = [version] if version is not None else _before(now.law, day, library)
    return _likest(now, candidates, day)


def _before(law: str, day: date, library: StatuteLibrary) -> list[StatuteVersion]:
    """The statutes that the law replaced, as far as they were in force on `day`."""
    return [v for v in library.in_force(day) if v.successor == law]


def _likest(
    wanted: Article, versions: Iterable[StatuteVersion], day: date, least: float = _SAME_RULE
) -> Article | None:
    best, found = least, None
    for version in versions:
        if version.status_on(day) is not Status.IN_FORCE:
            continue
        for article in version.articles:
            if (like := likeness(article.text, wanted.text)) > best:
                best, found = like, as_article(version, article, day)
    return found


def likeness(one: str, other: str) -> float:
    """The share of pairs of characters that two texts have in common, 0 to 1."""
    first, second = _pairs(one), _pairs(other)
    common = len(first & second)
    return common / (len(first) + len(second) - common) if common else 0.0


# A code has 1,200 articles, and each is compared when its counterpart is looked for.
@lru_cache(maxsize=4096)
def _pairs(text: str) -> frozenset[int]:
    return frozenset(gram_codes(text, 2).tolist())


def chinese_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
