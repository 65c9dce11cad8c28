"""Everything that the knowledge base may raise.

KnowledgeBaseError
├── UnknownLaw
├── CardFormatError       one or more problems in a file of cards
├── StatuteUnreadable     a file that is no statute, or a damaged one
└── EncoderUnreadable     the weights of the sentence encoder are missing or damaged
"""

from __future__ import annotations


class KnowledgeBaseError(Exception):
    """Base of all errors of this package."""


class UnknownLaw(KnowledgeBaseError):
    """No statute of that name, short name or alias is known."""


class StatuteUnreadable(KnowledgeBaseError):
    """A file could not be read as a statute; the message says which and why, in Chinese, for the operator."""


class EncoderUnreadable(KnowledgeBaseError):
    """The file with the weights of the sentence encoder is missing or damaged."""


class CardFormatError(KnowledgeBaseError):
    """Cards that do not follow the format; `problems` names file, card and reason, one string each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
