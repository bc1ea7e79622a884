"""Reads the city's files: cameras, areas, places; every problem named by file, line and column.

Reading the given file is the only I/O; storing, approving and asking cameras are left to others.
"""

from monitor.inventory.areas import read_areas
from monitor.inventory.cameras import CameraFile, open_cameras, read_cameras
from monitor.inventory.entries import read_register
from monitor.inventory.export import areas_csv, cameras_csv, places_geojson
from monitor.inventory.mapping import FileMapping, built_in, read_mapping
from monitor.inventory.patch import Patch, whole
from monitor.inventory.places import read_places
from monitor.inventory.problems import Counts, Problem, Reading, Refused, Severity
from monitor.inventory.protected import Layer, Said, read_protected
from monitor.inventory.source import LIMITS, Limits

__all__ = [
    "LIMITS",
    "CameraFile",
    "Counts",
    "FileMapping",
    "Layer",
    "Limits",
    "Patch",
    "Problem",
    "Reading",
    "Refused",
    "Said",
    "Severity",
    "areas_csv",
    "built_in",
    "cameras_csv",
    "open_cameras",
    "places_geojson",
    "read_areas",
    "read_cameras",
    "read_mapping",
    "read_places",
    "read_protected",
    "read_register",
    "whole",
]
