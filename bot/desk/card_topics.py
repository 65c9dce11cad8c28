"""What the topics of rule cards are called: street matters as their categories, law as here."""

from __future__ import annotations

from collections.abc import Iterable

from tickets.categories import CATEGORIES

_LAW = {
    "law_aid": "法律援助",
    "law_business": "办照与许可",
    "law_compensation": "国家赔偿",
    "law_consumer": "消费维权",
    "law_damages": "人身财产损害",
    "law_departments": "其他部门的事",
    "law_disclosure": "政府信息公开",
    "law_enforcement": "执法程序",
    "law_family": "婚姻家庭",
    "law_food": "食品安全",
    "law_labour": "劳动用工",
    "law_land": "土地与宅基地",
    "law_litigation": "诉讼",
    "law_loan": "借贷",
    "law_oversight": "执法监督与投诉",
    "law_penalty": "行政处罚",
    "law_petition": "信访",
    "law_privacy": "个人信息保护",
    "law_public_order": "治安管理",
    "law_reconsideration": "行政复议",
    "law_tenancy": "房屋租赁",
    "law_traffic": "道路交通",
}


def topic_name(topic: str) -> str:
    """The topic in Chinese; one that nobody has named yet by its code."""
    return CATEGORIES[topic].name if topic in CATEGORIES else _LAW.get(topic, topic)


def topic_choices(topics: Iterable[str]) -> list[tuple[str, str]]:
    """Code and name of each topic once, street matters first."""
    return [(topic, topic_name(topic)) for topic in sorted(set(topics), key=lambda one: (one in _LAW, one))]
