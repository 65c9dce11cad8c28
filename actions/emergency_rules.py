"""Emergencies that must be heard even when the NLU server is down.

Rules rather than statistics, because a missed one can cost a life and because each decision can be
explained. A rule looks at one clause at a time, since "消防通道被占，着火了怎么办" only supposes a fire.
Each kind has certain signs, which need no help, and possible ones, which count only where the words around
them say that it is happening now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Whom to call for each kind; the first one leads.
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
# Somebody in danger is brief. A text above this length is a report or a story, and must say that it happens
# now.
_BRIEF = 60
_CLAUSES = re.compile(r"[^，,。！!；;？?\n]+[？?]?")

# A supposition, a comparison, a memory, a habit, or a question about rules.
_NOT_NOW = re.compile(
    r"如果|要是|万一|假如|一旦|倘若|假设|容易|可能|会不会|会出|担心|怕|以免|避免|防止|预防|隐患|风险|差点"
    r"|险些|几乎|威胁|扬言"
    r"|(?<!好)像|似的|一样|好比|仿佛|迟早|早晚会|总有一天|经常|总是|老是|每天|天天|每次|多次|有时|一到"
    r"|常年|好几次|两回"
    r"|上周|上个?月|上次|上回|去年|前年|昨天|昨晚|前天|前几天|以前|之前|曾经|当年|那[年次天]|[年月天]前"
    r"|过去|小时候|个月了|已经.{0,6}(?:扑灭|送医)|灭了|后来|月.{1,3}[日号晚]"
    r"|怎[么样](?!办)|如何|谁|赔|责任|[违犯]法|合法|犯罪|立案|判|算不算|罚|规定|法律|条例|取证|证据|投诉"
    r"|吗|能不能|可不可以"
    r"|没有?(?:着火|起火|打架|受伤|漏)|不是|打不着火|演练|演习|培训|宣传|预案|电影|小说|游戏|新闻|什么"
    r"|快要?倒"
)
_NOW = re.compile(
    r"正在|现在(?!的|我国|社会)|刚刚|刚才|救命(?!钱|稻草|恩|药)|快来|快叫|快救|快打|赶紧来|赶紧派|赶快"
    r"|马上来|此刻|火势"
    r"|动不了了?|不动了|出不[去来]|叫不醒|来不及|快派|速来|急救"
    r"|越来越大|不省人事|起不来|进不来|止不住|还在打|快报警"
)
_ASKED_ABOUT = re.compile(
    r"赔|责任|保险|判|工伤|立案|电影|小说|新闻|去年|前年|上个?月|[年月]前|预防|违法|犯法|反击|曾|差点"
    r"|怎么处理|会不会"
)

_PERSON = (
    "(?:人|老人|小孩|孩子|小朋友|工人|阿姨|大爷|大妈|孕妇|我|他|她|爸|妈|爷爷|奶奶|邻居|学生|老婆|老公"
    "|同事|司机|儿子|女儿|队员|婆婆|大姐|大叔|阿婆|老头|老太|男的|女的|男人|女人|路人|行人|居民|乘客|骑车的)"
)
_GAS = r"(?:煤气|燃气|天然气|液化气|瓦斯)"
_WATER = r"(?:井|下水道|坑|河|水|江|池|沟|海|水库)"


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: str
    certain: re.Pattern[str]
    possible: re.Pattern[str]


def _rule(kind: str, certain: str, possible: str) -> _Rule:
    return _Rule(kind, re.compile(certain, re.IGNORECASE), re.compile(possible, re.IGNORECASE))


_RULES = (
    _rule(
        "gas",
        rf"{_GAS}(?:管道?|罐|瓶|管子|灶|表|阀门?)?.{{0,4}}(?:泄漏|泄露|漏气?了|在漏|爆了|喷气|关不掉)"
        rf"|gas leak"
        rf"|(?:挖断|挖破|挖漏|挖爆|撞断).{{0,4}}{_GAS}|{_GAS}.{{0,6}}(?:挖断|挖破|挖漏|挖爆)|(?:煤气"
        rf"|一氧化碳)中毒"
        rf"|(?:很|好|特别|非常|太)(?:重|大|浓)的?{_GAS}味|{_GAS}味道?.{{0,3}}(?:很|好|特别|非常|太)(?:重"
        rf"|大|浓|冲|刺鼻)|闻到.{{0,6}}{_GAS}味",
        rf"{_GAS}.{{0,6}}(?:漏气|泄漏|泄露|爆裂)|{_GAS}味",
    ),
    _rule(
        "electric",
        r"触电(?:了|倒)|被电(?:到|倒|击|晕|了)|电到人|把.{1,5}电(?:到|倒|晕)|(?:电线|电缆"
        r"|高压线).{0,8}(?:冒火|火花|噼里啪啦"
        r"|带电|垂到地|掉在?水)"
        r"|(?:变压器|变电箱|配电箱|电表箱).{0,4}(?:爆炸|爆了|冒火|冒烟|火花)|积水.{0,4}(?:漏电|带电)",
        r"漏电|触电|(?:电线|电缆|高压线).{0,6}(?:断了|掉下来|掉在|落地|裸露)",
    ),
    _rule(
        "fire",
        r"(?:着火|起火|失火|走水)(?:了|啦|烧)|着了火|火灾[！!]|火势|烧起来了?|烧着了|(?:车子?|电动车"
        r"|电瓶车).{0,2}自燃了?|着火$|火苗|救火"
        r"|快打119|冒黑烟有明火|被?困在火|看见火了?|building is on fire|house is on fire|^fire\b|点火要烧"
        r"|起火灭不|正着火|正在着火",
        r"着火|起火|失火|火灾|大火|明火|自燃|浓烟",
    ),
    _rule(
        "collapse",
        rf"(?:压|埋)(?:着|住|在|到)(?:了|下面|里面)?.{{0,4}}{_PERSON}|把{_PERSON}(?:埋|压)"
        rf"|{_PERSON}.{{0,4}}被?(?:压|埋)(?:在"
        rf"|住)|爆炸了|爆炸声"
        rf"|(?:房子|楼|墙|围墙|棚子?|脚手架|阳台|桥|工棚|屋顶|挡土墙|塔吊|吊车|违建).{{0,4}}(?:塌了"
        rf"|坍塌了|倒塌了|垮了|翻了).{{0,6}}{_PERSON}|(?:脚手架|塔吊|吊车|房子)(?:塌了|倒了|翻了)"
        rf"|(?:困|卡)(?:着|住|在)(?:了|里面|电梯里?)?.{{0,3}}{_PERSON}|{_PERSON}.{{0,4}}被?困在?(?:电梯"
        rf"|二楼|水|里面)|山体滑坡.{{0,6}}(?:埋|压)|水漫上来.{{0,2}}人|要倒了快|洪水进屋",
        r"塌了|坍塌|倒塌|塌陷|滑坡|(?:掉|倒)下来砸|电梯.{0,6}(?:困|卡)(?:着|住|了|在)|掉砖头",
    ),
    _rule(
        "suicide",
        r"不想活[了啦]?|我想死(?!你)|要?结束(?:自己的?|我的?)?生命|(?:要|想|准备|打算)自杀|(?:要|想)轻生"
        r"|割腕|上吊|遗书|同归于尽"
        r"|(?:要|想|准备|去|就)(?:从.{0,6})?(?:跳楼|跳河|跳江|跳桥|跳海|往下跳|跳下去)|从.{0,8}跳下去"
        r"|往下跳|自焚|死给[你他她]|死在这"
        r"|(?:喝|服|吃)了?.{0,4}(?:农药|安眠药)|今天就死|死了算了|kill myself|want to die",
        r"自杀|轻生|跳楼|活不下去|活着没(?:意思|意义)|没法活",
    ),
    _rule(
        "medical",
        rf"{_PERSON}.{{0,3}}(?:晕倒|昏倒|晕过去|昏过去|昏迷|中毒)了?|晕过去了|没有?呼吸|突然倒地|倒地不"
        rf"|没有?意识|心脏病(?:发作|犯)"
        rf"|大出血|流了?(?:很多|好多|一地)血|[血流][流血]?不止|止不住|血止不住"
        rf"|(?:头上?|嘴里?|满脸|满头|满地|腿上|身上)(?:都|全)?(?:是|在)?(?:流)?血(?!压|糖)"
        rf"|{_PERSON}.{{0,2}}(?:掉|摔|落)(?:进|到|下|在)?.{{0,4}}{_WATER}(?:里|下|中)?了?"
        rf"|{_PERSON}.{{0,2}}掉(?:在)?里面|掉下去了|溺水"
        rf"|叫救护车|need an? ambulance|ambulance"
        rf"|从.{{0,8}}(?:掉|摔)下来了|(?:车|撞).{{0,3}}撞(?:人|到人|倒人|死人)了"
        rf"|撞倒一?个?.{{0,6}}{_PERSON}|{_PERSON}.{{0,4}}被.{{0,4}}(?:车撞|撞倒|撞飞)|被.{{0,8}}砸(?:到"
        rf"|中)(?:头|了|人)?|砸到人了"
        rf"|(?:狗|犬).{{0,8}}(?:正在|在|追着|追)(?:追)?.{{0,3}}咬.{{0,2}}(?:人|孩|小孩)"
        rf"|咬住.{{0,4}}不(?:松|放)|喝了?农药|被机器.{{0,3}}(?:夹|卷)|倒在(?:地上|路边"
        rf"|血泊).{{0,4}}(?:不动|不省|没反应|起不来|流)|摔倒.{{0,3}}起不来"
        r"|救命(?!钱|稻草|恩|药)|出人命[了啦]|(?<![吵熏臭烦累热急气笑挤冻丢打死])死人了|快来?救人"
        r"|有人受伤|十万火急|^help!"
        r"|^help$|^sos|unconscious",
        rf"喘不[上过]气|昏迷|晕倒|砸(?:到|中|伤).{{0,3}}{_PERSON}|撞(?:到|倒|伤).{{0,3}}{_PERSON}|咬(?:了"
        rf"|伤|到).{{0,4}}(?:血|急)|上吐下泻|落水",
    ),
    _rule(
        "violence",
        r"打起来了|有人(?:在)?(?:打架|打人|持刀|抢|砍人|砸)|打架(?:了|呢|见血)|打架$|动刀[了子]?|持刀"
        r"|拿.{0,3}(?:菜?刀|匕首).{0,4}(?:砍|冲|追|杀|捅|要|人)|要砍|砍人|杀人|要杀我|被.{0,3}(?:捅|围殴)了?"
        r"|打群架|互殴|拿.{0,3}(?:钢管|铁棍|砖头)|正在(?:被)?(?:打|殴)|在打我|带人打我|我被.{0,6}打(?:了"
        r"|伤)|打人了|抢劫|我?被抢了|拐小孩"
        r"|绑架|强行闯进|砸我的|砸人了?|拿.{0,4}(?:棍子?|酒瓶|凳子).{0,3}(?:打|追|砸)"
        r"|家暴.{0,2}救|救我|被人跟踪|attacking me|^帮我报警|报警出事|^报警$|酒瓶打人|砸车",
        r"打人|打架|家暴|斗殴|殴打|动手打|头破血流",
    ),
)


def find_emergency(text: str) -> str | None:
    """The kind of emergency that a text reports as happening now, or None.

    Args:
        text: Simplified Chinese or English; what comes after 10,000 characters is not read.
    """
    text = text[:_LONGEST_TEXT]
    clauses = [match.group().strip() for match in _CLAUSES.finditer(text)]
    is_brief = len(text) <= _BRIEF
    for rule in _RULES:
        for i, clause in enumerate(clauses):
            around = clauses[max(i - 1, 0) : i + 2]
            if rule.kind == "suicide" and _is_threat(rule, clause, is_brief):
                return rule.kind
            if _happens_now(rule, clause, around, is_brief):
                return rule.kind
    return None


def speaks_of_another_time(text: str) -> bool:
    """Whether a text supposes, remembers or asks about something, and nothing in it says that it happens"
    " now."""
    return bool(_NOT_NOW.search(text)) and not _NOW.search(text)


def _is_threat(rule: _Rule, clause: str, is_brief: bool) -> bool:
    """A threat against oneself counts in any tense: "总有一天我会跳下去" is no supposition."""
    return bool(rule.certain.search(clause)) and is_brief and not _ASKED_ABOUT.search(clause)


def _happens_now(rule: _Rule, clause: str, around: list[str], is_brief: bool) -> bool:
    certain = bool(rule.certain.search(clause))
    if not certain and not rule.possible.search(clause):
        return False
    if _NOT_NOW.search(_NOW.sub("", clause)):
        return False
    if certain and is_brief:
        return True
    return any(_NOW.search(other) for other in around)
