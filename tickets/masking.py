"""Masking of personal data in text: phone and identity numbers, plates, bank cards, addresses of mail, door
numbers, names.

What is kept for training, and whatever a log must quote, goes through `mask`. Each find is replaced by its
kind, so that the sentence keeps its form.
"""

from __future__ import annotations

import re
import unicodedata

_PLATE_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛范彭郎鲁韦马苗凤"
    "方俞任袁柳鲍史唐费廉"
    "薛雷贺倪汤殷罗毕郝安常于傅齐康伍余顾孟黄穆萧尹姚邵汪毛米贝明臧计成戴谈宋庞熊纪舒屈项祝董梁杜阮蓝闵季"
    "贾江童颜郭梅盛林刁钟徐"
    "邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房裘缪干解应宗丁宣邓郁单洪包诸左石崔吉龚程邢裴陆荣翁荀甄家封储段焦"
    "巴谷车侯全班仰仲伊宫宁仇"
    "甘祖武符刘景詹龙叶幸韶黎印白怀蒲邰从卓池乔翟谭申冉桑桂牛边温庄晏柴瞿阎连习古易廖欧利蔚隆师聂曾关红游权盖"
)
_NAME = rf"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
_NUMERALS = "零〇一二三四五六七八九幺两"

# In this order: an identity number holds digits that look like a phone's, and a phone's look like a bank
# card's.
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("邮箱", re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")),
    (
        "身份证号",
        re.compile(
            r"(?<![0-9A-Za-z])[1-9]\d{5}[ -]?(?:19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d"
            r"|3[01])[ -]?\d{3}[\dXx](?![0-9A-Za-z])"
            r"|(?<!\d)[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?!\d)"
        ),
    ),
    (
        "电话",
        re.compile(
            r"(?<!\d)(?:\+?86[ -]?)?1[ -]?[3-9](?:[ -]?\d){9}(?!\d)"
            r"|(?<!\d)0\d{2,3}[ -]?[2-9]\d{6,7}(?:-\d{1,5})?(?!\d)"
            rf"|(?<![{_NUMERALS}])[一幺][三四五六七八九][{_NUMERALS}]{{9}}(?![{_NUMERALS}])"
            r"|(?<=电话)[:：是为 ]{0,2}[2-9]\d{6,7}(?!\d)"
        ),
    ),
    ("银行卡号", re.compile(r"(?<!\d)[3-6]\d{3}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?!\d)")),
    (
        "车牌",
        re.compile(
            rf"[{_PLATE_PROVINCES}][A-Za-z][·.\- ]?(?=[A-Za-z]{{0,5}}\d)[A-Za-z0-9]{{4,5}}[A-Za-z0-9学警"
            rf"挂](?![A-Za-z0-9])"
        ),
    ),
    (
        "微信号",
        re.compile(
            r"(?:(?<=微信)|(?<=微信号)|(?<=QQ)|(?<=qq))[号:：是为 ]{0,3}[A-Za-z0-9][A-Za-z0-9_-]{4,19}"
        ),
    ),
    ("护照号", re.compile(r"(?<![A-Za-z0-9])[EeGg][A-Za-z]?\d{7,8}(?!\d)")),
    (
        "门牌",
        re.compile(
            r"[0-9一二三四五六七八九十]{1,4}(?:号楼|栋|幢|座"
            r"|号)(?:[0-9一二三四五六七八九十A-Za-z]{1,3}单元)?[0-9一二三四五六七八九十]{1,5}(?:室|房|户)?"
            r"|[0-9一二三四五六七八九十]{1,3}单元[0-9一二三四五六七八九十]{1,5}(?:室|房|户)?"
            r"|(?<!\d)\d{3,4}(?:室|房)"
        ),
    ),
    (
        "姓名",
        re.compile(
            rf"(?<=我叫){_NAME}|(?<=我是){_NAME}(?=[，,。、 ])|(?<=本人){_NAME}(?=[，,。、])"
            rf"|(?<=姓名)[:：是为 ]{{0,2}}{_NAME}"
            rf"|(?<=联系人)[:：是为 ]{{0,2}}{_NAME}|(?<=名叫){_NAME}|(?<=叫做){_NAME}"
            rf"|[{_SURNAMES}](?:[\u4e00-\u9fff]{{0,1}})(?:先生|女士|小姐|阿姨|大爷|大妈|师傅)"
        ),
    ),
)


def mask(text: str) -> str:
    """Replace personal data in a text by 【kind】.

    Width is made uniform first, or digits in full width would slip through; punctuation stays as it was
    written. Ticket numbers stay, they are no personal data.
    """
    masked = _NOT_PUNCTUATION.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\x00{len(kept) - 1}\x00"

    masked = _TICKET_NO.sub(keep, masked.replace("\x00", ""))
    for kind, pattern in _RULES:
        masked = pattern.sub(f"【{kind}】", masked)
    return _KEPT.sub(lambda match: kept[int(match.group(1))], masked)


def kinds_found(text: str) -> frozenset[str]:
    """The kinds of personal data in a text, for a count that may be logged."""
    return frozenset(re.findall(r"【(\w+)】", mask(text))) & {kind for kind, _ in _RULES}


_TICKET_NO = re.compile(r"[Ff][Qq]\d{8}-\d{4,}")
_NOT_PUNCTUATION = re.compile("[^，：；！？（）]+")
_KEPT = re.compile("\x00(\\d+)\x00")
