"""The map: places and gaps from our own GeoJSON addresses, cameras from SQL.

The browser loads the GeoJSON; its features carry their own colours, so no rule stands here.
"""

from grafana_foundation_sdk.builders import common, geomap
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import geomap as map_models

from dashboards.palette import GREY
from dashboards.panels import Saying, dress

# From the bottom up. An address of Grafana's own origin, which the reverse proxy leads to us.
LAYERS = (
    ("Named areas", "/geo/key_areas.geojson"),
    ("Streets", "/geo/streets.geojson"),
    ("Schools", "/geo/schools.geojson"),
    ("Gaps", "/geo/gaps.geojson"),
)


def city_map(saying: Saying, *, colour_by: str) -> geomap.Panel:
    """Columns lat and lon place a camera, the steps of column `colour_by` give its colour."""
    layers = [_places(name, address) for name, address in LAYERS]
    return (
        dress(geomap.Panel(), saying)
        .view(geomap.MapViewConfig().id("fit").all_layers(True).padding(5).zoom(15))
        .controls(
            geomap.ControlsOptions()
            .show_zoom(True)
            .mouse_wheel_zoom(True)
            .show_attribution(True)
            .show_scale(True)
        )
        .tooltip(geomap.TooltipOptions().mode(map_models.TooltipMode.DETAILS))
        .basemap(common.MapLayerOptions().type("default").name("Base map").config({}))
        .layers([*layers, _cameras(colour_by)])
    )


def _places(name: str, address: str) -> common.MapLayerOptions:
    config = {
        "src": address,
        "rules": [],
        "style": {"color": {"fixed": GREY}, "opacity": 0.6, "lineWidth": 2},
    }
    return common.MapLayerOptions().type("geojson").name(name).config(config).tooltip(True)


def _cameras(colour_by: str) -> common.MapLayerOptions:
    config = {
        "showLegend": True,
        "style": {
            "color": {"field": colour_by, "fixed": GREY},
            "opacity": 0.9,
            "size": {"fixed": 5, "min": 2, "max": 15},
            "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
        },
    }
    place = (
        common.FrameGeometrySource()
        .mode(kinds.FrameGeometrySourceMode.COORDS)
        .latitude("lat")
        .longitude("lon")
    )
    return (
        common.MapLayerOptions()
        .type("markers")
        .name("Cameras")
        .config(config)
        .location(place)
        .tooltip(True)
    )
