"""`wenfa search`: queries in, articles of law out, one JSON object a line."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from bot.commands.json_lines import BadLineError, Row, answer_lines, text_of
from bot.commands.knowledge import load
from knowledge_base.base import KnowledgeBase
from knowledge_base.law_search import index_articles
from knowledge_base.words import simplified

MOST_HITS = 100
DEFAULT_HITS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `wenfa search`."""
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="FILE.jsonl.gz",
        help='search this collection of {"id","law","article","text"} instead',
    )
    parser.add_argument(
        "--headings",
        type=Path,
        metavar="FILE.jsonl.gz",
        help="with --corpus: headings of its articles (default: headings.jsonl.gz beside it, if there)",
    )
    parser.add_argument("--words-only", action="store_true", help="don't use vectors")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer every line of standard input."""
    if args.corpus:
        try:
            corpus = Corpus.read(args.corpus, args.headings)
        except BadLineError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        return answer_lines(corpus.search_row)
    data_folder: Path = args.settings.data_folder
    knowledge = load(data_folder, meaning=not args.words_only)
    return answer_lines(lambda row: search_row(knowledge, row))


def search_row(knowledge: KnowledgeBase, row: Row) -> Row:
    """One line of output for one of input.

    Raises: BadLineError.
    """
    hits = knowledge.search(text_of(row, "query"), limit=_limit(row))
    return {
        "id": row.get("id"),
        "hits": [
            {"law": h.law, "article": h.article, "score": round(h.score, 4), "status": h.status.value}
            for h in hits
        ],
    }


class Corpus:
    """Another collection of articles, searched by words."""

    def __init__(self, articles: list[Row], headings: dict[str, str]) -> None:
        self._articles = articles
        self._words = index_articles(
            [a["law"] for a in articles],
            [headings.get(a["id"], "") for a in articles],
            [a["text"] for a in articles],
        )

    @classmethod
    def read(cls, path: Path, headings: Path | None = None) -> Corpus:
        """Read a collection, with the chapter headings that lie beside it.

        Raises: BadLineError.
        """
        beside = path.with_name("headings.jsonl.gz")
        found = headings or (beside if beside.is_file() else None)
        articles = list(read_rows(path, ("id", "law", "article", "text")))
        named = {row["id"]: row["heading"] for row in read_rows(found, ("id", "heading"))} if found else {}
        return cls(articles, named)

    def search_row(self, row: Row) -> Row:
        """One line of output for one of input.

        Raises: BadLineError.
        """
        scores = self._words.scores(simplified(text_of(row, "query")))
        limit = min(_limit(row), len(scores))
        top = np.argpartition(-scores, limit - 1)[:limit] if limit else np.zeros(0, dtype=np.int64)
        hits = []
        for n in top[np.argsort(-scores[top], kind="stable")]:
            if scores[n] > 0:
                article = self._articles[n]
                named = {"id": article["id"], "law": article["law"], "article": article["article"]}
                hits.append(named | {"score": round(float(scores[n]), 4), "status": None})
        return {"id": row.get("id"), "hits": hits}


def _limit(row: Row) -> int:
    limit = row.get("limit", DEFAULT_HITS)
    if not isinstance(limit, int) or not 1 <= limit <= MOST_HITS:
        raise BadLineError(f"`limit` is a whole number from 1 to {MOST_HITS}")
    return limit


def read_rows(path: Path, fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines, packed or not; each has these fields, as text.

    Raises: BadLineError.
    """
    try:
        with _open(path) as file:
            for number, line in enumerate(file, start=1):
                row = json.loads(line)
                if not isinstance(row, dict) or any(not isinstance(row.get(name), str) for name in fields):
                    raise BadLineError(f"{path}:{number}: expected an object with {', '.join(fields)}")
                yield row
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise BadLineError(f"{path}: {error}") from error


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")
