"""Make what a citizen typed fit for the NLU server. The original is kept elsewhere; this is what the
machine reads.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import opencc

# Rasa needs 222 ms for 4,096 characters. A story has its point in its beginning or at its end, so the
# middle goes.
MAX_LENGTH = 1200
_KEPT_AT_THE_END = 400
# What a channel lets through at most; nothing behind it is looked at.
_MAX_INPUT = 12_000
# Enough to see that a key was held down; 5,000 of them say no more than three.
_MAX_REPEATS = 3

_LINE_BREAKS = re.compile(r"[ \t]*[\r\n\u2028\u2029]+[ \t]*")
_BLANKS = re.compile(r"[ \t]+")
_LEADING_COMMAND = re.compile(r"^[\s/\\]+")
_REPEATED = re.compile(rf"([^\d\s])\1{{{_MAX_REPEATS},}}")
_REPEATED_DIGIT = re.compile(r"(\d)\1{24,}")


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    # tw2s and not t2s, which leaves the 著 of 著火 as it is.
    return opencc.OpenCC("tw2s")


def _is_kept(character: str) -> bool:
    # Cc, Cf: control and format characters (zero-width, direction marks). Cs, Co, Cn: halves, private,
    # unassigned.
    return character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}


def simplify(text: str) -> str:
    """One width, Simplified characters, nothing invisible; all of the text, up to 12,000 characters."""
    normalized = unicodedata.normalize("NFKC", text[:_MAX_INPUT])[:_MAX_INPUT]
    lines = _LINE_BREAKS.sub("\n", normalized).replace("\t", " ")
    visible = "".join(character for character in lines if _is_kept(character))
    return _BLANKS.sub(" ", _converter().convert(visible)).strip()


def clean(text: str) -> str:
    """Clean a message for the NLU server; empty if nothing is left to understand.

    The order matters. NFKC comes first because it turns the full-width `／` into the `/` that Rasa takes
    for a forged intent, and invisible characters go before leading slashes are looked for, or they would
    hide them.
    """
    short = _REPEATED_DIGIT.sub(r"\1\1\1", _REPEATED.sub(r"\1" * _MAX_REPEATS, simplify(text)))
    stripped = _LEADING_COMMAND.sub("", short).strip()
    if len(stripped) > MAX_LENGTH:
        stripped = f"{stripped[: MAX_LENGTH - _KEPT_AT_THE_END - 1]}\n{stripped[-_KEPT_AT_THE_END:]}"
    return stripped if any(character.isalnum() for character in stripped) else ""
