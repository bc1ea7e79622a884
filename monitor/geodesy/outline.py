"""Makes surfaces of outlines as people draw them: closed, valid, with an area, or none at all."""

from typing import Any

import shapely

NO_SURFACE = "The outline encloses no surface, or crosses itself beyond repair."


def repaired(shape: Any) -> Any:
    """A valid surface, all operations on which will succeed; None where GEOS cannot make one."""
    for options in ({}, {"method": "structure", "keep_collapsed": False}):
        try:
            # buffer(0) keeps surfaces only: stray lines of a self-touching border may be left
            site = shapely.make_valid(shape, **options).buffer(0)
            site.buffer(1.0)
        except shapely.GEOSException:
            continue
        return site if site.area > 0 else None
    return None
