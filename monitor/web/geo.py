"""GeoJSON of streets, schools, key areas, cameras and gaps, coloured for Grafana's geomap.

PostgreSQL writes the features (`db.shapes`); here they are joined, tagged and compressed.
"""

import asyncio

from aiohttp import web

from db import shapes
from db.pool import Connection
from monitor.web import parameters
from monitor.web.keys import CONSOLE, connection
from monitor.web.replies import missing, tagged

_KINDS = {"streets": "street", "schools": "school", "key_areas": "key_area"}
LAYERS = (*_KINDS, "cameras", "gaps")


async def handle(request: web.Request) -> web.Response:
    """/geo/{layer}.geojson; top-level ids are those of place and camera."""
    layer = request.match_info["layer"]
    if layer not in LAYERS:
        raise missing("layer", "There are " + ", ".join(LAYERS) + ".")
    parameters.read([*request.query.items()], ())
    async with connection(request) as conn:
        features = await _features(conn, layer)
    body = await asyncio.to_thread(_collection, features)
    response = tagged(request, body, "application/geo+json")
    origin = request.headers.get("Origin")
    if origin and origin in request.app[CONSOLE].geo_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Accept-Encoding, Origin"
    return response


async def _features(conn: Connection, layer: str) -> list[str]:
    if layer == "cameras":
        return await shapes.cameras(conn)
    if layer == "gaps":
        return await shapes.gaps(conn)
    return await shapes.places(conn, _KINDS[layer])


def _collection(features: list[str]) -> bytes:
    return ('{"type":"FeatureCollection","features":[' + ",\n".join(features) + "]}").encode()
