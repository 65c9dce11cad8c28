from __future__ import annotations

from datetime import timedelta

from bot.desk import throttle
from bot.desk.throttle import SignInThrottle
from tests.factories import NOW


def test_one_address_is_stopped_on_one_account_only() -> None:
    guard = SignInThrottle()
    for _ in range(5):
        guard.failed("lin", "203.0.113.7", NOW)

    assert guard.wait(" LIN", "203.0.113.7", NOW) == throttle.WINDOW
    assert guard.wait("wu", "203.0.113.7", NOW) is None
    assert guard.wait("lin", "203.0.113.8", NOW) is None


def test_many_addresses_together_stop_an_account_and_one_address_many_accounts() -> None:
    guard = SignInThrottle()
    for number in range(30):
        guard.failed("lin", f"203.0.113.{number}", NOW)
        guard.failed(f"officer{number}", "198.51.100.1", NOW)

    assert guard.wait("lin", "192.0.2.1", NOW) is not None
    assert guard.wait("somebody", "198.51.100.1", NOW) is not None


def test_failures_are_forgotten_after_a_while_and_by_success() -> None:
    guard = SignInThrottle()
    for minute in range(5):
        guard.failed("lin", "203.0.113.7", NOW + timedelta(minutes=minute))

    assert guard.wait("lin", "203.0.113.7", NOW + timedelta(minutes=14)) == timedelta(minutes=1)
    assert guard.wait("lin", "203.0.113.7", NOW + timedelta(minutes=15)) is None
    guard.succeeded("lin", "203.0.113.7")
    assert guard.wait("lin", "203.0.113.7", NOW + timedelta(minutes=5)) is None


def test_memory_is_bounded() -> None:
    guard = SignInThrottle()
    for number in range(throttle.MAX_KEYS):
        guard.failed(f"officer{number}", "203.0.113.7", NOW)

    assert len(guard._failures) == throttle.MAX_KEYS
