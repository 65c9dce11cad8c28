"""The data check: what would make the model worse, or its figures a lie."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest
import yaml

from bot.config import ROOT
from bot.text_cleaning import simplify
from tickets.categories import CATEGORIES

DATA = ROOT / "nlu_data" / "nlu"
BENCH = ROOT.parent / "shared" / "bench"
INTENTS = {
    "complaint",
    "legal_consult",
    "ticket_status",
    "human",
    "emergency",
    "chitchat",
    "out_of_scope",
    "other_department",
    "affirm",
    "deny",
    "cancel",
}
FEWEST = 25
# A shared run of this many characters is no coincidence.
LONGEST_SHARED = 18


@cache
def examples() -> tuple[tuple[str, str, str], ...]:
    """File, label and text of every example."""
    found = []
    for path in sorted(DATA.glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines():
                if line.strip():
                    assert line.startswith("- "), f"{path.name}: {line[:40]}"
                    found.append((path.name, block["intent"], line[2:].strip()))
    return tuple(found)


def core(text: str) -> str:
    """A text without what makes copies look different: script, width, case, blanks, punctuation."""
    return re.sub(r"[\W_]", "", simplify(text)).lower()


def test_every_label_is_known():
    labels = {label for _, label, _ in examples()}

    unknown = set()
    for label in labels:
        intent, _, rest = label.partition("/")
        if intent == "complaint":
            unknown |= set(rest.split("+")) - set(CATEGORIES)
        elif intent == "legal_consult":
            unknown |= {
                code for code in rest.split("+") if code not in CATEGORIES and not code.startswith("law_")
            }
        elif intent not in INTENTS:
            unknown.add(intent)

    assert unknown == set()


def test_no_example_stands_twice():
    places = defaultdict(list)
    for file, label, text in examples():
        places[core(text) or text].append(f"{file} {label}: {text[:30]}")

    assert [found for found in places.values() if len(found) > 1] == []


def test_there_is_enough_of_everything():
    counts: Counter[str] = Counter()
    for _, label, _ in examples():
        intent, _, rest = label.partition("/")
        counts[intent] += 1
        if intent in {"complaint", "legal_consult"}:
            counts.update(f"{intent}/{code}" for code in rest.split("+"))
    expected = INTENTS | {f"complaint/{code}" for code in CATEGORIES}

    assert {label: counts[label] for label in expected if counts[label] < FEWEST} == {}
    assert sum(counts[intent] for intent in INTENTS) >= 4000


def _shingles(text: str) -> set[str]:
    stripped = core(text)
    return {stripped[i : i + LONGEST_SHARED] for i in range(len(stripped) - LONGEST_SHARED + 1)}


def _bench_texts(path: Path) -> list[str]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        row[name] for row in rows for name in ("text", "title", "short", "question", "query") if row.get(name)
    ]


def test_nothing_comes_from_the_benchmarks():
    files = sorted(BENCH.glob("*/*.jsonl")) if BENCH.is_dir() else []
    if not files:
        pytest.skip(f"no benchmarks in {BENCH}: leaks into the training data can't be looked for")
    bench_texts = {core(text) for path in files for text in _bench_texts(path)}
    shingles = {shingle for text in bench_texts for shingle in _shingles(text)}

    leaks = [text for _, _, text in examples() if _shingles(text) & shingles]
    copies = [text for _, _, text in examples() if len(core(text)) >= 9 and core(text) in bench_texts]

    assert leaks == []
    assert copies == []


def test_no_example_holds_personal_data():
    numbers = re.compile(r"1[3-9]\d{9}|\d{17}[\dXx]")

    assert [text for _, _, text in examples() if numbers.search(text)] == []


def test_no_example_is_written_in_rasas_markup():
    markup = re.compile(r"\[.+?\]\(.+?\)|\[.+?\]\{")

    assert [text for _, _, text in examples() if markup.search(text)] == []
