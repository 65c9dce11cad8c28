"""Whole answers, from a few cards and all statutes."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.base import KnowledgeBase
from knowledge_base.emergencies import emergency_in
from knowledge_base.follow_ups import follows_another
from knowledge_base.guards import load_guards
from knowledge_base.models import Cite, RuleCard, Status, Superseded
from knowledge_base.question import impossible_day, named_day
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.statutes.markdown import statute_from_text
from knowledge_base.then_and_now import likeness
from knowledge_base.vectors import VectorStore, load_encoder

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def cards() -> list[RuleCard]:
    def card(card_id: str, title: str, questions: str, answer: str, *cites: Cite, **more: object) -> RuleCard:
        fields: dict[str, object] = {
            "topic": "test",
            "category": None,
            "jurisdiction": "全国",
            "authority": "有关部门",
        }
        fields |= {
            "next_steps": (),
            "valid_from": date(2013, 1, 1),
            "valid_until": None,
            "reviewed_on": TODAY,
        }
        return RuleCard(
            id=card_id,
            title=title,
            questions=tuple(questions.split()),
            answer=answer,
            cites=cites,
            **(fields | more),
        )  # type: ignore[arg-type]  # the fields are what the tests give

    return [
        card(
            "animal_noise",
            "邻居的狗一直叫怎么办",
            "狗叫扰民 隔壁狗半夜叫个不停 邻居养狗吵人 狗叫归谁管 狗叫报警有用吗",
            "可以报警。养动物干扰别人生活的，先警告；不改的，处1000元以下罚款。",
            Cite("治安管理处罚法", "第八十九条", ("警告后不改正的处一千元以下罚款",)),
            valid_from=date(2026, 1, 1),
            superseded=(
                Superseded("治安管理处罚法", "第七十五条", "处二百元以上五百元以下罚款", date(2026, 1, 1)),
            ),
        ),
        card(
            "dump",
            "乱倒生活垃圾罚多少",
            "随手扔垃圾罚钱吗 乱丢垃圾罚多少钱 垃圾倒路边 垃圾乱倒处罚 倒垃圾被抓到",
            "由环境卫生部门处100元以上1000元以下罚款。",
            Cite("生态环境法典", "第一千一百六十九条"),
            valid_from=date(2026, 8, 15),
            local_gap="福清没有自己的规定。",
        ),
        card(
            "pay",
            "罚款要在几天内交",
            "罚款几天内交 收到罚单多久要交钱 交罚款的期限 罚款最晚哪天交 几天不交算逾期",
            "收到决定书之日起15日内交。",
            Cite("行政处罚法", "第六十七条"),
            valid_from=date(2021, 7, 15),
            next_steps=("到指定银行交",),
        ),
        card(
            "surcharge",
            "罚款逾期不交会怎样",
            "罚款不交加多少 逾期罚款怎么算 不交罚款后果 加处罚款 罚款拖着不交",
            "每日按罚款数额的3%加处罚款。",
            Cite("行政处罚法", "第七十二条"),
            valid_from=date(2021, 7, 15),
        ),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vectors")


@pytest.fixture(scope="module")
def words_only(
    library: StatuteLibrary, cards: list[RuleCard], tmp_path_factory: pytest.TempPathFactory
) -> KnowledgeBase:
    return KnowledgeBase(library, cards, load_guards(), VectorStore(tmp_path_factory.mktemp("none")))


@pytest.fixture(scope="module")
def base(library: StatuteLibrary, cards: list[RuleCard], folder: Path) -> KnowledgeBase:
    base = KnowledgeBase(library, cards, load_guards(), VectorStore(folder))
    base.build_vectors(with_articles=False)
    return base


def test_a_card_answers_with_what_it_stands_on(base: KnowledgeBase) -> None:
    answer = base.answer("罚款几天内要交", as_of=TODAY)

    assert answer.kind == "answer"
    assert answer.card is base.card("pay")
    assert [(c.law, c.article, c.status) for c in answer.citations][:1] == [
        ("行政处罚法", "第六十七条", Status.IN_FORCE)
    ]
    assert "15日内" in answer.text
    assert "下一步：到指定银行交。" in answer.text
    assert "《行政处罚法》第六十七条：" in answer.text
    assert 0.5 < answer.confidence <= 1


def test_a_local_gap_is_told_with_the_answer(base: KnowledgeBase) -> None:
    answer = base.answer("乱丢垃圾罚多少钱", as_of=TODAY)

    assert "要注意：福清没有自己的规定。" in answer.text
    assert answer.notes == ("福清没有自己的规定。",)


def test_what_nothing_supports_is_not_answered(base: KnowledgeBase) -> None:
    answer = base.answer("专利申请被驳回以后怎么请求复审", as_of=TODAY)

    assert answer.kind == "refer"
    assert answer.card is None
    assert all(base.article(c.law, c.article, TODAY) for c in answer.citations)


def test_what_is_no_matter_of_ours_cites_nothing(base: KnowledgeBase) -> None:
    answer = base.answer("今天天气怎么样", as_of=TODAY)

    assert (answer.kind, answer.citations, answer.card) == ("out_of_scope", (), None)


def test_danger_comes_before_law(base: KnowledgeBase) -> None:
    answer = base.answer("楼下着火了，罚款几天内交", as_of=TODAY)

    assert answer.kind == "emergency"
    assert "119" in answer.text


def test_an_article_number_beyond_all_laws_breaks_nothing(base: KnowledgeBase) -> None:
    assert base.answer("狗叫扰民，第一百万条和0条怎么说", as_of=TODAY).card is base.card("animal_noise")


def test_a_person_decides_about_a_named_officer(base: KnowledgeBase) -> None:
    assert base.answer("我要投诉一个城管队员态度恶劣", as_of=TODAY).kind == "handoff"


def test_one_vector_is_made_for_a_question_that_many_ask(base: KnowledgeBase) -> None:
    known, asked = base.cards["pay"].questions[0], "罚单上的钱最晚哪天给"
    made: list[str] = []

    class Counting:
        def query(self, texts: list[str]) -> object:
            made.extend(texts)
            return load_encoder().query(texts)

        passage = query

    counted = KnowledgeBase(base.library, list(base.cards.values()), load_guards(), base._store, Counting())
    for question in (asked, asked, known):
        counted.answer(question, as_of=TODAY)

    assert made == [asked]


def test_the_law_of_the_day_is_applied(base: KnowledgeBase) -> None:
    answer = base.answer("狗叫扰民", as_of=date(2025, 6, 1))

    assert [(c.law, c.article, c.status) for c in answer.citations] == [
        ("治安管理处罚法", "第七十五条", Status.IN_FORCE)
    ]
    assert "2025年6月1日" in answer.text


def test_a_day_in_the_question_counts_and_the_lighter_law_is_told(base: KnowledgeBase) -> None:
    answer = base.answer("去年六月因为狗叫扰民被罚", as_of=TODAY)

    assert answer.as_of == date(2025, 6, 15)
    assert [(c.law, c.article) for c in answer.citations] == [
        ("治安管理处罚法", "第七十五条"),
        ("行政处罚法", "第三十七条"),
    ]


def test_the_law_that_a_code_replaced_is_found_by_its_likeness(base: KnowledgeBase) -> None:
    answer = base.answer("乱丢垃圾罚多少钱", as_of=date(2026, 7, 1))

    assert {c.law for c in answer.citations} == {"固体废物污染环境防治法"}


def test_an_answer_that_did_not_change_stays(base: KnowledgeBase) -> None:
    assert "当时" not in base.answer("罚款几天内交", as_of=date(2023, 1, 1)).text


def test_law_of_which_no_text_is_at_hand_is_not_guessed(base: KnowledgeBase) -> None:
    answer = base.answer("罚款几天内交", as_of=date(2015, 1, 1))

    assert answer.kind == "refer"
    assert "我这里没有" in answer.text
    assert answer.citations == ()


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("固废法说乱丢垃圾罚多少钱", "已经废止，自2026年8月15日起不再适用"),
        ("狗叫扰民是不是罚二百元以上五百元以下", "是旧规定"),
        ("狗叫扰民，治安管理处罚法75条怎么说", "现在是第八十九条"),
        ("旧的治安管理处罚法管不管狗叫扰民", "已经修订"),
        ("2012年的治安管理处罚法管不管狗叫扰民", "已经修订"),
        ("狗叫扰民最多罚两百到五百吗", "是旧规定"),
        ("狗叫扰民是75条管吧", "是旧规定"),
    ],
)
def test_quoted_law_that_no_longer_applies_is_told(question: str, told: str, base: KnowledgeBase) -> None:
    answer = base.answer(question, as_of=TODAY)

    assert told in answer.text
    assert all(c.status is Status.IN_FORCE for c in answer.citations)


def test_a_repealed_article_leads_to_the_one_that_says_it_now(base: KnowledgeBase) -> None:
    answer = base.answer("噪声污染防治法第八十二条现在还有用吗", as_of=TODAY)

    assert "已经废止" in answer.text
    assert "最接近的是第一千一百九十条" in answer.text
    assert ("生态环境法典", "第一千一百九十条") in {(c.law, c.article) for c in answer.citations}
    assert "噪声污染防治法" not in {c.law for c in answer.citations if c.status is Status.IN_FORCE}


def test_law_in_force_is_not_called_old(base: KnowledgeBase) -> None:
    assert base.answer("行政处罚法说罚款几天内交", as_of=TODAY).notes == ()


def test_a_named_article_is_shown_with_its_status(base: KnowledgeBase) -> None:
    assert "现行有效" in base.answer("行政处罚法第三十三条", as_of=TODAY).text
    repealed = base.answer("噪声污染防治法第六十六条", as_of=TODAY)
    assert "已废止" in repealed.text
    assert repealed.citations[0].status is Status.REPEALED
    missing = base.answer("行政处罚法第三百条", as_of=TODAY)
    assert (missing.kind, missing.citations) == ("refer", ())
    assert "还没有生效" in base.answer("医疗保障法第一条", as_of=TODAY).text


def test_a_question_that_follows_another_needs_it(base: KnowledgeBase) -> None:
    assert base.answer("多久？", as_of=TODAY).kind == "clarify"

    first = base.answer("罚款几天内交", as_of=TODAY)

    assert base.answer("多久？", as_of=TODAY, context=first).card is base.card("pay")
    assert base.answer("那要是逾期不交呢", as_of=TODAY, context=first).card is base.card("surcharge")


@pytest.mark.parametrize("follow_up", ["要多久之内", "那如果是公司呢", "找谁"])
def test_a_question_without_a_matter_of_its_own_stays_with_the_card(
    follow_up: str, base: KnowledgeBase
) -> None:
    first = base.answer("罚款几天内交", as_of=TODAY)

    assert base.answer(follow_up, as_of=TODAY, context=first).card is base.card("pay")


def test_a_card_that_tells_no_amount_says_so_when_it_is_asked_for_one(
    library: StatuteLibrary, cards: list[RuleCard], folder: Path
) -> None:
    register = replace(
        cards[0],
        id="register",
        title="养狗要登记吗",
        questions=("狗证", "办狗证", "狗要上牌吗", "养狗登记", "登记狗"),
        answer="要向养犬登记机关登记。",
        cites=(Cite("动物防疫法", "第三十条"),),
        superseded=(),
        valid_from=date(2021, 5, 1),
    )
    base = KnowledgeBase(library, [register, *cards[2:]], load_guards(), VectorStore(folder))
    base.build_vectors(with_articles=False)
    first = base.answer("养狗要登记吗", as_of=TODAY)

    answer = base.answer("那罚多少", as_of=TODAY, context=first)

    assert answer.card is register
    assert answer.notes == ("我查到的规定里没有写罚多少、收多少钱，不敢乱说。",)
    assert answer.text.startswith(answer.notes[0])


def test_a_day_that_no_calendar_has_is_named_beside_the_answer(base: KnowledgeBase) -> None:
    answer = base.answer("2026年2月30日开的罚单，罚款几天内交", as_of=TODAY)

    assert answer.card is base.card("pay")
    assert answer.text.startswith("日历上没有2026年2月30日这一天")
    assert answer.as_of == TODAY


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4月31号罚的", "4月31号"),
        ("二月三十日收到的", "二月三十日"),
        ("2026年13月5日", "2026年13月5日"),
        ("2月29日", ""),
        ("2025年2月29日", "2025年2月29日"),
        ("十二月三十一日、七八月里", ""),
    ],
)
def test_days_that_do_not_exist_are_found(text: str, words: str) -> None:
    assert impossible_day(text) == words


@pytest.mark.parametrize("question", ["", "？？？", "😀😀", "好" * 2000, "\x00\u200b", "a" * 10_000])
def test_any_text_gets_a_kind_and_no_exception(question: str, base: KnowledgeBase) -> None:
    assert base.answer(question, as_of=TODAY).kind in {"refer", "clarify", "out_of_scope"}


def test_words_alone_answer_until_meaning_is_built(words_only: KnowledgeBase) -> None:
    assert not words_only.has_vectors
    assert words_only.answer("罚款几天内要交", as_of=TODAY).card is words_only.card("pay")
    assert words_only.answer("今天天气怎么样", as_of=TODAY).kind == "out_of_scope"
    assert words_only.answer("专利申请被驳回以后怎么请求复审", as_of=TODAY).kind == "refer"


def test_a_few_characters_over_and_over_are_no_question(base: KnowledgeBase) -> None:
    assert base.answer("城管" * 600, as_of=TODAY).kind == "clarify"


def test_an_invented_case_gives_way_to_its_rule(library: StatuteLibrary, folder: Path) -> None:
    def card(card_id: str, title: str, *questions: str, illustrates: tuple[str, ...] = ()) -> RuleCard:
        return RuleCard(
            *(card_id, title, "test", None, questions, title, (Cite("行政处罚法", "第六十七条"),)),
            *("全国", "有关部门", (), date(2021, 7, 15), None, TODAY),
            illustrates=illustrates,
        )

    rule = card("rule", "罚款要在几天内交", "罚款几天内交", "交罚款的期限")
    case = card("case", "以案释法：老王晚交了罚款", "罚款单忘了交会怎样", illustrates=("rule",))
    base = KnowledgeBase(library, [rule, case], load_guards(), VectorStore(folder))
    base.build_vectors(with_articles=False)

    asked = base.answer("罚款单忘了交会怎样呀", as_of=TODAY).card
    wanted = base.answer("有没有罚款单忘了交的案例", as_of=TODAY).card

    assert [card.id for card in (asked, wanted) if card] == ["rule", "case"]


def test_a_question_in_another_language_is_understood(base: KnowledgeBase) -> None:
    assert base.answer("how many days do I have to pay a fine", as_of=TODAY).card is base.card("pay")
    assert base.answer("what is the weather tomorrow", as_of=TODAY).kind == "out_of_scope"


def test_vectors_that_were_built_are_there_after_a_restart(
    library: StatuteLibrary, cards: list[RuleCard], base: KnowledgeBase, folder: Path
) -> None:
    assert base.has_vectors
    seen: list[str] = []

    again = KnowledgeBase(library, cards, load_guards(), VectorStore(folder))
    again.build_vectors(lambda what, done, total: seen.append(what), with_articles=False)

    assert again.has_vectors
    assert seen == []


def test_building_stops_when_it_is_told_to(
    library: StatuteLibrary, cards: list[RuleCard], tmp_path: Path
) -> None:
    stop = threading.Event()
    stop.set()
    base = KnowledgeBase(library, cards, load_guards(), VectorStore(tmp_path))

    base.build_vectors(stop=stop)

    assert not base.has_vectors


def test_articles_are_found_by_meaning_once_they_are_encoded(cards: list[RuleCard], tmp_path: Path) -> None:
    text = (
        "# 甲条例\n<!-- INFO END -->\n第一条 养犬应当办理登记。\n第二条 禁止乱倒垃圾。\n第三条 施工不得扰民。"
    )
    library = StatuteLibrary([statute_from_text(text, "甲条例_2020-01-01.md")])
    base = KnowledgeBase(library, cards[2:3], load_guards(), VectorStore(tmp_path))
    seen: set[str] = set()

    base.build_vectors(lambda what, done, total: seen.add(what))

    assert seen == {"cards", "articles"}
    assert base.search("小狗上户口登记", limit=1)[0].article == "第一条"


def test_the_product_loads(tmp_path: Path) -> None:
    base = KnowledgeBase.load(tmp_path)

    assert len(base.cards) >= 300
    assert base.search("行政处罚法第三十三条", limit=1)[0].article == "第三十三条"
    assert base.article("民法典", "1254") is not None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("去年六月罚的", date(2025, 6, 15)),
        ("2025年3月被拘留", date(2025, 3, 15)),
        ("2025-03-08被罚", date(2025, 3, 15)),
        ("前年被狗咬了", date(2024, 7, 1)),
        ("上个月开的罚单", date(2026, 10, 15)),
        ("今年三月份罚我", date(2026, 3, 15)),
        ("2026年1月1日起打人怎么罚", None),
        ("2021年新行政处罚法罚款", None),
        ("2023年建的房子", None),
        ("2025年13月罚的", None),
        ("罚款几天内交", None),
    ],
)
def test_finds_the_day_of_a_deed(text: str, day: date | None) -> None:
    assert named_day(text, TODAY) == day


def test_last_month_of_january_is_december() -> None:
    assert named_day("上个月罚的", date(2026, 1, 5)) == date(2025, 12, 15)


@pytest.mark.parametrize("text", ["那罚多少？", "为什么", "多少钱", "那要是不交呢", "谁管"])
def test_knows_what_follows(text: str) -> None:
    assert follows_another(text)


@pytest.mark.parametrize("text", ["养狗要登记吗", "那天晚上隔壁工地吵到半夜两点钟没有人管"])
def test_knows_what_stands_alone(text: str) -> None:
    assert not follows_another(text)


@pytest.mark.parametrize(
    "text", ["楼下着火了", "有人拿刀砍人", "闻到煤气味，煤气泄漏", "老人晕倒在路边", "he has a knife"]
)
def test_sees_danger(text: str) -> None:
    assert emergency_in(text)


@pytest.mark.parametrize(
    "text", ["放火怎么判", "昨天有人拿刀砍人", "打人罚多少", "燃气公司几天回复", "消防通道停车"]
)
def test_talk_of_danger_is_no_danger(text: str) -> None:
    assert emergency_in(text) is None


def test_likeness_of_texts() -> None:
    assert likeness("甲乙丙", "甲乙丙") == 1
    assert likeness("甲乙丙", "丁戊己") == 0
    assert likeness("", "甲乙") == 0
