"""Decides what a question gets: an answer that stands on law, or an honest refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

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
from knowledge_base.follow_ups import (
    another_subject,
    asks_to_pay,
    continuation,
    follows_another,
    missing_in,
    only_asks,
    speaks_of,
)
from knowledge_base.law_search import LawSearch
from knowledge_base.models import Answer, Article, Citation, RuleCard, Status
from knowledge_base.personal import for_a_person
from knowledge_base.question import (
    Question,
    read_question,
    says_nothing,
    without_days,
    words_beside,
)
from knowledge_base.scales import BY_MEANING, SURELY, Scale, allowance, scale_of
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.then_and_now import law_on, moved, warnings
from knowledge_base.vectors import LONGEST_QUESTION, Vectors

Encode = Callable[[str], Vectors | None]


# Cards that come this close to the best are shown below it: one of them is the right one for every seventh
# question.
_CLOSE = 0.35
_MOST_RELATED = 3
# Who names an article that has ended is told so; a card has to be this much surer to be the answer.
_QUOTES_ENDED_LAW = 0.13
# Who speaks of these has a matter of law, however little the cards have to say about it.
_ABOUT_LAW = re.compile(
    r"罚|违法|犯法|合法|法律|条例|规定|举报|投诉|执法|城管|行政|赔偿|起诉|法院|复议|责任|许可证|执照|物业|拆迁|违建|违章|扣押|队员|开单|罚单|决定书|告知书|信访|上访|查封|没收|强拆|违停|摆摊|工地|渣土|油烟|噪音|噪声"
)
_MOST_HITS = 3
# Words beside a named article that ask for nothing but its text.
_ONLY_ITS_TEXT = 3
# A follow-up of this many characters may have a matter of its own: 那要是逾期不交呢.
_SAYS_ENOUGH = 4
# It must be surer than a first question: 去哪里投诉 fits many matters a little.
_STANDS_ALONE = 0.7
# What the card before doesn't tell, another has to tell surely.
_TELLS_INSTEAD = 0.92
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

        If that card has nothing of the kind that is asked for (money, a period), another card has to; else
        the card is shown again and says that it hasn't.
        """
        if found := self._another_matter(question, card, asked_on):
            return found
        missing = missing_in(card, question.text)
        asked = f"{card.title}，{question.text}"
        found = self._decide(question, asked, asked_on, card if missing else None)
        least = _TELLS_INSTEAD if missing else 0.0
        if found.kind == "handoff" or (found.kind == "answer" and found.confidence >= least):
            return found
        shown = self._from_card(question, Found(card, BY_MEANING.sure), [], asked_on, BY_MEANING)
        notes = (missing,) if missing else ()
        return replace(shown, text="\n".join([*notes, shown.text]), notes=(*notes, *shown.notes))

    def _another_matter(self, question: Question, card: RuleCard, asked_on: date) -> Answer | None:
        """The answer to a follow-up that another card than the one before is surely about."""
        rest = continuation(question.text)
        if subject := another_subject(question.text):
            found = self._decide(question, f"{subject}，{card.title}", asked_on, card)
            meant = found.card is not None and speaks_of(found.card, subject)
        elif only_asks(rest):
            found = self._decide(question, f"罚款{rest}", asked_on)
            meant = asks_to_pay(rest, card)
        else:
            found = self._decide(question, rest, asked_on)
            meant = len(rest) >= _SAYS_ENOUGH
        return found if meant and found.kind == "answer" and found.confidence >= _STANDS_ALONE else None

    def _decide(
        self, question: Question, text: str, asked_on: date, without: RuleCard | None = None
    ) -> Answer:
        text = without_days(text)[:LONGEST_QUESTION]
        vector = self._encode(text)
        found = [
            f for f in self._found(text, vector) if f.card is not without and not _is_over(f.card, asked_on)
        ]
        scale = scale_of(text, vector)
        guard = next((f for f in found if f.card.topic == "guard" and _may_guard(f.card, question)), None)
        best = next((f for f in found if f.card.topic != "guard"), None)
        if guard is not None and (best is None or guard.score >= best.score - allowance(guard, best, scale)):
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
        nearer. A person has to be surely meant: a question of law that is referred finds articles, too.
        """
        if found.card.kind != "out_of_scope" and found.score < scale.sure + SURELY:
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


def _guarded(card: RuleCard, confidence: float, day: date) -> Answer:
    return Answer(card.kind, card.answer, confidence=confidence, as_of=day)


def _citation(article: Article) -> Citation:
    return Citation(article.law, article.article, article.status, article.effective_from)


def _may_guard(guard: RuleCard, question: Question) -> bool:
    about_law = bool(question.mentions) or _ABOUT_LAW.search(question.text) is not None
    return guard.kind != "out_of_scope" or not about_law
