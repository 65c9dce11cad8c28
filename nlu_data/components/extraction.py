"""All entities of a text, without Rasa."""

from __future__ import annotations

from nlu_data.components.patterns import find_patterns
from nlu_data.components.place_patterns import PlaceFinder

# A place may hold a number (29号) that looks like a date, but never one of these.
_STRONGER_THAN_A_PLACE = frozenset(
    {"law", "ticket_no", "plate", "amount", "phone", "identity_number", "article"}
)


def find_entities(text: str, finder: PlaceFinder) -> list[tuple[str, str, int, int]]:
    """Kind, value, start and end of each entity, in the order of the text.

    A `town` has its official name as its value; all others have the words as written.
    """
    patterns = list(find_patterns(text))
    firm = [(start, end) for kind, start, end in patterns if kind in _STRONGER_THAN_A_PLACE]
    places = [span for span in finder.find(text) if not _overlaps(span, firm)]
    found = [("place", text[start:end], start, end) for start, end in places]
    for kind, start, end in patterns:
        if kind in _STRONGER_THAN_A_PLACE or not _overlaps((start, end), places):
            found.append((kind, text[start:end], start, end))
    found.extend((("town", name, start, end)) for start, end, name in finder.towns(text))
    return sorted(found, key=lambda entity: (entity[2], -entity[3], entity[0]))


def _overlaps(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)
