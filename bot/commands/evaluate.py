"""`wenfa eval nlu FILE`, `answers FILE`, `duplicates FILE` and `search FOLDER`: how good understanding,
answers, the finding of duplicates and the search for articles are on labelled rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.commands import eval_answers, eval_duplicates, eval_nlu, eval_search

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The measurements."""
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    eval_nlu.add_arguments(kinds.add_parser("nlu", help=eval_nlu.__doc__))
    eval_answers.add_arguments(kinds.add_parser("answers", help=eval_answers.__doc__))
    eval_duplicates.add_arguments(kinds.add_parser("duplicates", help=eval_duplicates.__doc__))
    eval_search.add_arguments(kinds.add_parser("search", help=eval_search.__doc__))
