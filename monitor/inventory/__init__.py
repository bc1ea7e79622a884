"""Reads the city's files: cameras, areas, places; every problem named by file, line and column.

Reading the given file is the only I/O; storing, approving and asking cameras are left to others.
"""

from monitor.inventory.areas import read_areas
from monitor.inventory.cameras import read_cameras
from monitor.inventory.difference import Change, Diff, diff
from monitor.inventory.entries import read_register
from monitor.inventory.export import export_rows
from monitor.inventory.mapping import FileMapping, built_in, read_mapping
from monitor.inventory.places import read_places
from monitor.inventory.problems import Counts, Problem, Reading, Refused, Severity
from monitor.inventory.source import LIMITS, Limits

__all__ = [
    "LIMITS",
    "Change",
    "Counts",
    "Diff",
    "FileMapping",
    "Limits",
    "Problem",
    "Reading",
    "Refused",
    "Severity",
    "built_in",
    "diff",
    "export_rows",
    "read_areas",
    "read_cameras",
    "read_mapping",
    "read_places",
    "read_register",
]
