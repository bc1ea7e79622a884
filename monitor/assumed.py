"""What the configuration assumes of the views of cameras, and which of them are findings."""

from dataclasses import replace

from monitor.coverage.footprint import FootprintModel
from monitor.coverage.looks import Limits
from monitor.coverage.targets import Surroundings
from monitor.model import CameraKind
from monitor.settings import Coverage

_PTZ = (CameraKind.DOME_PTZ, CameraKind.PTZ_BULLET, CameraKind.PTZ_HALF_DOME)


def footprint_model(settings: Coverage) -> FootprintModel:
    """The model with the ranges of the configuration."""
    model = FootprintModel()
    ranges = {
        CameraKind.FIXED: settings.fixed_range_m,
        CameraKind.MULTI: settings.fixed_range_m,
        CameraKind.HALF_DOME: settings.half_dome_range_m,
    }
    views = {
        kind: replace(view, range_m=ranges[kind]) if kind in ranges else view
        for kind, view in model.views.items()
    }
    for kind in _PTZ:
        far_m = settings.ptz_range_m
        views[kind] = replace(views[kind], range_m=far_m, round_m=far_m)
    return replace(model, views=views)


def limits(settings: Coverage) -> Limits:
    """From what on a view of a protected place is a finding."""
    return Limits(
        area_m2=settings.protected_area_m2,
        facade_m=settings.protected_facade_m,
        mount_m=settings.mount_m,
    )


def surroundings(settings: Coverage) -> Surroundings:
    """How schools become lines."""
    return Surroundings(approach_m=settings.approach_m)
