"""Where something is, found by the shape of the words, so that roads and estates that no list has are found too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from nlu_data.components.places import Places

# Characters that a name hardly ever has, and that often stand right before one. They mark where a name begins.
_NOT_IN_A_NAME = "在到从的是了我你您他她它们这那哪有和与跟于对把被请问就都也还很不没去来住过往向经离让给着吗呢吧啊么什怎谁说投诉反映举报建议希望位每又再因为由该本叫每某此各两座条个家多占用停堵挡扔倒摆搭建扰吵"
_NAME = rf"[^\W_{_NOT_IN_A_NAME}]"
_DIGITS = "0-9一二三四五六七八九十百"
_SUFFIXES = (
    "街道办 街道 开发区 工业区 工业园 产业园 镇 乡 村 社区 居委会 安置房 安置区 小区 新村 花园 花苑 家园 公寓 别墅 山庄 "
    "大厦 大楼 商城 商场 广场 市场 步行街 商业街 美食街 夜市 大道 国道 省道 公路 路 街 巷 弄 胡同 桥 立交 隧道 公园 体育场 体育馆 "
    "学校 小学 中学 一中 二中 三中 大学 学院 幼儿园 医院 卫生院 超市 酒店 宾馆 饭店 车站 客运站 公交站 地铁站 火车站 高铁站 加油站 "
    "码头 水库 河 溪 湖 江滨 府 苑 郡 湾 城 里 庭 轩 阁 居 豪庭 名城 国际 中心"
).split()
# These are places only behind a name of two characters at least: 城, 里, 湾 end ordinary words too.
_SHORT_SUFFIXES = "府 苑 郡 湾 庭 轩 阁".split()
_LONG_SUFFIXES = [
    suffix for suffix in _SUFFIXES if suffix not in {*_SHORT_SUFFIXES, "城", "里", "居", "国际", "中心"}
]
_COMMON_PLACES = (
    "小区 菜市场 农贸市场 公园 广场 工地 学校 小学 中学 幼儿园 医院 车站 公交站 停车场 地下车库 垃圾站 垃圾房 超市 河边 江边 路边 人行道 巷子 "
    "楼道 绿化带 村口 桥头 桥下 步行街 红绿灯 十字路口 三岔路口 丁字路口 门卫室 消防通道 天台 楼顶"
).split()
_RELATIONS = (
    "斜对面 正对面 对面 旁边 隔壁 楼下 楼上 楼顶 附近 门口 大门口 后门 路口 交叉口 交汇处 交界处 十字路口 拐角 转角 "
    "后面 前面 背后 里面 外面 周边 周围 一带 之间 中间 路段 沿线 沿街 两侧 两边 东侧 西侧 南侧 北侧 东门 西门 南门 北门 旁 边上 桥下 桥头 入口 出口 入口处 出口处 内 那边 这边 上"
).split()
_NUMBERS = rf"第?[{_DIGITS}a-zA-Z\-之]{{1,6}}(?:号楼|栋楼|号院|号店|单元|号|栋|幢|座|期|室|层|组|区|弄)|[东南西北][区苑门]|[{_DIGITS}]{{1,3}}楼"


def _one_of(words: list[str] | tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))


@dataclass(frozen=True)
class PlaceFinder:
    """Finds places with the names of one city."""

    places: Places

    def find(self, text: str) -> list[tuple[int, int]]:
        """Spans of places, each as long as it goes: town, road, number and relation together."""
        found = []
        for match in self._phrase().finditer(text):
            if match.group("anchor"):
                end = match.end() - (len(match.group()) - len(match.group().rstrip("的，, 、和")))
                found.append((match.start(), end))
        return found

    def towns(self, text: str) -> list[tuple[int, int, str]]:
        """Mentions of the city's streets and towns, with their official names."""
        return [
            (match.start(), match.end(), self.places.towns[match.group("short")])
            for match in self._town().finditer(text)
        ]

    def _town(self) -> re.Pattern[str]:
        return _town_pattern(self.places.towns_key())

    def _phrase(self) -> re.Pattern[str]:
        return _phrase_pattern(self.places.names_key())


@lru_cache(maxsize=4)
def _town_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    # A short name like 高山 or 海口 is a town only where nothing says otherwise (高山病, 海口市).
    return re.compile(rf"(?P<short>{_one_of(names)})(?:街道办事处|街道办|街道|镇)?(?![市省病火湖])")


@lru_cache(maxsize=4)
def _phrase_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    known = rf"(?:{_one_of(names)})(?:街道|镇)?"
    shaped = rf"{_NAME}{{1,7}}?(?:{_one_of(_LONG_SUFFIXES)})|{_NAME}{{2,5}}?(?:{_one_of(_SHORT_SUFFIXES)})"
    anchor = rf"(?:{known}|{shaped}|{_one_of(_COMMON_PLACES)})"
    more = rf"(?:[的与和、，,（(]?(?:{anchor}|{_NUMBERS}|{_one_of(_RELATIONS)})[)）]?)"
    return re.compile(rf"(?P<anchor>{anchor}){more}*")
