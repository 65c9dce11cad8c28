"""Emergencies that must be heard even when the NLU server is down.

Rules rather than statistics, because a missed one can cost a life and because each decision can be explained. A rule looks at
one clause at a time: "消防通道被占，着火了怎么办" supposes a fire, "着火了，消防车进不来" reports one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Whom to call for each kind. The first one leads.
PHONE_NUMBERS: dict[str, tuple[str, ...]] = {
    "fire": ("119",),
    "gas": ("119",),
    "collapse": ("119", "120"),
    "electric": ("119", "120"),
    "violence": ("110", "120"),
    "suicide": ("110", "120"),
    "medical": ("120",),
    "other": ("110", "119", "120"),
}

_LONGEST_TEXT = 10_000
_CLAUSES = re.compile(r"[^，,。！!；;\n]+")

# Words in the same clause that make it a supposition, a comparison, a memory or a question about rules.
_NOT_NOW = re.compile(
    r"如果|要是|万一|假如|一旦|倘若|假设|容易|可能|会不会|担心|怕|以免|避免|防止|预防|隐患|风险|差点|险些|几乎"
    r"|[像象]|似的|一样|好比|仿佛|就要|迟早|早晚|总有一天"
    r"|上周|上个?月|上次|上回|去年|前年|昨天|昨晚|前天|前几天|以前|之前|曾经|当年|那年|那次|那天|年前|月前|天前|过去|小时候|已经[^，。]{0,6}扑灭|灭了"
    r"|怎么(?:投诉|举报|赔|罚|处罚|定责|认定|判|写|索赔|追责)|谁(?:负责|赔|承担|来赔)|谁的责任|赔偿|责任|违法吗|犯法吗|合法吗|犯罪吗|立案|判几年|判刑|算不算|处罚|罚款|罚多少|规定|法律|条例"
    r"|没有(?:着火|起火|打架|受伤|漏)|不是(?:着火|火灾|打架)|演练|演习|培训|宣传|预案|电影|小说|游戏|新闻"
    r"|什么是|怎么预防|怎样预防|如何预防|是什么|什么意思"
)
# These say that it happens right now, whatever else the clause holds.
_NOW = re.compile(r"正在|现在|刚刚|刚才|救命|快来|快叫|快救|赶紧来|赶快来|马上来|此刻|正着火|火势|不想活|来不及")


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: str
    pattern: re.Pattern[str]
    # A threat against oneself counts in any tense: "迟早有一天我会跳下去" is not a memory.
    in_any_tense: bool = False


_PERSON = r"(?:人|老人|小孩|孩子|小朋友|工人|阿姨|大爷|大妈|女的|男的|孕妇|我|他|她|爸|妈|爷|奶|邻居|住户|学生|老婆|老公|同事|司机|儿子|女儿|队员)"

_RULES = (
    _Rule(
        "suicide",
        re.compile(
            r"不想活|想死(?!你|我了你)|活不下去|活着没(?:意思|意义|劲)|结束(?:自己的?)?生命|自杀|轻生|寻短见|割腕|上吊|遗书|同归于尽"
            r"|(?:要|想|就|去|会|有人)(?:从?.{0,8})跳(?:楼|河|江|桥|下去|海)|跳(?:楼|河|江|桥)(?:了|自)|往下跳|(?:我|要|就|准备)(?:去|在)?.{0,8}自焚"
            r"|死给(?:你|他)们?看|(?:喝|服|吃)(?:了|下)?.{0,4}(?:农药|安眠药)|(?:我|今天|就)(?:就|要|去)?死(?:在|了算了)"
        ),
        in_any_tense=True,
    ),
    _Rule(
        "gas",
        re.compile(
            r"(?:煤气|燃气|天然气|液化气|沼气|瓦斯)(?:管道?|罐|瓶|管子|灶|表|阀门?)?.{0,6}(?:泄漏|泄露|漏气|漏了|在漏|漏出|爆了|爆裂|被?挖断|挖破|挖漏|喷气|关不掉)"
            r"|(?:挖断|挖破|挖漏|挖爆|撞断)(?:了)?.{0,4}(?:煤气|燃气|天然气)"
            r"|(?:煤气|燃气|天然气|液化气|瓦斯)(?:的)?(?:臭)?味(?:道)?.{0,4}(?:很|好|特别|非常|太|越来越)?(?:重|大|浓|冲|刺鼻)|(?:很|好|特别|非常|太)(?:重|大|浓)的?(?:煤气|燃气|天然气|瓦斯)味"
            r"|(?:闻到|一股|有股|都是|全是).{0,6}(?:煤气|燃气|天然气|瓦斯)味?|(?:煤气|一氧化碳)中毒"
        ),
    ),
    _Rule(
        "electric",
        re.compile(
            r"触电|(?:被|遭).{0,2}电(?:到|倒|击|晕|了)|漏电|(?:电线|电缆|高压线|线路).{0,6}(?:冒火|火花|掉(?:下来|在地|进)|断了|垂到地|落地)"
            r"|(?:变压器|变电箱|配电箱|电表箱).{0,4}(?:爆炸|爆了|冒火|冒烟|火花)"
        ),
    ),
    _Rule(
        "fire",
        re.compile(
            r"(?:着火|起火|失火|走水)(?:了|啦|啊|！|$)|着了火|起了(?:大)?火|火灾|大火|火势|明火|烧起来|烧着了|正在?(?:燃|焚)?烧(?!烤|垃圾|菜|水|饭|秸秆|纸|落叶|树叶|东西|塑料)"
            r"|(?:房子|屋子|厂房|仓库|车子|汽车|电动车|电瓶车|楼).{0,4}(?:着火|起火|自燃|烧了)|自燃了|快(?:打|叫)119|救火|(?:冒|滚滚)(?:黑烟|浓烟).{0,8}火|浓烟滚滚|困在火"
        ),
    ),
    _Rule(
        "collapse",
        re.compile(
            r"(?:房子?|楼|墙|围墙|棚子?|脚手架|阳台|桥|路面|地面|工棚|顶棚|屋顶|山体|挡土墙|塔吊|吊车|广告牌|违建).{0,6}(?:塌了|坍塌|倒塌|塌陷|垮了|倒了|塌下来|掉下来砸|滑坡|翻了)"
            r"|(?:压|埋|困)(?:着|住|在).{0,6}" + _PERSON + r"|" + _PERSON + r".{0,4}被?(?:压|埋)(?:在|住|着)|山体滑坡|泥石流|爆炸了|爆炸声|电梯.{0,8}(?:困|卡)(?:着|住|了).{0,4}" + _PERSON
        ),
    ),
    _Rule(
        "violence",
        re.compile(
            r"(?:打|砍|捅|杀|围殴|殴打|刺)(?:死|伤|倒)?人(?!行)|打(?:起来|架)(?:了|呢|啊|$)|有人打架|正在打架|动手打|动(?:了)?刀|持刀|拿.{0,4}刀|被(?:人|他|她|老公|邻居|城管|老板)?.{0,4}(?:打了|打伤|砍|捅|围殴|殴打|打得)"
            r"|打群架|聚众斗殴|斗殴|家暴|抢劫|被抢|抢(?:小孩|孩子|包)|绑架|拐(?:小孩|孩子|卖)|强行闯进|闯进我家|杀人|要杀我|砍我|打我|拿.{0,4}(?:棍|棒|酒瓶).{0,4}(?:打|追|砸)|头破血流"
        ),
    ),
    _Rule(
        "medical",
        re.compile(
            r"(?:晕|昏)(?:倒|过去|迷)|昏迷|没(?:有)?呼吸|喘不(?:上|过)气|心脏病(?:发作|犯)|大出血|流(?:了)?(?:很多|好多|一地)血|血流不止|流血不止|止不住血|血止不住|满(?:头|脸|地|身)是血|(?:都|全)是血"
            r"|" + _PERSON + r".{0,6}(?:掉(?:进|到|下)|摔(?:进|下)|落入|卷入).{0,6}(?:井|下水道|坑|河|水|江|池|沟|楼|去|来)|落水|溺水|" + _PERSON + r".{0,4}(?:从.{0,8})(?:掉|摔)下来"
            r"|撞(?:到|倒|了|死|伤)(?:一个|了)?" + _PERSON + r"|" + _PERSON + r".{0,4}被.{0,4}(?:撞(?:倒|飞|了|伤)|砸(?:到|中|伤|了))|砸(?:到|中|伤)(?:了)?" + _PERSON + r"|中毒了|食物中毒|叫救护车|(?:快|要)?打?120.{0,2}(?:快|来)"
            r"|(?:狗|犬).{0,6}(?:正在|在|还在|追着)(?:追)?.{0,3}咬|咬住.{0,4}(?:不松|不放)|被(?:狗|犬|蛇).{0,2}咬(?:了|伤|到)?.{0,6}(?:血|急|现在|怎么处理)|倒在(?:地上|路边|血泊).{0,6}(?:不动|不省|没反应|起不来|流血|是血|叫不醒)?"
            r"|摔(?:倒|伤|断).{0,6}(?:起不来|动不了|流.{0,3}血|不能动)|救命|出人命"
        ),
    ),
)


def find_emergency(text: str) -> str | None:
    """The kind of emergency that a text reports as happening now, or None.

    Args:
        text: as the citizen typed it, Simplified or Traditional; what comes after 10,000 characters is not read.
    """
    clauses = [match.group() for match in _CLAUSES.finditer(text[:_LONGEST_TEXT])]
    for rule in _RULES:
        if any(rule.pattern.search(clause) and _is_now(rule, clause) for clause in clauses):
            return rule.kind
    return None


def _is_now(rule: _Rule, clause: str) -> bool:
    if rule.in_any_tense:
        return not _ASKED_ABOUT.search(clause)
    return bool(_NOW.search(clause)) or not _NOT_NOW.search(clause)


# Even a suicide can be what a question of law is about.
_ASKED_ABOUT = re.compile(r"赔偿|责任|保险|怎么判|算工伤|立案|电影|小说|新闻|去年|前年|上个?月|年前|怎么预防")
