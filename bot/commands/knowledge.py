"""The knowledge base for commands that run by themselves."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from knowledge_base.base import KnowledgeBase


def load(data_folder: Path, *, meaning: bool = True, articles: bool = False) -> KnowledgeBase:
    """Load the knowledge base, with the vectors of the cards if `meaning`, else for searching by words alone.

    They are built on the first call, which takes half a minute or more and says so on standard error; after
    that they come from the data folder. Vectors of articles are used as far as the running assistant has
    built them.
    """
    cache = data_folder / "knowledge" if meaning else None
    knowledge = KnowledgeBase.load(cache, imported=data_folder / "statutes")
    if articles or (meaning and not knowledge.has_vectors):
        sys.stderr.write("building the vectors that are missing, once ...\n")
        workers = len(os.sched_getaffinity(0))
        knowledge.build_vectors(_Progress().show, with_articles=articles, workers=workers)
    return knowledge


class _Progress:
    """Says how far it is, every tenth of the way."""

    def __init__(self) -> None:
        self._last = -1

    def show(self, what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth != self._last:
            self._last = tenth
            sys.stderr.write(f"  {what}: {done}/{total}\n")
