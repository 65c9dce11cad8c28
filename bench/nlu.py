"""Understanding beside what a Rasa tutorial builds (jieba, word counts, DIET), trained on the same data in
the same run.

DIET needs 2 to 5 seconds an epoch even for a few hundred examples, so both learn from the same sample unless
`--all` is given: `.venv/bin/python -m bench.nlu --all` (an hour). Forty epochs, because it knows 98 % of
its examples by heart after 25.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from bot.config import ROOT
from bot.nlu_server import NluServer, child_environment, ensure_model, free_port, interpreter
from bot.text_cleaning import clean

BENCH_ROWS = ROOT.parent / "shared" / "bench" / "citizen_messages" / "labelled.jsonl"
HELD_OUT = ROOT / "nlu_data" / "tests" / "held_out.yml"
# Examples for each label in the sample, and the longest of them: DIET's training time grows with it.
SAMPLE = 5
MAX_SAMPLE_LENGTH = 60
ROUNDS = 150
SHORT_TEXT = "我们小区楼下每天晚上十二点还有人摆摊卖烧烤吵得睡不着请管管"
LONG_TEXT = (
    "楼下每天晚上十二点还有人摆摊，卖烧烤的油烟很大，吵得老人小孩都睡不着觉，请有关部门管一管。" * 8
)[:300]
TUTORIAL = """
recipe: default.v1
language: zh
pipeline:
  - name: JiebaTokenizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
    epochs: 40
    random_seed: 1
    constrain_similarities: true
"""
# A tutorial has one list of intents, and no slash in their names: that would make them retrieval intents.
_JOINT = "__"


@dataclass(frozen=True, slots=True)
class Result:
    """What one pipeline costs and how good it is; accuracies are shares of 1."""

    name: str
    train_seconds: float
    model_mb: float
    memory_mb: float
    short_ms: float
    long_ms: float
    short_cpu_ms: float
    long_cpu_ms: float
    intent: float
    category: float


def examples(path: Path) -> Iterator[tuple[str, str]]:
    """Label and text of each training example in a folder."""
    for file in sorted(path.glob("*.yml")):
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines():
                if line.startswith("- "):
                    yield block["intent"], line[2:].strip()


def sample(everything: bool) -> list[tuple[str, str]]:
    """The examples that both pipelines learn from."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for label, text in examples(ROOT / "nlu_data" / "nlu"):
        if everything or ("+" not in label and len(text) <= MAX_SAMPLE_LENGTH):
            by_label[label].append(text)
    chosen = random.Random(0)  # noqa: S311 - the same sample each time
    return [
        (label, text)
        for label, texts in sorted(by_label.items())
        for text in (texts if everything else chosen.sample(texts, min(SAMPLE, len(texts))))
    ]


def write_data(folder: Path, rows: list[tuple[str, str]], joint: str) -> None:
    """Write training data; `joint` stands between intent and category."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for label, text in rows:
        by_label[label.replace("/", joint)].append(text)
    blocks = [
        {"intent": label, "examples": "".join(f"- {text}\n" for text in texts)}
        for label, texts in by_label.items()
    ]
    folder.mkdir(parents=True)
    content = yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True)
    (folder / "nlu.yml").write_text(content, encoding="utf-8")


def labelled_rows() -> list[dict[str, Any]]:
    """Rows to measure on: the shared benchmark if it is there, else our own held-out messages."""
    if BENCH_ROWS.is_file():
        return [json.loads(line) for line in BENCH_ROWS.read_text(encoding="utf-8").splitlines()]
    rows = []
    for label, texts in yaml.safe_load(HELD_OUT.read_text(encoding="utf-8")).items():
        intent, _, codes = label.partition("/")
        category = codes.partition("+")[0] or None
        rows += [{"text": text, "intent": intent, "category": category} for text in texts]
    return rows


def train_tutorial(folder: Path, rows: list[tuple[str, str]]) -> Path:
    """Train the peer by Rasa's own command."""
    write_data(folder / "data", rows, _JOINT)
    (folder / "config.yml").write_text(TUTORIAL, encoding="utf-8")
    command = [str(interpreter()), "-m", "rasa", "train", "nlu", "--config", "config.yml", "--nlu", "data"]
    command += ["--out", ".", "--fixed-model-name", "tutorial"]
    subprocess.run(  # noqa: S603 - Rasa's own command
        command, cwd=folder, env=child_environment(), check=True, capture_output=True
    )
    return folder / "tutorial.tar.gz"


