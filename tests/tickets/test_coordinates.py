"""WGS-84 and GCJ-02."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.coordinates import gcj02_from_wgs84, metres_between, to_wgs84, wgs84_from_gcj02


@given(st.floats(18, 53), st.floats(74, 134))
def test_there_and_back_is_the_same_place(latitude: float, longitude: float) -> None:
    back = wgs84_from_gcj02(*gcj02_from_wgs84(latitude, longitude))

    assert metres_between(latitude, longitude, *back) < 0.1


@given(st.floats(25.2, 25.9), st.floats(119.0, 119.8))
def test_the_shift_is_some_hundred_metres(latitude: float, longitude: float) -> None:
    assert 300 < metres_between(latitude, longitude, *gcj02_from_wgs84(latitude, longitude)) < 800


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((39.9087, 116.3975), (39.910103, 116.403739)),
        # Pairs that other people's converters are tested with (eviltransform).
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
)
def test_known_points(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    assert metres_between(*gcj02_from_wgs84(*wgs84), *gcj02) < 2.5
    assert metres_between(*wgs84_from_gcj02(*gcj02), *wgs84) < 2.5


def test_nothing_is_shifted_outside_of_china() -> None:
    assert gcj02_from_wgs84(48.85, 2.35) == (48.85, 2.35)
    assert wgs84_from_gcj02(48.85, 2.35) == (48.85, 2.35)


def test_to_wgs84_leaves_wgs84_alone() -> None:
    assert to_wgs84(25.72, 119.38, "WGS-84") == (25.72, 119.38)
    assert to_wgs84(25.72, 119.38, None) == (25.72, 119.38)
    assert to_wgs84(25.72, 119.38, "GCJ-02") != (25.72, 119.38)


def test_a_minute_of_latitude_is_a_nautical_mile() -> None:
    assert metres_between(25.0, 119.0, 25.0 + 1 / 60, 119.0) == pytest.approx(1853, abs=2)
