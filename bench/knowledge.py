"""Search and answers against what one would take otherwise: words from a segmenter, and a bare sentence
encoder.

Both sides index the same articles and answer the same questions in the same run; only the ratios travel
between machines.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import bm25s
import jieba

from bot.commands.eval_answers import evaluate
from bot.config import load_settings
from knowledge_base.base import KnowledgeBase
from knowledge_base.law_search import index_articles
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.vectors import load_encoder

# Enough to compare; jieba needs half a minute for all articles.
_ARTICLES = 4000
_ROUNDS = 3
_QUESTIONS = Path(__file__).parent / "questions.jsonl"
_NO_ANSWER_DUE = ("handoff", "out_of_scope")
QUESTIONS = (
    "罚款不交会怎么样",
    "楼上一直漏水不肯修怎么办",
    "夜里十二点工地还在打桩归谁管",
    "饭店油烟直接排到我家窗口",
    "在自己院子里加盖一层要办手续吗",
    "摆摊的三轮车被拉走了怎么拿回来",
    "听证要在几天内提出",
    "物业把小区绿地改成停车位合法吗",
    "养狗没有办证会被罚吗",
    "邻居把装修垃圾堆在楼道里",
)


def main() -> None:
    """Print a line each for building an index, a search by words, an answer, each set of questions."""
    library = StatuteLibrary.load()
    day = date(2026, 11, 23)
    rows = [(v.law, a.heading, a.text) for v in library.in_force(day) for a in v.articles][:_ARTICLES]
    laws, headings, texts = (list(column) for column in zip(*rows, strict=True))
    jieba.lcut("")  # loads its dictionary, which is not what is measured
    begin = time.process_time()
    ours = index_articles(laws, headings, texts)
    built = time.process_time() - begin
    begin = time.process_time()
    theirs = bm25s.BM25()
    theirs.index([jieba.lcut(" ".join(row)) for row in rows], show_progress=False)
    peer_built = time.process_time() - begin
    _say(f"index of {len(rows)} articles", built * 1000, "jieba + bm25s", peer_built * 1000)
    _say(
        "search by words",
        _median(ours.scores),
        "jieba + bm25s",
        _median(lambda q: theirs.get_scores(jieba.lcut(q))),
    )
    folder = load_settings().data_folder
    knowledge = KnowledgeBase.load(folder / "knowledge", imported=folder / "statutes")
    knowledge.build_vectors(with_articles=False)
    encoder = load_encoder()
    _say(
        "answer",
        _median(lambda q: knowledge.answer(q, as_of=day)),
        "encoding the question alone",
        _median(lambda q: encoder.query([q])),
    )
    _say_sets(knowledge, day)


def _say_sets(knowledge: KnowledgeBase, day: date) -> None:
    """How many of our own questions are answered right; what each set is stands in ADR 4."""
    rows = [json.loads(line) for line in _QUESTIONS.read_text(encoding="utf-8").splitlines()]
    for name in sorted({row["id"][0] for row in rows}):
        asked = [row for row in rows if row["id"].startswith(name)]
        verdicts = evaluate(knowledge, asked, as_of=day.isoformat()).verdicts
        right = sum(not verdict.faults for verdict in verdicts)
        due = [v for v in verdicts if v.row["expect"] in _NO_ANSWER_DUE]
        wrong = sum(verdict.reply["kind"] == "answer" for verdict in due)
        sys.stdout.write(
            f"knowledge: own questions {name}: {right}/{len(verdicts)} right ({right / len(verdicts):.0%}); "
            f"answered where no answer is due: {wrong}/{len(due)}\n"
        )


def _median(ask: Callable[[str], Any], questions: Sequence[str] = QUESTIONS) -> float:
    """Milliseconds of CPU for a question, the middle of all rounds; one round goes before to warm up."""
    taken = []
    for round_number in range(_ROUNDS + 1):
        for question in questions:
            begin = time.thread_time()
            ask(question)
            if round_number:
                taken.append((time.thread_time() - begin) * 1000)
    return statistics.median(taken)


def _say(what: str, ours: float, peer: str, theirs: float) -> None:
    ratio = theirs / ours if ours else float("inf")
    sys.stdout.write(f"knowledge: {what}: {ours:.2f} ms CPU; {peer} {theirs:.2f} ms; ratio {ratio:.1f}\n")
