"""How far two points of the Earth are from each other."""

import math

_EARTH_M = 6_371_008.8  # mean radius; haversine is within 0.6 % of the ellipsoid


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Metres along the sphere between two points in degrees."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_lat, half_lon = (phi2 - phi1) / 2, math.radians(lon2 - lon1) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lon) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(chord)))
