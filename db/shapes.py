"""Reads places, gaps and cameras as GeoJSON text, already coloured; PostgreSQL writes the JSON.

Text, because decoding and encoding megabytes here would hold up the event loop of the collectors.
"""

from typing import LiteralString

from db.pool import Connection

# Colours come from the one table: a ratio has that of the highest limit it reaches, and one that is
# a range over several limits, for want of sight, that of the unknown.
_RATIO: LiteralString = """
  CROSS JOIN LATERAL (
    SELECT max(at_least) FILTER (WHERE at_least <= v.effective) AS low,
      max(at_least) FILTER (WHERE at_least <= v.upper) AS high
    FROM target WHERE measure = 'coverage') reached
  CROSS JOIN LATERAL (
    SELECT colour FROM target
    WHERE measure = 'coverage' AND at_least IS NOT DISTINCT FROM
      CASE WHEN reached.low = reached.high THEN reached.low END) r"""

_PLACES: LiteralString = f"""
  SELECT jsonb_build_object('type', 'Feature', 'id', p.id, 'geometry', p.geometry, 'properties',
    jsonb_build_object(
      'place', p.name, 'kind', p.kind, 'area_code', p.area_code,
      'length_m', v.length_m, 'area_m2', v.area_m2, 'designed', v.designed,
      'effective', v.effective, 'upper', v.upper, 'redundant', v.redundant, 'assumed', v.assumed)
    || CASE WHEN p.kind = 'street'
      THEN jsonb_build_object('stroke', r.colour, 'stroke-width', 4)
      ELSE jsonb_build_object('fill', r.colour, 'fill-opacity', 0.35,
        'stroke', r.colour, 'stroke-width', 2, 'marker-color', r.colour) END)::text
  FROM place p LEFT JOIN coverage_now v ON v.place_id = p.id {_RATIO}
  WHERE p.kind::text = $1 AND p.geometry -> 'coordinates' <> '[]' ORDER BY p.id
"""  # noqa: S608 constant texts

_CAMERAS: LiteralString = """
  SELECT jsonb_build_object('type', 'Feature', 'id', c.id,
    'geometry', jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(c.lon, c.lat)),
    'properties', jsonb_build_object(
      'camera_code', c.code, 'name', c.name, 'area_code', c.area_code, 'status', status,
      'kind', c.kind, 'simulated', c.simulated, 'marker-color', s.colour,
      'marker-size', CASE WHEN status = 'OFFLINE' THEN 'large' ELSE 'medium' END))::text
  FROM camera c
  JOIN camera_status t ON t.camera_id = c.id
  LEFT JOIN target s ON s.measure = 'status' AND s.word = t.status
  WHERE c.lon IS NOT NULL ORDER BY c.id
"""

_GAPS: LiteralString = """
  SELECT jsonb_build_object('type', 'Feature',
    'id', row_number() OVER (ORDER BY g.place_id, g.from_m), 'geometry', g.line, 'properties',
    jsonb_build_object('place_id', g.place_id, 'place', p.name, 'kind', g.kind, 'from_m', g.from_m,
      'to_m', g.to_m, 'length_m', g.to_m - g.from_m, 'stroke-width', 3,
      'stroke', s.colour))::text
  FROM coverage_gap g
  JOIN place p ON p.id = g.place_id
  LEFT JOIN target s ON s.measure = 'gap' AND s.word = g.kind
  WHERE EXISTS (
    SELECT FROM bi.coverage_gap b WHERE b.place_id = g.place_id AND b.from_m = g.from_m)
  ORDER BY g.place_id, g.from_m
"""


async def places(conn: Connection, kind: str) -> list[str]:
    """GeoJSON features of all places of a kind; top-level id is the place id."""
    return [row[0] for row in await conn.fetch(_PLACES, kind)]


async def cameras(conn: Connection) -> list[str]:
    """GeoJSON features of all cameras with coordinates; top-level id is the camera id."""
    return [row[0] for row in await conn.fetch(_CAMERAS)]


async def gaps(conn: Connection) -> list[str]:
    """GeoJSON features of all gaps; `kind` is never (no camera at all) or dark (cameras down)."""
    return [row[0] for row in await conn.fetch(_GAPS)]
