"""Transverse Mercator at the centre of a city: degrees to metres on a plane and back.

Scale 1 at the centre, so lengths in a 100 km city are right to a few millimetres per 100 m and
angles to 0.3 degrees. Frames other than WGS-84 are left to `frames`.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Shape (n, 2): longitude, latitude in degrees, or x (east), y (north) in metres."""

_AXIS_M = 6378137.0  # WGS-84, EPSG 7030
_FLATTENING = 1 / 298.257223563
_N = _FLATTENING / (2 - _FLATTENING)
_RECTIFYING_M = _AXIS_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64 + _N**6 / 256)
# Krüger 1912, series in the third flattening up to n^4: below a micrometre within 1,000 km.
_FORWARD = (
    _N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16 + 41 * _N**4 / 180,
    13 * _N**2 / 48 - 3 * _N**3 / 5 + 557 * _N**4 / 1440,
    61 * _N**3 / 240 - 103 * _N**4 / 140,
    49561 * _N**4 / 161280,
)
_BACKWARD = (
    _N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96 - _N**4 / 360,
    _N**2 / 48 + _N**3 / 15 - 437 * _N**4 / 1440,
    17 * _N**3 / 480 - 37 * _N**4 / 840,
    4397 * _N**4 / 161280,
)
_ECCENTRICITY = 2 * _N**0.5 / (1 + _N)


@dataclass(frozen=True, kw_only=True, slots=True)
class Projection:
    """A plane that touches the earth along the meridian `lon_deg`; (0, 0) lies at `lat_deg`."""

    lon_deg: float
    lat_deg: float

    @classmethod
    def centred_on(cls, lonlat: Points) -> Self:
        """At the median of the points, which a few misplaced ones do not pull away."""
        lon, lat = np.sort(lonlat, axis=0)[len(lonlat) // 2]
        return cls(lon_deg=float(lon), lat_deg=float(lat))

    def to_plane(self, lonlat: Points) -> Points:
        """Metres east and north of the centre. Meant for points within about 20 degrees of it."""
        away = np.radians(_within_half_turn(lonlat[:, 0] - self.lon_deg))
        sphere = np.sinh(_isometric(np.radians(lonlat[:, 1])))
        xi = np.arctan2(sphere, np.cos(away))
        eta = np.arcsinh(np.sin(away) / np.hypot(sphere, np.cos(away)))
        north, east = _series(xi, eta, _FORWARD, 1.0)
        return _RECTIFYING_M * np.column_stack([east, north - self._origin()])

    def to_lonlat(self, plane: Points) -> Points:
        """Degrees of points in metres east and north of the centre."""
        north = plane[:, 1] / _RECTIFYING_M + self._origin()
        xi, eta = _series(north, plane[:, 0] / _RECTIFYING_M, _BACKWARD, -1.0)
        away = np.arctan2(np.sinh(eta), np.cos(xi))
        lat = np.degrees(_latitude(np.sin(xi) / np.hypot(np.sinh(eta), np.cos(xi))))
        return np.column_stack([_within_half_turn(np.degrees(away) + self.lon_deg), lat])

    def _origin(self) -> float:
        """Rectifying latitude of the centre, radians."""
        isometric = _isometric(np.radians(np.array([self.lat_deg])))
        north, _ = _series(np.arctan(np.sinh(isometric)), np.zeros(1), _FORWARD, 1.0)
        return float(north[0])


def _isometric(lat: NDArray[np.float64]) -> NDArray[np.float64]:
    lift = _ECCENTRICITY * np.arctanh(_ECCENTRICITY * np.sin(lat))
    isometric: NDArray[np.float64] = np.arcsinh(np.tan(lat)) - lift
    return isometric


def _latitude(tangent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Latitude in radians from the tangent of the conformal latitude, by Newton's method."""
    guess = tangent / (1 - _ECCENTRICITY**2)
    for _ in range(3):  # quadratic from a start within 1 %: three rounds reach rounding error
        root = np.hypot(1, guess)
        sigma = np.sinh(_ECCENTRICITY * np.arctanh(_ECCENTRICITY * guess / root))
        value = guess * np.hypot(1, sigma) - sigma * root
        slope = (1 - _ECCENTRICITY**2) * np.hypot(1, value) * root
        guess = guess + (tangent - value) * (1 + (1 - _ECCENTRICITY**2) * guess**2) / slope
    latitude: NDArray[np.float64] = np.arctan(guess)
    return latitude


def _series(
    xi: NDArray[np.float64], eta: NDArray[np.float64], terms: tuple[float, ...], sign: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    north, east = xi, eta
    for order, term in enumerate(terms, start=1):
        north = north + sign * term * np.sin(2 * order * xi) * np.cosh(2 * order * eta)
        east = east + sign * term * np.cos(2 * order * xi) * np.sinh(2 * order * eta)
    return north, east


def _within_half_turn(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Into -180..180, but exactly as given where it already is, so that no digit is lost."""
    turned: NDArray[np.float64] = degrees - 360 * np.round(degrees / 360)
    return turned
