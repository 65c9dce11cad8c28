"""What a message means: the client of the NLU server, and the rules that hold without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import structlog

from actions.base import Entity, Understanding
from actions.emergency_rules import find_emergency, speaks_of_another_time
from bot.text_cleaning import clean, simplify

logger = structlog.get_logger(__name__)

EMERGENCY = "emergency"
# From which probability on the classifier alone calls an emergency, even where something else is likelier: to
# miss one is worse than a false alarm (docs/adr/0003-language-understanding.md). The rules need no help.
EMERGENCY_THRESHOLD = 0.4
_FAILURES = (
    aiohttp.ClientError,
    asyncio.TimeoutError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OSError,
)


class CircuitBreaker:
    """Stops asking a server that keeps failing, and lets one question through now and then."""

    def __init__(
        self, max_failures: int = 3, pause_seconds: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_failures = max_failures
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._failures = 0
        self._retry_at = 0.0

    @property
    def is_open(self) -> bool:
        """True while no question should be asked."""
        return self._failures >= self._max_failures and self._clock() < self._retry_at

    def allow(self) -> bool:
        """Whether the next question may be asked; of many at the end of a pause only one may."""
        if self.is_open:
            return False
        if self._failures >= self._max_failures:
            self._retry_at = self._clock() + self._pause_seconds
        return True

    def succeeded(self) -> None:
        """The server answered."""
        self._failures = 0

    def failed(self) -> None:
        """The server did not answer in time, or not in a way that makes sense."""
        self._failures += 1
        self._retry_at = self._clock() + self._pause_seconds


class UnderstandingClient:
    """Asks the NLU server; a server that is down, slow or broken never becomes an exception here."""

    def __init__(
        self,
        url: str,
        *,
        session: aiohttp.ClientSession,
        timeout_seconds: float = 2.0,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._url = f"{url.rstrip('/')}/model/parse"
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._breaker = breaker or CircuitBreaker()

    @property
    def is_paused(self) -> bool:
        """True while the server counts as down."""
        return self._breaker.is_open

    async def parse(self, text: str) -> Understanding:
        """What a citizen's text means.

        Offsets of entities count in the cleaned text (`bot.text_cleaning.clean`). A text of nothing but
        blanks, signs or emoji gets an empty understanding without asking.
        """
        cleaned = clean(text)
        emergency = find_emergency(simplify(text))
        if not cleaned:
            return Understanding()
        parsed = await self._ask(cleaned)
        if parsed is None:
            return _with_emergency(Understanding.unavailable(), emergency)
        try:
            return _with_emergency(to_understanding(parsed, cleaned), emergency)
        except _FAILURES as error:
            self._breaker.failed()
            logger.warning("nlu_answer_not_understood", error=type(error).__name__)
            return _with_emergency(Understanding.unavailable(), emergency)

    async def _ask(self, cleaned: str) -> dict[str, Any] | None:
        if not self._breaker.allow():
            return None
        try:
            async with self._session.post(
                self._url, json={"text": cleaned}, timeout=self._timeout
            ) as response:
                response.raise_for_status()
                parsed: dict[str, Any] = await response.json()
        except _FAILURES as error:
            self._breaker.failed()
            logger.warning("nlu_unavailable", error=type(error).__name__)
            return None
        self._breaker.succeeded()
        return parsed


def to_understanding(parsed: dict[str, Any], text: str) -> Understanding:
    """Read the NLU server's answer.

    Raises: KeyError, TypeError or ValueError if it has another form.
    """
    intent, confidence = _intent(parsed, text)
    intents, categories = (
        tuple((item["name"], float(item["confidence"])) for item in parsed.get(ranking) or ())
        for ranking in ("intent_ranking", "categories")
    )
    entities = tuple(
        Entity(item["entity"], item["value"], item["start"], item["end"])
        for item in parsed.get("entities") or ()
    )
    return Understanding(
        intent=intent,
        confidence=confidence,
        intents=intents,
        category=categories[0][0] if categories else None,
        categories=categories,
        entities=entities,
    )


def _intent(parsed: dict[str, Any], text: str) -> tuple[str, float]:
    """The best intent. An emergency must be likely enough, and now: a false alarm in answer to smoke costs
    trust.
    """
    ranking = parsed.get("intent_ranking") or [parsed["intent"]]
    if len(ranking) == 1:
        return ranking[0]["name"] or "", float(ranking[0]["confidence"])
    chances = {item["name"] or "": float(item["confidence"]) for item in ranking}
    danger = chances.pop(EMERGENCY, 0.0)
    if danger >= EMERGENCY_THRESHOLD and not speaks_of_another_time(text):
        return EMERGENCY, danger
    return max(chances.items(), key=lambda item: item[1])


def _with_emergency(understanding: Understanding, kind: str | None) -> Understanding:
    """The one place where rules and classifier meet: a rule is enough, and so is a sure classifier."""
    if kind:
        return replace(understanding, intent=EMERGENCY, confidence=0.95, emergency_kind=kind)
    if understanding.intent == EMERGENCY:
        return replace(understanding, emergency_kind="other")
    return understanding
