"""`wenfa kb`: checks the cards, imports statutes, and shows what a newer text changes."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime
from zoneinfo import ZoneInfo

from knowledge_base.cards import CARDS, read_cards
from knowledge_base.check import Report, check_cards
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.models import RuleCard
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


def main_check(args: argparse.Namespace) -> int:
    """Check the cards; 0 when nothing is wrong."""
    today = args.as_of or datetime.now(ZoneInfo("Asia/Shanghai")).date()
    cards: list[RuleCard] = []
    wrong: list[str] = []
    for path in sorted(CARDS.glob("*.yml")):
        found, problems = read_cards(path)
        cards += found
        wrong += problems
    report = check_cards(cards, StatuteLibrary.load(), today)
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
