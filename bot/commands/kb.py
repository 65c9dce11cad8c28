"""`wenfa kb`: checks the cards, imports statutes, and shows what a newer text changes."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.commands import knowledge
from bot.commands.law_watch import cited_elsewhere
from knowledge_base.cards import CARDS, load_cards, read_cards
from knowledge_base.changes import (
    Affected,
    ArticleChange,
    affected_cards,
    affected_citations,
    changes_since,
)
from knowledge_base.check import Report, check_cards
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.models import RuleCard
from knowledge_base.statutes.importing import import_statutes
from knowledge_base.statutes.library import StatuteLibrary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The commands under `wenfa kb`; each sets `run`, which takes the arguments and gives the exit status."""
    inner = parser.add_subparsers(dest="kb_command", required=True)
    check = inner.add_parser("check", help="检查所有规则卡片：引用是否有效、数字是否有出处、问法是否找得到")
    check.add_argument("--card", help="只看这张卡片的问题（编号，或编号的开头）")
    check.add_argument("--file", help="只看这个文件的问题，如 dogs.yml")
    check.add_argument("--as-of", type=date.fromisoformat, default=None, help="按这一天的法律检查，默认今天")
    check.add_argument("--hard", action="store_true", help="也列出去掉自身后找不到的问法")
    check.set_defaults(run=main_check)
    statutes = inner.add_parser("import", help="导入法规文本（Markdown、纯文本、DOCX；文件或文件夹）")
    statutes.add_argument("path", type=Path)
    statutes.add_argument("--into", type=Path, help="放进哪个文件夹，默认数据文件夹下的 statutes")
    statutes.set_defaults(run=main_import)
    changes = inner.add_parser("changes", help="某日以后变动的条文，和引用它们的卡片、模板、文书、过去的回答")
    changes.add_argument("--since", type=date.fromisoformat, required=True)
    changes.add_argument("--all", action="store_true", help="没有卡片引用的变动也列出")
    changes.set_defaults(run=main_changes)
    vectors = inner.add_parser("vectors", help="为规则卡片建立语义向量（只建还没有的；启动后也会在后台建）")
    vectors.add_argument("--articles", action="store_true", help="条文的也建，要几十分钟到几小时")
    vectors.set_defaults(run=main_vectors)


def main_vectors(args: argparse.Namespace) -> int:
    """Encode the cards, and the articles if told to, that have no vectors yet."""
    knowledge.load(args.settings.data_folder, articles=args.articles)
    return 0


def main_check(args: argparse.Namespace) -> int:
    """Check the cards; 0 when nothing is wrong."""
    today = args.as_of or datetime.now(ZoneInfo("Asia/Shanghai")).date()
    cards: list[RuleCard] = []
    wrong: list[str] = []
    for path in sorted(CARDS.glob("*.yml")):
        found, problems = read_cards(path)
        cards += found
        wrong += problems
    report = check_cards(cards, StatuteLibrary.load(_imported(args)), today)
    lines = [*wrong, *_doubles(cards), *map(str, report.problems)]
    shown = [line for line in lines if _wanted(line, args.card, args.file)]
    for line in shown:
        _say(line)
    if args.hard:
        for problem in report.hard_to_find:
            if _wanted(str(problem), args.card, args.file):
                _say(f"（提示）{problem}")
    _summary(len(cards), len(shown), report)
    return 1 if shown else 0


def main_import(args: argparse.Namespace) -> int:
    """Import statutes, then list what rests on what they change; 1 when a file could not be read."""
    target = args.into or _imported(args)
    report = import_statutes(args.path, target)
    for message in report.unread:
        sys.stderr.write(f"{message}\n")
    for version in report.added:
        when = f"{version.version}，{version.effective_from}起施行"
        _say(f"已导入 {version.law}（{when}），{len(version.articles)} 条")
    if report.unchanged:
        _say(f"{len(report.unchanged)} 部已经导入过，没有变化")
    if report.added:
        library = StatuteLibrary.load(target)
        since = min(version.effective_from for version in report.added)
        laws = {library.find(version.law) for version in report.added}
        changes = [c for c in changes_since(library, since - timedelta(days=1)) if c.law in laws]
        _say_affected(_affected(args, changes, library))
    return 1 if report.unread else 0


def main_changes(args: argparse.Namespace) -> int:
    """What changed since a day, and what has to be looked at for it; 1 when there is any."""
    library = StatuteLibrary.load(_imported(args))
    changes = changes_since(library, args.since)
    if args.all:
        for change in changes:
            _say(f"{change.law}{change.article} 自 {change.since} 变动")
    affected = _affected(args, changes, library)
    _say_affected(affected)
    count = len({item.name for item in affected})
    _say(f"变动的条文 {len(changes)} 条，要复核的卡片、模板、回答等共 {count} 项")
    return 1 if affected else 0


def _affected(
    args: argparse.Namespace, changes: list[ArticleChange], library: StatuteLibrary
) -> list[Affected]:
    """Cards first, then what else rests on the changed articles."""
    settings = getattr(args, "settings", None)
    others = cited_elsewhere(settings.resolved_database_url, library) if settings and changes else []
    return affected_cards(load_cards(), changes, library) + affected_citations(others, changes)


def _say_affected(affected: list[Affected]) -> None:
    for item in affected:
        change = item.change
        where = f"{change.law}{change.article}"
        _say(f"要复核：{item.name} 引用的 {where} 自 {change.since} 变动：{change.difference()}")


def _imported(args: argparse.Namespace) -> Path:
    settings = getattr(args, "settings", None)
    return settings.data_folder / "statutes" if settings else Path("var/statutes")


def _doubles(cards: list[RuleCard]) -> list[str]:
    seen: dict[str, str] = {}
    lines = []
    for card in cards:
        if card.id in seen:
            lines.append(f"{card.source}: {card.id}: 编号与 {seen[card.id]} 中的卡片重复")
        seen.setdefault(card.id, card.source)
    return lines


def _wanted(line: str, card: str | None, file: str | None) -> bool:
    parts = line.split(": ", 2)
    if file and parts[0] != file:
        return False
    return not card or (len(parts) > 1 and parts[1].startswith(card))


def _summary(cards: int, problems: int, report: Report) -> None:
    found = f"去掉自身后仍能找到的问法 {report.found_without_itself:.1%}"
    _say(f"卡片 {cards} 张，问题 {problems} 个；{found}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m bot.commands.kb`."""
    parser = argparse.ArgumentParser(prog="wenfa kb")
    add_arguments(parser)
    args = parser.parse_args(arguments)
    try:
        return int(args.run(args))
    except KnowledgeBaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
