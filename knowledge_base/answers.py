"""Decides what a question gets: an answer that stands on law, or an honest refusal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from knowledge_base.card_index import CardIndex, Found
from knowledge_base.citations import CitationFinder
from knowledge_base.compose import (
    card_text,
    clarify_text,
    earlier_note,
    earlier_text,
    missing_text,
    named_text,
    refer_text,
    unknown_then_text,
)
from knowledge_base.emergencies import emergency_in
from knowledge_base.law_search import LawSearch
from knowledge_base.models import Answer, Article, Citation, RuleCard, Status
from knowledge_base.personal import for_a_person
from knowledge_base.question import (
    Question,
    continuation,
    follows_another,
    read_question,
    says_nothing,
    words_beside,
)
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.then_and_now import law_on, moved, warnings
from knowledge_base.vectors import LONGEST_QUESTION, Vectors

Encode = Callable[[str], Vectors | None]


class Scale(NamedTuple):
    """What scores mean: a card answers from `sure` on; from `unsure` on the citizen is asked which card is
    meant.
    """

    sure: float
    unsure: float
    steepness: float

    def confidence(self, score: float) -> float:
        """0.5 at the threshold, towards 1 above it."""
        return 1 / (1 + math.exp(-self.steepness * (score - self.sure)))


# Set by measurement (docs/adr/0004-knowledge-base.md). Cards are in Chinese: a question in another language
# comes less
# near to all of them, and shares no words with any.
BY_MEANING = Scale(1.72, 1.6, 3.0)
ACROSS_LANGUAGES = Scale(0.55, 0.35, 3.0)
BY_WORDS = Scale(0.42, 0.3, 10.0)
# Cards that come this close to the best are shown below it: one of them is the right one for every seventh
# question.
_CLOSE = 0.35
_MOST_RELATED = 3
# A guard that tells what is out of scope may have this much less than a card that is none too sure.
_NEARLY, _DOUBT = 0.3, 0.38
# Who names an article that has ended is told so; a card has to be this much surer to be the answer.
_QUOTES_ENDED_LAW = 0.13
# Who speaks of these has a matter of law, however little the cards have to say about it.
_ABOUT_LAW = re.compile(
    r"罚|违法|犯法|合法|法律|条例|规定|举报|投诉|执法|城管|行政|赔偿|起诉|法院|复议|责任|许可证|执照|物业|拆迁|违建|违章|扣押"
)
_MOST_HITS = 3
# Words beside a named article that ask for nothing but its text.
_ONLY_ITS_TEXT = 3
_ASKED_AND_TOLD = (
    (re.compile(r"罚|多少钱|几块"), re.compile(r"罚款|元|赔")),
    (
        re.compile(r"多久|几天|多长时间|期限"),
        re.compile(r"[日天月年]内|小时|[\d一二三五六七十]+个?(?:工作)?[日天月年]"),
    ),
)
# A follow-up of this many characters may have a matter of its own: 那要是逾期不交呢.
_SAYS_ENOUGH = 4
# It must be surer than a first question: 去哪里投诉 fits many matters a little.
_STANDS_ALONE = 0.7
_ASKS_FOR_CASE = re.compile(r"案例|以案|例子|故事")
_LIGHTER_LAW = ("行政处罚法", "第三十七条")


class Answering:
    """Answers questions from cards, and points to articles where there is no card."""

    def __init__(
        self,
        library: StatuteLibrary,
        cards: CardIndex,
        laws: LawSearch,
        citations: CitationFinder,
        encode: Encode,
    ) -> None:
        self._library = library
        self._cards = cards
        self._laws = laws
        self._citations = citations
        self._encode = encode
        self._rules = {card.id: card for card in cards.cards}
        self._guards = {card.id: card for card in cards.cards if card.topic == "guard"}

    def answer(self, text: str, asked_on: date, context: Answer | None) -> Answer:
        """See `KnowledgeBase.answer`."""
        question = read_question(text, asked_on, self._citations)
        if guard := emergency_in(question.text) or for_a_person(question.text):
            return _guarded(self._guards[guard], 1.0, asked_on)
        if says_nothing(question.text):
            return Answer("clarify", clarify_text([]), as_of=question.day)
        if follows_another(question.text):
            if context is None or context.card is None:
                return Answer("clarify", clarify_text([]), as_of=question.day)
            return self._follow(question, context.card, asked_on)
        if named := self._only_named(question):
            return named
        return self._decide(question, question.text, asked_on)

    def _follow(self, question: Question, card: RuleCard, asked_on: date) -> Answer:
        """A question that continues the one before: asked together with the title of its card.

        If that card has nothing of the kind that is asked for (money, a period), another card has to.
        """
        rest = continuation(question.text)
        if len(rest) >= _SAYS_ENOUGH:
            found = self._decide(question, rest, asked_on)
            if found.kind == "answer" and found.confidence >= _STANDS_ALONE:
                return found
        without = card if _lacks(card, question.text) else None
        asked = replace(question, text=f"{card.title}，{question.text}")
        found = self._decide(asked, asked.text, asked_on, without)
        if found.kind in ("answer", "handoff") or without is not None:
            return found
        return self._from_card(question, Found(card, BY_MEANING.sure), [], asked_on, BY_MEANING)

    def _decide(
        self, question: Question, text: str, asked_on: date, without: RuleCard | None = None
    ) -> Answer:
        text = text[:LONGEST_QUESTION]
        vector = self._encode(text)
        found = [
            f for f in self._found(text, vector) if f.card is not without and not _is_over(f.card, asked_on)
        ]
        scale = _scale(text, vector)
        guard = next((f for f in found if f.card.topic == "guard" and _may_guard(f.card, question)), None)
        best = next((f for f in found if f.card.topic != "guard"), None)
        if guard is not None and (best is None or guard.score >= best.score - _allowance(guard, best, scale)):
            return self._guard(question, guard, scale, vector)
        ended = moved(question.mentions, self._library, asked_on)
        if best is not None and best.score >= scale.sure + (_QUOTES_ENDED_LAW if ended else 0.0):
            return self._from_card(question, best, found, asked_on, scale)
        near = [f.card for f in found if f.score >= scale.unsure and f.card.topic != "guard"]
        if len(near) > 1 and not ended:
            return Answer(
                "clarify",
                clarify_text(near[:4]),
                (),
                None,
                scale.confidence(found[0].score),
                tuple(near[:4]),
                question.day,
            )
        return self._refer(question, vector, asked_on)

    def _found(self, text: str, vector: Vectors | None) -> list[Found]:
        """The best cards, each once; in place of an invented case the card whose rule it shows, unless a case
        is asked for.
        """
        best: dict[str, Found] = {}
        for found in self._cards.find(text, vector):
            rule = self._rules.get(found.card.illustrates[0]) if found.card.illustrates else None
            card = found.card if rule is None or _ASKS_FOR_CASE.search(text) else rule
            best.setdefault(card.id, Found(card, found.score))
        return list(best.values())

    def _guard(self, question: Question, found: Found, scale: Scale, vector: Vectors | None) -> Answer:
        """A guard came first. Only for what is out of scope is a faint likeness enough: nothing else was
        nearer.
        """
        if found.card.kind != "out_of_scope" and found.score < scale.sure:
            return self._refer(question, vector, question.day)
        return _guarded(found.card, scale.confidence(found.score), question.day)

    def _from_card(
        self, question: Question, best: Found, found: Sequence[Found], asked_on: date, scale: Scale
    ) -> Answer:
        card = best.card
        if earlier := self._earlier(question, best, asked_on, scale):
            return earlier
        related = [
            f.card
            for f in found
            if f.card is not card and f.card.topic != "guard" and f.card.kind == "answer"
        ]
        close = [f.card for f in found if f.card in related and f.score >= best.score - _CLOSE]
        shown = close[:_MOST_RELATED] if card.kind == "answer" else []
        articles = self._articles((card, *shown), question.day)
        notes = tuple(warnings(question, card, self._library, asked_on))
        return Answer(
            kind=card.kind,
            text=card_text(card, articles, notes, shown),
            citations=tuple(map(_citation, articles)),
            card=card,
            confidence=scale.confidence(best.score),
            alternatives=tuple(related[:4]),
            as_of=question.day,
            notes=(*notes, *((card.local_gap,) if card.local_gap else ())),
            related=tuple(shown),
        )

    def _earlier(self, question: Question, best: Found, asked_on: date, scale: Scale) -> Answer | None:
        """The answer by the law of an earlier day; None if nothing that the card rests on was different
        then.
        """
        card = best.card
        now = max(asked_on, card.reviewed_on)  # what the card says was the law when it was reviewed
        then = law_on(card, question.day, now, self._library)
        if not then.changed:
            return None
        articles = [a for a in then.articles if a.status is Status.IN_FORCE]
        if not articles or not then.complete:
            text = unknown_then_text(card, question.day)
            return Answer("refer", text, (), None, 0.0, (card,), question.day, (text,))
        lighter = self._library.article(*_LIGHTER_LAW, asked_on) if question.day_is_named else None
        beside = [lighter] if lighter else []
        text = earlier_text(card, question.day, articles, beside)
        citations = tuple(_citation(a) for a in (*articles, *beside))
        return Answer(
            "answer",
            text,
            citations,
            card,
            scale.confidence(best.score),
            (),
            question.day,
            (earlier_note(question.day, articles),),
        )

    def _only_named(self, question: Question) -> Answer | None:
        """The question is hardly more than the name of an article: its text is the reply."""
        named = [m for m in question.mentions if m.article]
        if not named or len(words_beside(question.text, named)) > _ONLY_ITS_TEXT:
            return None
        found = [self._library.article(m.law, m.article or "", question.day) for m in named]
        articles = [a for a in found if a is not None]
        notes = warnings(replace(question, mentions=tuple(named)), None, self._library, question.day)
        if not articles:
            names = [f"《{m.law}》{m.article}" for m in named]
            text = missing_text(names, notes)
            return Answer("refer", text, as_of=question.day, notes=tuple(notes), names_articles=True)
        return Answer(
            "refer",
            named_text(articles, notes),
            tuple(map(_citation, articles)),
            confidence=1.0,
            as_of=question.day,
            notes=tuple(notes),
            names_articles=True,
        )

    def _refer(self, question: Question, vector: Vectors | None, asked_on: date) -> Answer:
        hits = self._laws.search(question.text, day=question.day, limit=_MOST_HITS, meaning=vector)
        notes = warnings(question, None, self._library, asked_on)
        now = moved(question.mentions, self._library, asked_on)
        found = [a for hit in hits if (a := self._library.article(hit.law, hit.article, question.day))]
        articles = [*now, *(a for a in found if a not in now)]
        text = refer_text(articles, notes)
        return Answer(
            "refer",
            text,
            tuple(map(_citation, articles)),
            as_of=question.day,
            notes=tuple(notes),
            names_articles=bool(notes),
        )

    def _articles(self, cards: Iterable[RuleCard], day: date) -> list[Article]:
        """What the cards cite, each article once; only what was the law on that day."""
        found: dict[tuple[str, str], Article] = {}
        for card in cards:
            for cite in card.cites:
                article = self._library.article(cite.law, cite.article, day)
                if article is not None and article.status is Status.IN_FORCE:
                    found.setdefault((article.law, article.article), article)
        return list(found.values())


def _is_over(card: RuleCard, day: date) -> bool:
    return card.valid_until is not None and card.valid_until <= day


def _lacks(card: RuleCard, text: str) -> bool:
    """Whether a question asks for something that the card doesn't speak of."""
    said = card.answer + "".join(card.next_steps)
    return any(asked.search(text) and not told.search(said) for asked, told in _ASKED_AND_TOLD)


def _guarded(card: RuleCard, confidence: float, day: date) -> Answer:
    return Answer(card.kind, card.answer, confidence=confidence, as_of=day)


def _citation(article: Article) -> Citation:
    return Citation(article.law, article.article, article.status, article.effective_from)


def _may_guard(guard: RuleCard, question: Question) -> bool:
    about_law = bool(question.mentions) or _ABOUT_LAW.search(question.text) is not None
    return guard.kind != "out_of_scope" or not about_law


def _allowance(guard: Found, best: Found, scale: Scale) -> float:
    """How much less a guard may have: a little, if it is out of scope and the card is none too sure."""
    doubtful = best.score < scale.sure + _DOUBT
    return _NEARLY if doubtful and guard.card.kind == "out_of_scope" else 0.0


def _scale(text: str, vector: Vectors | None) -> Scale:
    if vector is None:
        return BY_WORDS
    letters = sum(c.isascii() and c.isalpha() for c in text)
    chinese = sum("\u3400" <= c <= "\u9fff" for c in text)
    return ACROSS_LANGUAGES if letters > 4 * chinese else BY_MEANING
