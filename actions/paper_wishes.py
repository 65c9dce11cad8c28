"""Which paper a text asks for, by its words: the NLU has no intent for them."""

from __future__ import annotations

import re

# "不会写申请书怎么办" is a question; these ask for the paper itself.
_WANTS = re.compile(
    r"(?:帮|给|替|为|教)我?.{0,4}(?:写|起草|拟|做|弄|出|生成|填)|写(?:一|1)?[份封个张]|起草|生成|(?:我)?(?:想|要)(?:写|填|下载|一[份封张])"
    r"|(?:怎么|如何|咋)(?:写|填)|模板|范本|样本|空白|下载|格式文本|电子版"
)
_NAMED = {
    "reconsideration": re.compile(r"复议(?:的)?申请(?:书|表)?|申请复议的?(?:书|材料|文书)"),
    "hearing": re.compile(r"听证(?:会)?(?:的)?申请(?:书|表)?|申请听证的?(?:书|材料|文书)"),
    "disclosure": re.compile(r"信息公开.{0,4}(?:申请)?(?:书|表)|(?:政府)?信息公开(?:的)?申请"),
    "complaint": re.compile(r"(?:投诉|举报|检举|控告)(?:举报)?(?:信|书|材料)"),
}
_JUST_ITS_NAME = re.compile(
    r"(?:行政)?复议申请书|听证申请书|(?:政府)?信息公开申请(?:表|书)|(?:投诉|举报|投诉举报)信"
)
_ANY = re.compile(
    r"(?:帮|给|替)我?.{0,4}(?:写|起草|拟).{0,6}(?:文书|申请书|材料)|^写?文书$|^(?:写|起草)?(?:申请书|文书模板)$"
)
_LIST = re.compile(r"材料清单|清单")
_LISTS = {
    "dog": re.compile(r"狗|犬"),
    "sign": re.compile(r"招牌|店招|广告|门头"),
    "vending": re.compile(r"摆摊|摊|占道|夜市|流动"),
}


def paper_in(text: str) -> str:
    """The code of the paper that a text asks for; "menu" if it asks for one without saying which; "" if it
    asks for none.
    """
    words = text.strip(" 。！!？?，,、的")
    for code, named in _NAMED.items():
        if named.search(words) and (_WANTS.search(words) or _JUST_ITS_NAME.fullmatch(words)):
            return code
    return "menu" if _ANY.search(words) else ""


def list_in(text: str) -> str:
    """The code of the list that a text asks for, "menu" or "", as above."""
    if not _LIST.search(text):
        return ""
    found = [code for code, named in _LISTS.items() if named.search(text)]
    if found:
        return found[0]
    return "menu" if "材料清单" in text else ""
