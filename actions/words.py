"""Words that steer a flow and must work with the NLU down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actions.base import Turn

# Whole messages only: "取消违停罚款" is not a wish to stop.
_CANCEL = re.compile(
    r"/?(cancel|取消|取消吧|取消上报|不报了|不投诉了|算了|算了吧|不用了|不要了|退出|放弃|停止|不说了|不问了)[了吧。!！~\s]*"
)
_YES = re.compile(
    r"(是|是的|对|对的|没错|好|好的|行|可以|确认|确定|提交|嗯|嗯嗯|恩|ok|yes|y|无误|没问题)[的了吧呢。!！~\s]*",
    re.IGNORECASE,
)
_NO = re.compile(r"(不|不是|不对|错了|否|no|n|没有|不行|有误|改一下|修改)[的了吧呢。!！~\s]*", re.IGNORECASE)
_SKIP = re.compile(
    r"(跳过|没有|无|没|不用|不需要|下一步|skip|不发|不传|暂无|没照片|没有照片)[的了吧呢。!！~\s]*",
    re.IGNORECASE,
)
_ANONYMOUS = re.compile(r"匿名[吧。!！~\s]*")
# What the last words of a question about the law are about, and what makes them a question.
_LAW = re.compile(r"违法|犯法|违规|合法|罚款|处罚|罚多少|怎么罚|要罚|会罚|被罚|规定|法律|哪条法|赔")
_ASKING = re.compile(r"[吗呢么]$|多少|怎么|什么|哪|是不是|能不能|会不会")
_LONGEST_QUESTION = 60
# Above this the NLU's "cancel" is taken without the very words.
_SURE_OF_CANCEL = 0.9
_SHORT = 12


def steers(text: str) -> bool:
    """Whether a text is nothing but such words: it answers a question, and is no part of a story."""
    return any(pattern.fullmatch(text) for pattern in (_CANCEL, _YES, _NO, _SKIP, _ANONYMOUS))


def wants_to_cancel(turn: Turn) -> bool:
    """The citizen wants to stop what is under way."""
    if _CANCEL.fullmatch(turn.text):
        return True
    meant = turn.understanding.intent == "cancel" and turn.understanding.confidence >= _SURE_OF_CANCEL
    return meant and len(turn.text) <= _SHORT


def says_yes(turn: Turn) -> bool:
    """The message is a plain yes."""
    return bool(_YES.fullmatch(turn.text)) or (
        turn.understanding.intent == "affirm" and len(turn.text) <= _SHORT
    )


def says_no(turn: Turn) -> bool:
    """The message is a plain no."""
    return bool(_NO.fullmatch(turn.text)) or (
        turn.understanding.intent == "deny" and len(turn.text) <= _SHORT
    )


def wants_to_skip(turn: Turn) -> bool:
    """The message passes over an optional question."""
    return bool(_SKIP.fullmatch(turn.text)) or says_no(turn)


def asks_about_law(text: str) -> bool:
    """Whether a short text ends in a question about the law ("……，这样违法吗")."""
    if len(text) > _LONGEST_QUESTION:
        return False
    last = re.split(r"[，,。！!；;]", text.rstrip("?？。！! "))[-1]
    return bool(_LAW.search(last) and _ASKING.search(last))
