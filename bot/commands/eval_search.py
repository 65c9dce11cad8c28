"""`wenfa eval search FOLDER`: what meaning adds to words when lay questions look for articles.

The folder holds `corpus.jsonl.gz` ({"id","law","article","text"}) and `queries.dev.jsonl` ({"query","gold"}).
Both ways of searching see the same pool: the product's own articles in force that have a vector; questions
whose gold articles are not all in it are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bot.commands.json_lines import BadLineError
from bot.commands.knowledge import load
from bot.commands.search import read_rows
from knowledge_base.base import KnowledgeBase
from knowledge_base.numerals import normal_article

DEPTHS = (5, 10)


@dataclass
class Recall:
    """How much of what was wanted stood among the first, and how high the first of it."""

    wanted: list[set[int]] = field(default_factory=list)
    found: list[list[int]] = field(default_factory=list)

    def at(self, depth: int) -> float:
        """Mean share of the gold articles among the first `depth`."""
        shares = (len(w & set(f[:depth])) / len(w) for w, f in zip(self.wanted, self.found, strict=True))
        return sum(shares) / max(len(self.wanted), 1)

    def mean_reciprocal_rank(self) -> float:
        """Of the first gold article among the first ten."""
        ranks = (
            next((1 / n for n, place in enumerate(f[:10], 1) if place in w), 0.0)
            for w, f in zip(self.wanted, self.found, strict=True)
        )
        return sum(ranks) / max(len(self.wanted), 1)

    def line(self, name: str) -> str:
        """One line of the report."""
        recalls = "  ".join(f"recall@{depth} {self.at(depth):.3f}" for depth in DEPTHS)
        return f"{name:18}{recalls}  MRR@10 {self.mean_reciprocal_rank():.3f}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `wenfa eval search`."""
    parser.add_argument("folder", type=Path, help="with corpus.jsonl.gz and queries.dev.jsonl")
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 11, 23))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure; 1 when the folder can't be read or no article has a vector yet."""
    knowledge = load(args.settings.data_folder)
    try:
        queries = read_queries(args.folder)
    except BadLineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    lines = compare(knowledge, queries, args.as_of)
    if not lines:
        sys.stderr.write("没有可比的条文：先运行 wenfa kb vectors --articles\n")
        return 1
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def read_queries(folder: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """Questions with the law and article of each gold article.

    Raises: BadLineError.
    """
    corpus = {row["id"]: row for row in read_rows(folder / "corpus.jsonl.gz", ("id", "law", "article"))}
    file = folder / "queries.dev.jsonl"
    try:
        rows: list[dict[str, Any]] = [
            json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()
        ]
        return [
            (row["query"], [(corpus[gold]["law"], corpus[gold]["article"]) for gold in row["gold"]])
            for row in rows
        ]
    except (OSError, ValueError, KeyError) as error:
        raise BadLineError(f"{file}: {error}") from error


def compare(
    knowledge: KnowledgeBase, queries: Sequence[tuple[str, list[tuple[str, str]]]], day: date
) -> list[str]:
    """The report; empty when no question has all its articles in the pool."""
    pool = knowledge.laws.encoded(day)
    words, fused = Recall(), Recall()
    for query, gold in queries:
        wanted = {_place(knowledge, law, article, day) for law, article in gold}
        places = {place for place in wanted if place is not None and pool[place]}
        if not places or len(places) < len(wanted):
            continue
        for recall, meaning in ((words, None), (fused, knowledge.meaning(query))):
            recall.wanted.append(places)
            recall.found.append(knowledge.laws.ranked(query, day=day, limit=10, meaning=meaning, pool=pool))
    if not words.wanted:
        return []
    gain = fused.at(DEPTHS[0]) - words.at(DEPTHS[0])
    head = f"{len(words.wanted)} questions, pool of {int(pool.sum())} articles"
    return [head, words.line("words"), fused.line("words and meaning"), f"gain in recall@5: {gain:+.3f}"]


def _place(knowledge: KnowledgeBase, law: str, article: str, day: date) -> int | None:
    title = knowledge.library.find(law)
    return knowledge.laws.place_of(title, normal_article(article), day) if title else None
