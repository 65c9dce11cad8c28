"""Coordinates: WGS-84 (Telegram, browsers, GPS) and GCJ-02 (WeChat and Chinese maps), which is WGS-84
shifted by up to 700 m.

The formulas are those that every open implementation of GCJ-02 uses; the way back is found by iterating,
to under 0.1 m.
"""

from __future__ import annotations

from math import cos, pi, radians, sin, sqrt

_AXIS = 6378245.0
_ECCENTRICITY = 0.00669342162296594323
EARTH_RADIUS_METRES = 6371008.8


def _is_in_china(latitude: float, longitude: float) -> bool:
    # The shift is applied in China only; this box is the usual approximation.
    return 0.8293 <= latitude <= 55.8271 and 72.004 <= longitude <= 137.8347


def _waves(x: float, y: float) -> tuple[float, float]:
    common = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    return north, east


def gcj02_from_wgs84(latitude: float, longitude: float) -> tuple[float, float]:
    """Latitude and longitude in GCJ-02; the same outside of China."""
    if not _is_in_china(latitude, longitude):
        return latitude, longitude
    north, east = _waves(longitude - 105.0, latitude - 35.0)
    phi = radians(latitude)
    magic = 1 - _ECCENTRICITY * sin(phi) ** 2
    north = north * 180.0 / (_AXIS * (1 - _ECCENTRICITY) / (magic * sqrt(magic)) * pi)
    east = east * 180.0 / (_AXIS / sqrt(magic) * cos(phi) * pi)
    return latitude + north, longitude + east


def wgs84_from_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """Latitude and longitude in WGS-84."""
    north, east = latitude, longitude
    for _ in range(6):
        shifted = gcj02_from_wgs84(north, east)
        north, east = north + latitude - shifted[0], east + longitude - shifted[1]
    return north, east


def to_wgs84(latitude: float, longitude: float, datum: str | None) -> tuple[float, float]:
    """WGS-84 of a point in `datum` ("GCJ-02", else WGS-84)."""
    if datum == "GCJ-02":
        return wgs84_from_gcj02(latitude, longitude)
    return latitude, longitude


def metres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Distance of two near points in metres, good to a thousandth within a city."""
    east = radians(other_longitude - longitude) * cos(radians((latitude + other_latitude) / 2))
    north = radians(other_latitude - latitude)
    return EARTH_RADIUS_METRES * sqrt(east * east + north * north)
