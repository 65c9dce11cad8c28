"""Questions that continue the one before: 那罚多少, 去哪里交, 要多久之内."""

from __future__ import annotations

import re

from knowledge_base.models import RuleCard

_FOLLOWS = re.compile(
    r"^(?:那|那么|那要是|要是|如果|还有|然后|这个|这种|这样|它|那个|为什么|凭什么|依据|哪一?条|多少钱?|罚多少|要?多久|要?几天|要?多长时间|要钱吗|收费吗|要带什么|怎么交|怎么办理?|去哪|在哪|找谁|谁管)"
)
_SHORT_FOLLOW = 16
# What asks how much, where, who, when or why, and names no matter.
_ONLY_ASKS = re.compile(
    r"(?:要|得|该|会|能|可以|需要|多久|多长|多少|几|天|日|时间|期限|之?内|以内|去|到|在|向|找|问|哪里|哪儿|哪个|哪|个|部门|单位|地方"
    r"|交|办|缴|领|谁|管|罚款?|钱|块|怎么|什么|为|凭|啥|依据|手续费?|收费|[吗呢啊的了])+"
)
_TIES = re.compile(r"^(?:那么|那)?(?:要是|如果|还有|然后)?(?:这个|这种|这样|它|那个)?")
_IF_IT_IS = re.compile(
    r"(?:那|那么)?(?:如果|要是|假如|换成|换作)(?:是|换成)?([\u4e00-\u9fff]{1,6}?)(?:做的|干的|的话)?(?:呢|怎么办|怎么样|会怎样)"
)
_SAME_SUBJECT = (("公司", "单位", "企业"), ("小孩", "孩子", "未成年人"), ("商家", "店", "店铺", "商户"))
_PAYS = re.compile(r"[交缴]")
# What is asked for, what a card says that speaks of it, and what is said where it doesn't.
_ASKED_AND_TOLD = (
    (
        re.compile(r"罚|多少钱|几块"),
        re.compile(r"罚款|元|赔"),
        "我查到的规定里没有写罚多少、收多少钱，不敢乱说。",
    ),
    (
        re.compile(r"多久|几天|多长时间|期限"),
        re.compile(r"[日天月年]内|小时|[\d一二三五六七十]+个?(?:工作)?[日天月年]"),
        "我查到的规定里没有写要多久，不敢乱说。",
    ),
)


def follows_another(text: str) -> bool:
    """Whether a question makes sense only after another: 那罚多少, 为什么, 去哪办."""
    text = text.strip(" ，。？?！!")
    return len(text) <= _SHORT_FOLLOW and _FOLLOWS.match(text) is not None


def continuation(text: str) -> str:
    """What a follow-up asks without the words that tie it to the question before."""
    return _TIES.sub("", text.strip()).strip(" ，。？?！!呢吗")


def only_asks(text: str) -> bool:
    """Whether a follow-up names no matter of its own: 去哪里交, 要多久之内, 罚多少."""
    return _ONLY_ASKS.fullmatch(text) is not None


def another_subject(text: str) -> str:
    """Whom a follow-up asks about instead: 那如果是公司呢 -> 公司; "" if it asks for something else."""
    match = _IF_IT_IS.fullmatch(text.strip(" ，。？?！!"))
    return match[1] if match else ""


def speaks_of(card: RuleCard, subject: str) -> bool:
    """Whether a card is about this subject, by its title and phrasings."""
    names = next((names for names in _SAME_SUBJECT if subject in names), (subject,))
    return any(name in text for name in names for text in (card.title, *card.questions))


def asks_to_pay(rest: str, card: RuleCard) -> bool:
    """Whether a follow-up is about paying the fine that a card speaks of: 去哪里交."""
    return _PAYS.search(rest) is not None and "罚款" in card.answer


def missing_in(card: RuleCard, text: str) -> str:
    """What to say of something that a question asks for and the card doesn't speak of; "" if there is
    nothing.
    """
    said = card.answer + "".join(card.next_steps)
    lacking = (
        words for asked, told, words in _ASKED_AND_TOLD if asked.search(text) and not told.search(said)
    )
    return next(lacking, "")
