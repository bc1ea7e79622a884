"""Loads protected places for tests: none at all where a test is about something else."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import numpy as np
import shapely

from monitor import protecting
from monitor.inventory import Layer
from monitor.protecting import Loaded

DATED = date(2026, 1, 1)
WORLD = shapely.box(-180, -90, 180, 90)


def layer(outlines: Sequence[Any] = (), covers: Any = WORLD, *, source: str = "t") -> Layer:
    """Outlines that are all protected places of the surface `covers`."""
    surface = None if covers is None else json.loads(shapely.to_geojson(covers))
    return Layer(
        source=source, dated=DATED, covers=surface, outlines=np.array(outlines, dtype=object)
    )


async def load(
    conn: asyncpg.Connection, outlines: Sequence[Any] = (), covers: Any = WORLD, **how: Any
) -> Loaded:
    """They are known, and everywhere else in `covers` there is none."""
    now = datetime.now(UTC)
    given = {"digest": None, "by": "t", "now": now, **how}
    return await protecting.load(conn, layer(outlines, covers), **given)
