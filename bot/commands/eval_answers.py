"""`wenfa eval answers FILE`: how many questions of a labelled file are answered right.

A row is right when the kind of reply is, every required article is cited (in force, unless the row asks for
another day),
every fact is in the text, and nothing that must not be said is found. The last can only be looked for by
numbers and
citations; a statement in words has to be read by a person.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.commands.answer import answer_row
from bot.commands.json_lines import Row
from bot.commands.knowledge import load
from knowledge_base.base import KnowledgeBase
from knowledge_base.numerals import canonical, normal_article, quantities
from knowledge_base.statutes.version import name_key
from knowledge_base.words import simplified

# Which kinds of reply meet what a row expects.
RIGHT_KINDS = {
    "answer": {"answer"},
    "flag_superseded": {"answer", "refer"},
    "not_in_force_here": {"answer", "refer"},
    "handoff": {"handoff", "emergency"},
    "out_of_scope": {"out_of_scope"},
}
_SAYS_IT_CHANGED = ("修订", "修改", "废止", "取代", "旧", "不再")
_QUOTES_BEGIN = "依据："


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one row was answered; `faults` is empty when it is right."""

    row: Row
    reply: Row
    faults: tuple[str, ...]
    to_read: tuple[str, ...]
    milliseconds: float


@dataclass
class Summary:
    """Totals over all rows."""

    verdicts: list[Verdict] = field(default_factory=list)

    def lines(self, worst: int) -> list[str]:
        """The report, with up to `worst` of the wrong rows."""
        wrong = [v for v in self.verdicts if v.faults]
        count = len(self.verdicts)
        times = sorted(v.milliseconds for v in self.verdicts)
        lines = [f"right: {count - len(wrong)}/{count} = {(count - len(wrong)) / max(count, 1):.1%}"]
        by_kind = Counter(v.row["expect"] for v in self.verdicts)
        missed = Counter(v.row["expect"] for v in wrong)
        lines += [f"  {kind}: {n - missed[kind]}/{n}" for kind, n in sorted(by_kind.items())]
        faults = Counter(fault.split(":")[0] for v in wrong for fault in v.faults)
        lines += [f"  fault {name}: {n}" for name, n in faults.most_common()]
        if times:
            p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
            lines.append(f"time: p50 {times[len(times) // 2]:.1f} ms, p99 {p99:.1f} ms")
        for verdict in sorted(wrong, key=lambda v: -len(v.faults))[:worst]:
            reply = verdict.reply
            lines.append(f"{verdict.row['id']} {verdict.row['question']}")
            lines.append(
                f"    {reply['kind']} {reply['card']} {reply['confidence']}: {'; '.join(verdict.faults)}"
            )
        for verdict in self.verdicts:
            if verdict.to_read and not verdict.faults:
                lines.append(f"{verdict.row['id']} {'; '.join(verdict.to_read)}")
        return lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `wenfa eval answers`."""
    parser.add_argument("file", type=Path, help="JSON lines as in the benchmark's README")
    parser.add_argument("--worst", type=int, default=20, help="how many of the wrong rows to list")
    parser.add_argument("--words-only", action="store_true", help="without vectors")
    parser.add_argument("--as-of", default="2026-11-23", help="the day of rows that name none")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score a file; 0 when it could be read."""
    try:
        rows = [
            json.loads(line) for line in args.file.read_text(encoding="utf-8").splitlines() if line.strip()
        ]
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{args.file}: {error}\n")
        return 1
    knowledge = load(args.settings.data_folder, meaning=not args.words_only)
    summary = evaluate(knowledge, rows, as_of=args.as_of)
    sys.stdout.write("\n".join(summary.lines(args.worst)) + "\n")
    return 0


def evaluate(knowledge: KnowledgeBase, rows: Sequence[Row], *, as_of: str) -> Summary:
    """Answer all rows and judge the answers."""
    summary = Summary()
    for row in rows:
        asked = {"id": row.get("id"), "question": row["question"], "as_of": row.get("as_of", as_of)}
        begin = time.perf_counter()
        reply = answer_row(knowledge, asked)
        taken = (time.perf_counter() - begin) * 1000
        summary.verdicts.append(
            Verdict(row, reply, tuple(faults_of(row, reply)), tuple(to_read(row, reply)), taken)
        )
    return summary


def faults_of(row: Row, reply: Row) -> list[str]:
    """What is wrong with a reply, each with a name before the colon."""
    faults = []
    if reply["kind"] not in RIGHT_KINDS.get(row["expect"], {row["expect"]}):
        faults.append(f"kind: {reply['kind']} where {row['expect']} was due")
    cited = {_key(c) for c in reply["citations"]}
    faults += [f"article: {_name(g)} is not cited" for g in row.get("gold", []) if _key(g) not in cited]
    for group in row.get("gold_any", []):
        if not any(_key(g) in cited for g in group):
            faults.append(f"article: none of {'、'.join(map(_name, group))} is cited")
    text = _plain(reply["text"])
    for fact in row.get("facts", []):
        if not any(_plain(wording) in text for wording in fact.split("|")):
            faults.append(f"fact: {fact}")
    return faults + _forbidden(row, reply)


def _forbidden(row: Row, reply: Row) -> list[str]:
    faults = []
    current = {_key(c) for c in reply["citations"] if c["status"] == "in_force"}
    faults += [
        f"repealed: {_name(old)} cited as current" for old in row.get("legacy", []) if _key(old) in current
    ]
    for only in row.get("gold_if_cited", []):
        of_that_law = {key for key in current if key[0] == name_key(only["law"])}
        if of_that_law and _key(only) not in of_that_law:
            faults.append(f"version: {only['law']} cited, but not {only['article']}")
    if row["expect"] == "out_of_scope" and reply["citations"]:
        faults.append("cited: a citation where none is due")
    if row["expect"] == "flag_superseded" and not any(word in reply["text"] for word in _SAYS_IT_CHANGED):
        faults.append("silent: does not say that the text was revised")
    return faults


def to_read(row: Row, reply: Row) -> list[str]:
    """Forbidden statements whose numbers stand in the reply's own words: a person has to read these."""
    own_words = reply["text"].partition(_QUOTES_BEGIN)[0]
    said = {(q.value, q.unit) for q in quantities(own_words)}
    allowed = {(q.value, q.unit) for q in quantities(row["question"] + "；".join(row.get("facts", [])))}
    faults = []
    for statement in row.get("must_not", []):
        if statement.startswith("说"):
            bad = {(q.value, q.unit) for q in quantities(statement)} - allowed
            if bad & said:
                faults.append(f"to read: {statement}")
    return faults


def _key(citation: dict[str, Any]) -> tuple[str, str]:
    return name_key(citation["law"]), normal_article(citation["article"])


def _name(citation: dict[str, Any]) -> str:
    return f"{citation['law']}{citation['article']}"


def _plain(text: str) -> str:
    return "".join(canonical(simplified(text)).replace("个工作日", "日").split())
