"""Dangers that come before any question of law, found by rule: no ranking may weigh them against a card."""

from __future__ import annotations

import re

_NOW = r"(?:正在|现在|马上|快|已经|突然|刚刚|right now|now|help)"
_RULES = {
    "guard_emergency_fire": re.compile(
        r"(?:着火|起火|失火|烧起来)了|火灾.{0,6}(?:现场|怎么办|救)|(?:燃气|煤气|天然气|液化气|煤气罐).{0,6}(?:泄漏|漏气|泄露|漏了|爆炸)"
        r"|(?:闻到|一股|很浓的|满屋).{0,4}(?:煤气|燃气)味|\b(?:gas leak|smell gas|on fire|fire in my)\b"
    ),
    "guard_emergency_violence": re.compile(
        rf"{_NOW}.{{0,10}}(?:砍人|打我|杀我|杀人|捅人|抢劫|要烧|放火|撬门|砸门)"
        r"|(?:拿|持|举着).{0,3}(?:刀|斧头|枪).{0,6}(?:砍|捅|追|冲|威胁)|要(?:杀了?我|砍死|烧死)|(?:扬言|威胁)要?.{0,8}(?:放火|杀|砍|点火|烧)"
        r"|有人(?:要)?跳楼|绑架|\b(?:threaten\w* to (?:kill|burn)|attacking me|is stabbing|has a knife)\b"
    ),
    "guard_emergency_medical": re.compile(
        r"(?:昏迷|晕倒|昏倒|触电|溺水|落水|没有呼吸|不省人事)(?:了|在|不醒|怎么办|$)|(?:流|出)了?很?多血|掉进.{0,6}(?:井|水|河|沟)里了"
        r"|\b(?:unconscious|not breathing)\b"
    ),
}
# Talk about the law of such things, or about something that is over.
_ABOUT_LAW = re.compile(
    r"罚多少|怎么罚|怎么处罚|怎么判|犯法|违法吗|赔多少|赔偿|谁赔|谁负责|责任|法律|规定|条例|治安|第.{1,8}条|几天前|上个?月|去年|前年|昨天|以前|拘留"
)


def emergency_in(text: str) -> str | None:
    """The id of the guard for the danger that a text (in Simplified characters) tells of as going on, or
    None.
    """
    if _ABOUT_LAW.search(text):
        return None
    lowered = text.lower()
    return next((guard for guard, rule in _RULES.items() if rule.search(lowered)), None)