async def measure(name: str, model: Path, train_seconds: float, rows: list[dict[str, Any]]) -> Result:
    """Serve a model and ask it."""
    server = NluServer(model, free_port())
    await server.start()
    try:
        await server.wait_ready(180)
        async with aiohttp.ClientSession() as session:

            async def parse(text: str) -> dict[str, Any]:
                async with session.post(f"{server.url}/model/parse", json={"text": text}) as response:
                    parsed: dict[str, Any] = await response.json()
                    return parsed

            guesses = [labels_of(await parse(clean(row["text"]) or "。")) for row in rows]
            assert server.process is not None  # noqa: S101 - it has just answered
            pid = server.process.pid
            short_ms, short_cpu_ms = await _latency(parse, SHORT_TEXT, pid)
            long_ms, long_cpu_ms = await _latency(parse, LONG_TEXT, pid)
        memory = _memory_mb(pid)
    finally:
        await server.stop()
    complaints = [
        (row, category)
        for row, (_, category) in zip(rows, guesses, strict=True)
        if row["intent"] == "complaint" and row.get("category")
    ]
    return Result(
        name,
        train_seconds,
        _size_mb(model),
        memory,
        short_ms,
        long_ms,
        short_cpu_ms,
        long_cpu_ms,
        statistics.mean(row["intent"] == intent for row, (intent, _) in zip(rows, guesses, strict=True)),
        statistics.mean(row["category"] == category for row, category in complaints),
    )


def labels_of(parsed: dict[str, Any]) -> tuple[str, str]:
    """Intent and category; the peer's category is that of its best intent which has one."""
    name = parsed["intent"]["name"]
    if "categories" in parsed:
        return name, parsed["categories"][0]["name"] if parsed["categories"] else ""
    with_category = [
        item["name"] for item in parsed["intent_ranking"] if item["name"].startswith(f"complaint{_JOINT}")
    ]
    category = with_category[0].partition(_JOINT)[2] if with_category else ""
    return name.partition(_JOINT)[0], category.split("+")[0]


async def _latency(parse: Any, text: str, pid: int) -> tuple[float, float]:
    """Median time from question to answer, and the mean of the server's own CPU time, which a busy machine
    changes less; both in milliseconds.
    """
    latencies = []
    before = _cpu_ms(pid)
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        await parse(text)
        latencies.append((time.perf_counter() - begin) * 1000)
    return statistics.median(latencies[ROUNDS // 10 :]), (_cpu_ms(pid) - before) / ROUNDS


def _cpu_ms(pid: int) -> float:
    status = Path(f"/proc/{pid}/stat")
    if not status.is_file():
        return 0.0
    fields = status.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1000


def _size_mb(path: Path) -> float:
    return path.stat().st_size / 1e6


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        return 0.0
    lines = status.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


async def run(everything: bool) -> list[Result]:
    """Ours, then the peer."""
    chosen, rows = sample(everything), labelled_rows()
    print(f"{len(chosen)} examples to learn from, {len(rows)} messages to understand\n", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "ours", chosen, "/")
        begin = time.monotonic()
        model = await ensure_model(folder / "models", data_folder=folder / "ours", say=lambda _: None)
        ours = await measure("ours", model, time.monotonic() - begin, rows)
        begin = time.monotonic()
        peer_model = await asyncio.to_thread(train_tutorial, folder / "peer", chosen)
        peer = await measure("jieba + CountVectors + DIET", peer_model, time.monotonic() - begin, rows)
    return [ours, peer]


def main() -> None:
    """Print the figures and their ratios."""
    ours, peer = asyncio.run(run("--all" in sys.argv))
    print("## Understanding\n")  # noqa: T201 - what a benchmark is for
    print(f"| | {ours.name} | {peer.name} | ours / theirs |\n|---|---|---|---|")  # noqa: T201
    for label, mine, theirs in (
        ("intent right", ours.intent, peer.intent),
        ("category of complaints right", ours.category, peer.category),
        ("parse 30 characters, p50 ms", ours.short_ms, peer.short_ms),
        ("parse 300 characters, p50 ms", ours.long_ms, peer.long_ms),
        ("parse 30 characters, CPU ms", ours.short_cpu_ms, peer.short_cpu_ms),
        ("parse 300 characters, CPU ms", ours.long_cpu_ms, peer.long_cpu_ms),
        ("training, s", ours.train_seconds, peer.train_seconds),
        ("model file, MB", ours.model_mb, peer.model_mb),
        ("memory of the process, MB", ours.memory_mb, peer.memory_mb),
    ):
        print(f"| {label} | {mine:.3g} | {theirs:.3g} | {mine / max(theirs, 1e-9):.2f} |")  # noqa: T201


if __name__ == "__main__":
    main()
