"""What the interface refuses."""

from __future__ import annotations


class Refused(Exception):
    """A refusal in the specification's form.

    Attributes:
        status: of HTTP, and the code in the body: 404 for what doesn't exist, 403 for a missing or wrong key,
            429 for too much, 400 for all else.
        description: for the person in front of the client, Chinese.
    """

    def __init__(self, status: int, description: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after_seconds = retry_after_seconds


def bad(description: str) -> Refused:
    """Something in the request can't be used."""
    return Refused(400, description)


def missing(description: str) -> Refused:
    """It doesn't exist, or the client may not know of it."""
    return Refused(404, description)
