"""`wenfa eval nlu FILE`, `wenfa eval answers FILE` and `wenfa eval search FOLDER`: how good understanding,
answers and the search for articles are on labelled rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.commands import eval_answers, eval_nlu, eval_search

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The measurements."""
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    eval_nlu.add_arguments(kinds.add_parser("nlu", help=eval_nlu.__doc__))
    eval_answers.add_arguments(kinds.add_parser("answers", help=eval_answers.__doc__))
    eval_search.add_arguments(kinds.add_parser("search", help=eval_search.__doc__))
