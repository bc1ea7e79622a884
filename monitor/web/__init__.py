"""The console, the read-only API, GeoJSON, health endpoints and metrics over HTTP.

Knows the database through `db.views`, `db.covered`, `db.accounts` and `db.shapes` only; never asks
a camera and writes nothing.
"""

from monitor.web.app import Console, create_app

__all__ = ["Console", "create_app"]
