"""The knowledge base as the rest of the product sees it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from knowledge_base.answers import Answering
from knowledge_base.card_index import CardIndex
from knowledge_base.cards import CARDS, load_cards
from knowledge_base.citations import CitationFinder, Mention
from knowledge_base.examples import examples_by_card
from knowledge_base.guards import load_guards
from knowledge_base.law_search import LawSearch
from knowledge_base.models import Answer, Article, Citation, Hit, RuleCard, Status
from knowledge_base.regression import Difference, differences, questions_near
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.vectors import (
    LONGEST_QUESTION,
    Encoder,
    Vectors,
    VectorStore,
    encode_missing,
    load_encoder,
)
from knowledge_base.words import simplified

# Encoding is most of what an answer costs, and many people ask in the same words.
_MOST_REMEMBERED = 1024
# Statutes that this city's questions are about are encoded before the other 300.
_FIRST_TO_ENCODE = (
    "城市市容和环境卫生管理条例",
    "治安管理处罚法",
    "行政处罚法",
    "民法典",
    "物业管理条例",
    "生态环境法典",
)


class KnowledgeBase:
    """Cards, statutes and search in one; any thread may ask it, also while vectors are being built."""

    def __init__(
        self,
        library: StatuteLibrary,
        cards: Sequence[RuleCard],
        guards: Sequence[RuleCard],
        store: VectorStore,
        encoder: Encoder | None = None,
    ) -> None:
        self.library = library
        self.cards = {card.id: card for card in cards}
        self.examples = examples_by_card(cards)
        self._store = store
        self._citations = CitationFinder(library)
        self.laws = LawSearch(library, self._citations)
        self._shipped, self._guards = tuple(cards), tuple(guards)
        self._index = self._index_of(cards)
        self._answering = self._answering_by(self._index)
        self._known_encoder = encoder
        self._loading = threading.Lock()
        self._encoded = lru_cache(maxsize=_MOST_REMEMBERED)(self._encode)
        self._use_what_is_there()

    @classmethod
    def load(
        cls, cache_folder: Path | None, *, imported: Path | None = None, cards_folder: Path = CARDS
    ) -> KnowledgeBase:
        """Read everything that ships with the product, and the statutes in the folder `imported`.

        Works by words at once; by meaning as far as `cache_folder` holds vectors (see `build_vectors`). With
        None as the folder it stays with words until they are built.

        Raises: CardFormatError, StatuteUnreadable.
        """
        library = StatuteLibrary.load(imported)
        return cls(library, load_cards(cards_folder), load_guards(), VectorStore(cache_folder))

    def build_vectors(
        self,
        progress: Callable[[str, int, int], None] | None = None,
        stop: threading.Event | None = None,
        *,
        with_articles: bool = True,
        workers: int = 1,
    ) -> None:
        """Encode what the cache lacks: takes half a minute for the cards and many for the articles, so run it
        in a thread.

        Args:
            progress: called with "cards" or "articles", how many are done, and of how many.
            stop: set it to end early; what is done is kept.
            workers: so many threads encode at once; beside a running assistant one is enough.
        """
        encoder = self._encoder()
        say = progress or (lambda what, done, total: None)
        for texts, questions in (
            (self._index.question_texts(), True),
            (self._index.passage_texts(), False),
        ):
            if not encode_missing(
                self._store,
                encoder,
                texts,
                questions=questions,
                progress=lambda d, t: say("cards", d, t),
                stop=stop,
                workers=workers,
            ):
                return
        self._use_what_is_there()
        if with_articles:
            cited = frozenset(_FIRST_TO_ENCODE) | {c.law for card in self.cards.values() for c in card.cites}
            passages = self.laws.passages(_today(), cited)
            encode_missing(
                self._store,
                encoder,
                passages,
                questions=False,
                progress=lambda d, t: say("articles", d, t),
                stop=stop,
                workers=workers,
            )
            self._use_what_is_there()

    def use_cards(self, extra: Sequence[RuleCard]) -> None:
        """Let these speak beside the shipped cards, each in place of the one of its id. Takes a second or
        two, in which everything goes on as before.
        """
        cards = list({card.id: card for card in (*self._shipped, *extra)}.values())
        index = self._index_of(cards)
        if self.has_vectors:
            self._give_vectors(index)
        self._answering, self._index = self._answering_by(index), index
        self.cards = {card.id: card for card in cards}

    def regression(self, card: RuleCard, questions: Sequence[str] = ()) -> list[Difference]:
        """What would change if this card spoke too: among other cards' phrasings near to its own, and among
        these questions. Takes seconds.
        """
        others = [other for other in self.cards.values() if other.id != card.id]
        after = self._index_of([*others, card])
        before = self._index
        if self.has_vectors:
            self._give_vectors(after)
        asked = dict.fromkeys([*map(simplified, questions), *questions_near(before, card)])
        return differences(before, after, [(text, self.meaning(text)) for text in asked])

    @property
    def has_vectors(self) -> bool:
        """Whether questions are understood by meaning, not only by words."""
        return self._index.has_vectors

    def answer(self, question: str, *, as_of: date | None = None, context: Answer | None = None) -> Answer:
        """What the law of that day says, or an honest word that nothing supports an answer.

        Args:
            as_of: today if None. A day that the question itself names ("去年六月罚的") is heeded too.
            context: the answer before this one in the same conversation, for questions like 那罚多少.
        """
        return self._answering.answer(question, as_of or _today(), context)

    def search(self, query: str, limit: int = 5, as_of: date | None = None) -> list[Hit]:
        """The articles in force on that day (today if None) that fit a query best."""
        return self.laws.search(query, day=as_of or _today(), limit=limit, meaning=self.meaning(query))

    def card(self, card_id: str) -> RuleCard:
        """A card by its id.

        Raises: KeyError.
        """
        return self.cards[card_id]

    def article(self, law: str, article: str, as_of: date | None = None) -> Article | None:
        """An article as it was to be read on that day (today if None); its status says if it was the law."""
        return self.library.article(law, article, as_of or _today())

    def status_today(self, law: str, effective_from: date) -> Status:
        """What the text of a statute that came into force on that day is today.

        Raises: UnknownLaw.
        """
        versions = self.library.versions(law)
        version = next((v for v in versions if v.effective_from == effective_from), versions[-1])
        return version.status_on(_today())

    def as_today(self, cite: Citation) -> Citation:
        """A citation, perhaps of the law of an earlier day, with its status of today."""
        return replace(cite, status=self.status_today(cite.law, cite.effective_from))

    def mentions(self, text: str) -> list[Mention]:
        """The statutes and articles that a text names, in order, each once."""
        return self._citations.find(text)

    def meaning(self, text: str) -> Vectors | None:
        """The vector of a question; None while questions are understood by words alone."""
        if not self._index.has_vectors:
            return None
        text = simplified(text)[:LONGEST_QUESTION]
        known = self._index.vector_of(text)
        return self._encoded(text) if known is None else known

    def _encode(self, text: str) -> Vectors:
        vector: Vectors = self._encoder().query([text])[0]
        return vector

    def _encoder(self) -> Encoder:
        """Loaded when it is first needed; several threads may then use it."""
        with self._loading:
            if self._known_encoder is None:
                self._known_encoder = load_encoder()
            return self._known_encoder

    def _index_of(self, cards: Sequence[RuleCard]) -> CardIndex:
        ranked = [*cards, *self._guards]
        return CardIndex(ranked, [self._cited_text(card) for card in ranked])

    def _answering_by(self, index: CardIndex) -> Answering:
        return Answering(self.library, index, self.laws, self._citations, self.meaning)

    def _give_vectors(self, index: CardIndex) -> None:
        """Rank a new index by meaning; only texts that are new have to be encoded."""
        for texts, questions in ((index.question_texts(), True), (index.passage_texts(), False)):
            encode_missing(self._store, self._encoder(), texts, questions=questions)
        phrasings, _ = self._store.get(index.question_texts())
        passages, _ = self._store.get(index.passage_texts())
        index.use_vectors(phrasings, passages)

    def _cited_text(self, card: RuleCard) -> str:
        found = (self.library.article(cite.law, cite.article, _today()) for cite in card.cites)
        return " ".join(article.text for article in found if article is not None)

    def _cited_by_phrasing(self) -> list[list[tuple[str, str]]]:
        """For each phrasing the law and number of the articles that its card cites."""
        cited = [
            [(law, cite.article) for cite in card.cites if (law := self.library.find(cite.law))]
            for card in self._index.cards
        ]
        return [cited[phrasing.card] for phrasing in self._index.phrasings]

    def _use_what_is_there(self) -> None:
        """Cards are ranked by meaning once all of them have vectors, articles as soon as one has."""
        phrasings, first = self._store.get(self._index.question_texts())
        passages, second = self._store.get(self._index.passage_texts())
        if first.all() and second.all() and len(first):
            self._index.use_vectors(phrasings, passages)
            self.laws.use_phrasings(phrasings, self._cited_by_phrasing(), _today())
        articles, there = self._store.get(self.laws.all_passages())
        if there.any():
            self.laws.use_vectors(articles, there)


def _today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()
