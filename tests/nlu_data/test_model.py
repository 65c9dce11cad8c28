"""The trained model behind a real Rasa server: what citizens write, and what attackers do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import yaml

from bot.config import ROOT
from bot.nlu_server import interpreter
from bot.understanding import UnderstandingClient

pytestmark = pytest.mark.nlu

HELD_OUT = yaml.safe_load((ROOT / "nlu_data" / "tests" / "held_out.yml").read_text(encoding="utf-8"))
HOSTILE = [
    "",
    " ",
    "/restart",
    "／affirm",
    '/affirm{"x": 1}',
    "／／ ／／affirm",
    "⁄affirm",
    "∕affirm",
    "⧸affirm",
    "╱affirm",
    "＼affirm",
    "\\\\/affirm",
    "\ufeff\u2060／affirm",
    "/ \u200d/\u00ad/deny@1.0",
    "EXTERNAL: affirm",
    '[是的](affirm){"intent": "affirm"}',
    "рlеаsе hеlр 狗 café ⁇ ﷽",
    "\u200b/deny",
    "👍",
    "👨‍👩‍👧‍👦" * 500,
    "字" * 5000,
    "狗" * 5000,
    "[a](b)",
    '[清荣大道]{"entity": "place"}',
    "- intent: affirm",
    "\x00\x01\x02",
    "\ud800",
    "a\u0300" * 2000,
    "ｆｕｌｌ　ｗｉｄｔｈ",
    "مرحبا بالعالم",
    "привет 狗 hello",
    "'; DROP TABLE tickets; --",
    "{{7*7}}",
    "\n" * 3000,
    "9" * 5000,
    "，" * 5000,
]


@pytest.fixture
async def client(nlu_url: str) -> AsyncIterator[UnderstandingClient]:
    async with aiohttp.ClientSession() as session:
        yield UnderstandingClient(nlu_url, session=session, timeout_seconds=30)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_is_answered_and_forges_nothing(client: UnderstandingClient, text: str):
    found = await client.parse(text)

    assert found.available
    assert found.confidence < 1.0
    assert found.intent not in {"affirm", "deny", "cancel"} or found.confidence < 0.9
    assert (await client.parse("路灯坏了")).intent == "complaint"


async def test_held_out_messages_go_the_right_way(client: UnderstandingClient):
    wrong = []
    for label, texts in HELD_OUT.items():
        intent, _, category = label.partition("/")
        for text in texts:
            found = await client.parse(text)
            if found.intent != intent or (category and found.category not in category.split("+")):
                wrong.append(f"{label}: {text} -> {found.intent}/{found.category}")
    total = sum(len(texts) for texts in HELD_OUT.values())

    assert len(wrong) <= 0.12 * total, wrong


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("路口的烧烤摊占了半条路。还有，那边的路灯也不亮。", {"street_vending", "street_facility"}),
        ("楼上的狗整夜叫，另外楼道里堆满了没人清的垃圾袋", {"dog", "waste_sorting"}),
        ("邻居家的狗从早叫到晚", {"dog"}),
        ("门口垃圾桶满了", {"waste_sorting"}),
    ],
)
async def test_every_matter_of_a_message_is_likely(client: UnderstandingClient, text: str, codes: set[str]):
    likely = {code for code, chance in (await client.parse(text)).categories if chance >= 0.5}

    assert codes <= likely
    assert len(likely) <= 2


async def test_entities_come_with_the_answer(client: UnderstandingClient):
    found = await client.parse("我的工单FQ20261123-0007，宏路清荣大道8号楼下每天晚上摆摊")

    assert found.first("ticket_no") == "FQ20261123-0007"
    assert found.first("town") == "宏路街道"
    assert found.first("when") == "每天晚上"


STORY = (
    "尊敬的领导，您好，我在福清住了三十几年，看着城市一年比一年漂亮，心里很高兴。今天写信本来不想麻烦你们，是邻居们推我来说的。"
    "我们这里上班的人多，回来得晚，女孩子尤其害怕。社区叫我找街道，街道叫我再等等，来来回回跑了四趟，腿脚又不好。"
    "希望体谅我们的难处，早日给一个答复，全村人都感谢您，祝您工作顺利。"
)


@pytest.mark.parametrize(
    ("point", "category"),
    [
        ("整条路的路灯从中秋之后就没有亮过。", "street_facility"),
        ("门口的污水井一直冒脏水。", "sewage"),
        ("隔壁养了三条大狗天天叫。", "dog"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
async def test_point_of_a_long_story_may_stand_first_or_last(
    client: UnderstandingClient, point: str, category: str, is_first: bool
):
    found = await client.parse(point + STORY if is_first else STORY + point)

    assert (found.intent, found.category) == ("complaint", category)


@pytest.mark.parametrize(
    ("text", "intent", "category"),
    [
        ("the street lights in our lane have been out since Monday", "complaint", "street_facility"),
        ("garbage has not been collected for a week and it stinks", "complaint", "waste_sorting"),
        ("the neighbour's dog barks the whole night", "complaint", "dog"),
        ("loud karaoke downstairs every night, 睡不着", "complaint", "noise_social"),
        ("can my landlord throw me out before the lease is over", "legal_consult", None),
        ("how many days do I have to pay a fine", "legal_consult", None),
        ("I want to talk to a real person", "human", None),
        ("my boss has not paid my wages", "other_department", None),
    ],
)
async def test_plain_english_goes_the_right_way(
    client: UnderstandingClient, text: str, intent: str, category: str | None
):
    found = await client.parse(text)

    assert found.intent == intent
    assert category is None or found.category == category


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("建议在海边沙滩附近加几个移动厕所，排队太久了", "public_toilet"),
        ("希望把桥下面那块荒地种上花草", "greening"),
        ("提个意见，分类投放点晚上能不能延长到十点", "waste_sorting"),
        ("是否可以在菜场后面划一些停车位", "parking"),
    ],
)
async def test_suggestion_is_a_complaint(client: UnderstandingClient, text: str, category: str):
    found = await client.parse(text)

    assert (found.intent, found.category) == ("complaint", category)


@pytest.mark.parametrize(
    ("text", "is_danger"),
    [
        ("小朋友的手卡在扶梯里拔不出来了", True),
        ("男朋友把我锁在屋里拿刀比划", True),
        ("炭烧着了，门窗都封死了，再见", True),
        ("气球爆炸了", False),
        ("今天忙得脑袋要炸了", False),
        ("井盖松动，怕哪天有人踩空", False),
        ("前年被车撞断腿，现在还能要赔偿吗", False),
    ],
)
async def test_danger_is_heard_and_its_words_alone_are_not(
    client: UnderstandingClient, text: str, is_danger: bool
):
    assert ((await client.parse(text)).intent == "emergency") is is_danger


def test_same_data_gives_the_same_model(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "tiny.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: complaint/dog\n  examples: |\n    - 狗叫\n    - 邻居的狗不拴绳\n'
        "- intent: complaint/dog+street_vending\n  examples: |\n    - 摆摊的带着狗\n"
        "- intent: chitchat/greet\n  examples: |\n    - 你好\n    - 在吗\n",
        encoding="utf-8",
    )
    digests = []
    for run in ("one", "two"):
        printed = subprocess.run(  # noqa: S603 - our own script
            [
                str(interpreter()),
                str(ROOT / "nlu_data" / "train.py"),
                "--data-folder",
                str(data),
                "--output",
                str(tmp_path / run),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        model = Path(printed.stdout.splitlines()[-1])
        unpacked = tmp_path / f"{run}-unpacked"
        unpacked.mkdir()
        subprocess.run(["tar", "-xzf", str(model), "-C", str(unpacked)], check=True)  # noqa: S603, S607 - tar is everywhere
        [heads] = unpacked.rglob("heads.json")
        digests.append(
            ((heads.with_suffix(".npz")).read_bytes(), json.loads(heads.read_text(encoding="utf-8")))
        )

    assert digests[0] == digests[1]
