"""The pages that the bar at the top offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.desk.context import ROOT, Visit
from bot.desk.permissions import Permission


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """A link; `also` is the beginning of other addresses that belong to it."""

    path: str
    label: str
    permission: Permission
    also: str = ""

    def is_here(self, path: str) -> bool:
        """Whether a page at `path` belongs under this link."""
        here = path.removeprefix(ROOT) or "/"
        return here == self.path or bool(self.also and here.startswith(self.also))


PAGES = (
    NavigationItem("/", "工单", Permission.VIEW_TICKETS, also="/tickets/"),
    NavigationItem("/conversations", "会话", Permission.TALK, also="/conversations/"),
    NavigationItem("/search", "查找", Permission.VIEW_TICKETS),
    NavigationItem("/consultations", "咨询", Permission.ANSWER_CONSULTATIONS),
    NavigationItem("/reviews", "法制审核", Permission.REVIEW_ANSWERS, also="/reviews/"),
    NavigationItem("/rota", "值班", Permission.VIEW_ROTA),
    NavigationItem("/applications", "审定", Permission.SUPERVISE),
    NavigationItem("/checks", "抽查", Permission.SEE_CHECKS, also="/checks/"),
    NavigationItem("/quality", "答案质量", Permission.VIEW_QUALITY, also="/quality/"),
    NavigationItem("/rule-cards", "规则卡", Permission.VIEW_QUALITY, also="/rule-cards/"),
    NavigationItem("/followups", "回访", Permission.SUPERVISE),
    NavigationItem("/dashboard", "统计", Permission.VIEW_DASHBOARD),
    NavigationItem("/templates", "模板", Permission.WRITE_TEMPLATES),
    NavigationItem("/units", "单位", Permission.VIEW_UNITS, also="/units/"),
    NavigationItem("/officers", "人员", Permission.MANAGE_OFFICERS, also="/officers/"),
    NavigationItem("/campaigns", "宣传", Permission.RUN_CAMPAIGNS, also="/campaigns/"),
    NavigationItem("/webhooks", "对接", Permission.MANAGE_WEBHOOKS),
    NavigationItem("/audit", "审计", Permission.VIEW_AUDIT),
)
OWN_PAGES = (
    NavigationItem("/account", "我的账号", Permission.SIGNED_IN, also="/account/"),
    NavigationItem("/poster", "二维码海报", Permission.VIEW_TICKETS),
)


def offered(items: Sequence[NavigationItem], visit: Visit | None) -> list[NavigationItem]:
    """Those that the officer may open."""
    return [item for item in items if visit is not None and visit.may(item.permission)]
