from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.bm25 import Bm25, Field, Settings
from knowledge_base.card_index import CardIndex
from knowledge_base.citations import CitationFinder, Mention
from knowledge_base.law_search import LawSearch
from knowledge_base.models import RuleCard, Status
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.vectors import DIMENSIONS, VectorStore, encode_missing, load_encoder
from knowledge_base.words import simplified

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def citations(library: StatuteLibrary) -> CitationFinder:
    return CitationFinder(library)


@pytest.fixture(scope="module")
def laws(library: StatuteLibrary, citations: CitationFinder) -> LawSearch:
    return LawSearch(library, citations)


@pytest.mark.parametrize(
    ("text", "law", "article"),
    [
        ("行政处罚法第三十三条", "行政处罚法", "第三十三条"),
        ("民法典1254", "民法典", "第一千二百五十四条"),
        ("《中华人民共和国民法典》第1254条怎么说", "民法典", "第一千二百五十四条"),
        ("警察说治安法75条只能警告", "治安管理处罚法", "第七十五条"),
        ("固廢法第一百一十一條", "固体废物污染环境防治法", "第一百一十一条"),
        ("刑法第十七条之一", "刑法", "第十七条之一"),
        ("噪声法2022年的", "噪声污染防治法", None),
        ("城市绿化条例里规定", "城市绿化条例", None),
    ],
)
def test_finds_citations_as_people_write_them(
    text: str, law: str, article: str | None, citations: CitationFinder
) -> None:
    (mention,) = citations.find(text)

    assert (mention.law, mention.article) == (law, article)


def test_the_longest_name_wins_and_each_is_given_once(citations: CitationFinder) -> None:
    found = citations.find("道路交通安全法实施条例第63条，还有道路交通安全法实施条例第六十三条")

    assert [(m.law, m.article) for m in found] == [("道路交通安全法实施条例", "第六十三条")]
    assert citations.find("没有说什么法") == []
    assert CitationFinder(StatuteLibrary([])).find("民法典") == []
    assert isinstance(found[0], Mention)


def test_bm25_puts_the_rarer_shared_words_first() -> None:
    index = Bm25([Field(["养狗要登记", "养猫要登记", "违建要拆除"])])

    scores = index.scores("狗登记")

    assert scores.argmax() == 0
    assert scores[1] > 0
    assert scores[2] == 0


def test_bm25_heeds_weights_of_fields() -> None:
    texts, titles = ["共同的话", "共同的话"], ["无关", "噪声"]

    assert Bm25([Field(texts), Field(titles, 2.0)]).scores("噪声").argmax() == 1


def test_bm25_folds_case_and_width_and_survives_anything() -> None:
    index = Bm25([Field(["LED屏太亮", "别的"])])

    assert index.scores("ｌｅｄ屏").argmax() == 0
    for query in ("", "？？？", "😀", "\ud800", "x" * 5000):
        assert not index.scores(query).any()
    assert Bm25([Field([])]).scores("甲").shape == (0,)
    assert Bm25([Field(["甲乙"])], Settings(gram_weights=(0.0, 1.0))).scores("甲").tolist() == [0.0]


def test_search_finds_the_article_by_words(laws: LawSearch) -> None:
    hits = laws.search("从建筑物中抛掷物品", day=TODAY)

    assert ("民法典", "第一千二百五十四条") in [(h.law, h.article) for h in hits]
    assert all(h.status is Status.IN_FORCE for h in hits)


def test_a_named_article_comes_first_also_when_it_is_no_longer_law(laws: LawSearch) -> None:
    assert laws.search("民法典1254", day=TODAY)[0].article == "第一千二百五十四条"

    hit = laws.search("噪声污染防治法第六十六条 装修", day=TODAY)[0]

    assert (hit.law, hit.status) == ("噪声污染防治法", Status.REPEALED)


def test_search_sees_the_law_of_its_day(laws: LawSearch) -> None:
    query = "饲养动物干扰他人正常生活警告"

    def best(day: date) -> tuple[str, str]:
        return next((h.law, h.article) for h in laws.search(query, day=day) if h.law == "治安管理处罚法")

    assert best(date(2025, 6, 1))[1] == "第七十五条"
    assert best(TODAY)[1] == "第八十九条"


def test_nothing_in_common_gives_no_hit(laws: LawSearch) -> None:
    assert laws.search("zzzz qqqq", day=TODAY) == []


