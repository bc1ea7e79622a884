"""Reads places, gaps and cameras as GeoJSON text, already coloured; PostgreSQL writes the JSON.

Text, because decoding and encoding megabytes here would hold up the event loop of the collectors.
"""

from typing import LiteralString

from db.pool import Connection

# Colours of ratios and status words. The console and Grafana draw with the same ones.
_RATIO_COLOUR: LiteralString = """
  CASE WHEN effective IS NULL THEN '#d0d4da' WHEN effective = 0 THEN '#98a2ad'
    WHEN effective < 0.25 THEN '#bcd7f0' WHEN effective < 0.5 THEN '#86b8e5'
    WHEN effective < 0.75 THEN '#4a90d2' ELSE '#1f66b0' END"""
_STATUS_COLOUR: LiteralString = """
  CASE status WHEN 'ONLINE' THEN '#1e8e3e' WHEN 'DEGRADED' THEN '#c98a00'
    WHEN 'OFFLINE' THEN '#d93025' ELSE '#6b7280' END"""

_PLACES: LiteralString = f"""
  SELECT jsonb_build_object('type', 'Feature', 'id', p.id, 'geometry', p.geometry, 'properties',
    jsonb_build_object(
      'place', p.name, 'kind', p.kind, 'area_code', p.area_code,
      'length_m', v.length_m, 'area_m2', v.area_m2, 'designed', v.designed,
      'effective', v.effective, 'upper', v.upper, 'redundant', v.redundant, 'assumed', v.assumed)
    || CASE WHEN p.kind = 'street'
      THEN jsonb_build_object('stroke', {_RATIO_COLOUR}, 'stroke-width', 4)
      ELSE jsonb_build_object('fill', {_RATIO_COLOUR}, 'fill-opacity', 0.35,
        'stroke', {_RATIO_COLOUR}, 'stroke-width', 2, 'marker-color', {_RATIO_COLOUR}) END)::text
  FROM place p LEFT JOIN coverage_now v ON v.place_id = p.id
  WHERE p.kind::text = $1 ORDER BY p.id
"""  # noqa: S608 constant texts

_CAMERAS: LiteralString = f"""
  SELECT jsonb_build_object('type', 'Feature', 'id', c.id,
    'geometry', jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(c.lon, c.lat)),
    'properties', jsonb_build_object(
      'camera_code', c.code, 'name', c.name, 'area_code', c.area_code, 'status', status,
      'kind', c.kind, 'simulated', c.simulated, 'marker-color', {_STATUS_COLOUR},
      'marker-size', CASE WHEN status = 'OFFLINE' THEN 'large' ELSE 'medium' END))::text
  FROM camera c JOIN camera_status t ON t.camera_id = c.id
  WHERE c.lon IS NOT NULL ORDER BY c.id
"""  # noqa: S608 constant texts

_GAPS: LiteralString = """
  SELECT jsonb_build_object('type', 'Feature',
    'id', row_number() OVER (ORDER BY g.place_id, g.from_m), 'geometry', g.line, 'properties',
    jsonb_build_object('place_id', g.place_id, 'place', p.name, 'kind', g.kind, 'from_m', g.from_m,
      'to_m', g.to_m, 'length_m', g.to_m - g.from_m, 'stroke-width', 3,
      'stroke', CASE g.kind WHEN 'dark' THEN '#8b0000' ELSE '#3c4653' END))::text
  FROM coverage_gap g JOIN place p ON p.id = g.place_id
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