def test_traditional_characters_find_the_same(laws: LawSearch) -> None:
    one, other = (laws.search(q, day=TODAY) for q in ("從建築物中拋擲物品", "从建筑物中抛掷物品"))

    assert one == other
    assert simplified("養狗ＡＢ") == "养狗AB"


def test_meaning_and_words_are_searched_together(laws: LawSearch, tmp_path: Path) -> None:
    passages = laws.all_passages()
    vectors = np.zeros((len(passages), DIMENSIONS), dtype=np.float32)
    wanted = laws.place_of("民法典", "第一千二百五十四条", TODAY)
    assert wanted is not None
    vectors[wanted, 0] = 1.0
    there = np.zeros(len(passages), dtype=np.bool_)
    there[wanted] = True
    laws.use_vectors(vectors, there)
    question = np.zeros(DIMENSIONS, dtype=np.float32)
    question[0] = 1.0

    hits = laws.search("抛掷物品造成损害", day=TODAY, meaning=question)

    assert hits[0].article == "第一千二百五十四条"
    assert laws.place_of("民法典", "第九千条", TODAY) is None
    assert laws.place_of("没有这部法", "第一条", TODAY) is None
    first = laws.passages(TODAY, frozenset({"城市绿化条例"}))[0]
    assert first.startswith("城市绿化条例")


def test_a_question_like_a_known_one_leads_to_the_same_article(laws: LawSearch) -> None:
    question = np.zeros(DIMENSIONS, dtype=np.float32)
    question[1] = 1.0
    laws.use_vectors(
        np.zeros((len(laws.all_passages()), DIMENSIONS), dtype=np.float32),
        np.ones(len(laws.all_passages()), dtype=np.bool_),
    )
    asked = "抛掷物品造成损害"
    before = laws.search(asked, day=TODAY, limit=50, meaning=question)
    assert before[0].article != "第一千二百五十三条"

    laws.use_phrasings(question[None, :], [[("民法典", "第一千二百五十三条")]], TODAY)

    assert laws.search(asked, day=TODAY, meaning=question)[0].article == "第一千二百五十三条"
    laws.use_phrasings(question[None, :], [[]], TODAY)
    assert laws.search(asked, day=TODAY, limit=50, meaning=question) == before


def test_vectors_are_kept_and_found_again(tmp_path: Path) -> None:
    store, encoder = VectorStore(tmp_path), load_encoder()
    seen: list[tuple[int, int]] = []

    done = encode_missing(
        store, encoder, ["甲", "乙", "甲"], questions=True, progress=lambda d, t: seen.append((d, t))
    )

    assert done
    assert seen == [(2, 2)]
    again = VectorStore(tmp_path)
    vectors, there = again.get(["甲", "丙"])
    assert there.tolist() == [True, False]
    assert np.linalg.norm(vectors[0]) == pytest.approx(1.0, abs=0.01)
    assert again.missing(["甲", "丙", "丙"]) == ["丙"]
    assert len(again) == 2


def test_encoding_stops_when_it_is_told_to(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()

    assert not encode_missing(VectorStore(tmp_path), load_encoder(), ["甲"], questions=False, stop=stop)


def test_a_damaged_cache_is_built_again(tmp_path: Path) -> None:
    (tmp_path / "vectors-e5-small.npz").write_bytes(b"PK\x03\x04 damaged")

    assert len(VectorStore(tmp_path)) == 0


def test_cards_are_found_by_words_and_by_meaning(make_card: Callable[..., RuleCard], tmp_path: Path) -> None:
    dog = make_card(
        id="dog",
        title="遛狗要拴绳吗",
        questions=("带狗出门不牵绳", "狗不拴绳", "狗绳", "牵狗", "小狗要牵吗"),
        answer="要拴绳。",
        cites=(),
    )
    index = CardIndex([make_card(), dog])
    assert index.find("狗没有拴绳子", None)[0].card is dog
    assert index.find("罚款几天内交", None)[0].card.id == "pay_in_time"
    store, encoder = VectorStore(tmp_path), load_encoder()
    encode_missing(store, encoder, index.question_texts(), questions=True)
    encode_missing(store, encoder, index.passage_texts(), questions=False)

    index.use_vectors(store.get(index.question_texts())[0], store.get(index.passage_texts())[0])

    vector = np.asarray(encoder.query(["walking my dog without a leash"]), dtype=np.float32).reshape(-1)
    assert index.has_vectors
    assert index.find("walking my dog without a leash", vector)[0].card is dog
    assert index.find("狗不拴绳", vector)[0].score > index.find("小猫", vector)[0].score
    assert CardIndex([]).find("甲", None) == []
