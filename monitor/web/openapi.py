"""The OpenAPI 3.1 document: paths from the table of endpoints, the shapes of the answers by hand.

A shape is a line of words `name:type`; `?` after the type means it may be null, `[]` a list of it.
"""

from typing import Any

from monitor.entry import FIELDS, Kind, RegisterState
from monitor.model import JudgedBy
from monitor.web.api import ENDPOINTS, Endpoint
from monitor.web.geo import LAYERS
from monitor.web.parameters import Parameter

_COUNTS = (
    "cameras:integer online:integer degraded:integer offline:integer unknown:integer "
    "exempt:integer repair:integer planned:integer retired:integer undeclared:integer "
    "unattended:integer online_rate:Rate"
)
_CAMERA = (
    "camera_code:string name:string area_code:string? area:string? status:StatusWord "
    "health:string intent:string reason:string? meaning:string? advice:string? since:time? "
    "last_seen:time? last_asked:time? took_ms:number? clock_offset_s:number? "
    "clock_fault_since:time? dark_since:time? dark_cause:string? direct:string platform:string? "
    "lon:number? lat:number? kind:string simulated:boolean "
    "up:integer assessed:integer declared:boolean register_state:RegisterState attended:boolean "
    "verdict_by:string judged_by:JudgedBy direct_since:time? direct_asked:time? "
    "platform_since:time? platform_asked:time?"
)
_PLACE = (
    "place_id:integer place_code:string place:string kind:PlaceKind area_code:string? area:string? "
    "required:ratio? purpose:string? ground:string? review_due:date? excluded_m:number "
    "length_m:number? area_m2:number? designed:ratio? effective:ratio? upper:ratio? "
    "redundant:ratio? reachable:ratio? approach:ratio? lost_m:number? assumed:boolean? "
    "undeclared:ratio? protected_layer:date? "
    "excess_m:number? excess_m2:number? unrequired_m:number? unrequired_m2:number? "
    "defect:string? as_of:time?"
)
_OF_KIND = {
    Kind.TEXT: "string?",
    Kind.DATE: "date?",
    Kind.COUNT: "integer?",
    Kind.NUMBER: "number?",
}
_ENTRY = " ".join(
    [
        "camera_code:string name:string area_code:string? area:string? state:RegisterState",
        "declared:boolean missing:string[] attended:boolean first_entered_at:time declare_by:time",
        "entry:string? version:integer? shared_by:integer",
        *(f"{each.name}:{_OF_KIND.get(each.kind, 'boolean?')}" for each in FIELDS),
        "stated_by:string? stated_role:string? stated_at:time? approved_by:string?",
        "approved_role:string? approved_at:time? intent:string",
    ]
)
_SHAPES = {
    "Rate": "numerator:integer denominator:integer value:ratio?",
    "AreaStatus": f"area_code:string area:string parent_code:string? level:string {_COUNTS}",
    "Status": f"as_of:time observed_at:time? {_COUNTS} by_area:AreaStatus[]",
    "Looking": "cameras:integer compared:integer looking:integer answered:integer",
    "Pulse": "as_of:time inventory:integer coverage_as_of:time? coverage_known_at:time? "
    "protected:Looking "
    "cameras:object places:object",
    "Offline": "camera_code:string name:string area_code:string? area:string? pole:string? "
    "reason:string? meaning:string? advice:string? since:time confirmed_at:time? offline_s:number "
    "one_trip:integer lon:number? lat:number? declared:boolean register_state:RegisterState "
    "safety:boolean declare_by:time",
    "CameraNow": _CAMERA,
    "CameraPage": "cameras:CameraNow[] next:string?",
    "Change": "at:time from_health:string to_health:string reason:string meaning:string? "
    "detail:string",
    "Failed": "at:time reason:string meaning:string? detail:string took_ms:number",
    "CameraFault": "kind:string opened_at:time closed_at:time? detail:string",
    "Window": "kind:string reason_code:string starts_at:time ends_at:time approved_by:string",
    "Unobserved": "starts_at:time ends_at:time? cause:string",
    "CameraDefect": "defect:string detail:string",
    "Hour": "hour:time asked:integer up:integer took_mean_ms:number took_max_ms:number",
    "Camera": f"{_CAMERA} host:string? port:integer address:string? direction:string? "
    "angle_deg:number? range_m:number? indoor:boolean pole:string? vendor:string? model:string? "
    "last_reason:string? last_meaning:string? last_detail:string? health_detail:string? "
    "exclusive_m:number? register_missing:string[] declare_by:time compared:boolean "
    "protected:Finding[] "
    "transitions:Change[] failed:Failed[] faults:CameraFault[] windows:Window[] "
    "unobserved:Unobserved[] defects:CameraDefect[] "
    "hours:Hour[] witnesses:Witness[] retention:CameraRetention[]",
    "CameraRetention": "platform:string declared_days:integer kept_days:integer asked_at:time "
    "finding:string",
    "Finding": "camera_code:string name:string area_code:string? intent:string declared:boolean "
    "register_state:RegisterState owner:string? since:time share:ratio places:integer "
    "area_m2:number facade_m:number free_bearing_deg:number? free_angle_deg:number? "
    "free_range_m:number? hide:bearings line_of_sight:boolean layer_dated:date? state:string "
    "answer:string? answered_at:time? answered_by:string? answer_until:time? masked_on:date? "
    "ended_at:time? ended_by:string?",
    "Platform": "platform:string kind:string health:string asked_at:time? answered_at:time? "
    "fresh_at:time? version:string problem:string cadence_s:number clock_offset_s:number? "
    "channels:integer "
    "said_on:integer said_off:integer said_unknown:integer known:integer unknown_here:integer",
    "Disagreement": "camera_code:string? name:string? area_code:string? platform:string "
    "kind:string since:time direct:string said:string raw:string evidence_at:time? advice:string",
    "Retention": "camera_code:string name:string area_code:string? platform:string "
    "declared_days:integer kept_days:integer oldest_at:time? asked_at:time finding:string "
    "advice:string",
    "Findings": "cameras:integer compared:integer looking:integer answered:integer "
    "findings:Finding[]",
    "Witness": "platform:string code:string said:string raw:string why:string since:time "
    "evidence_at:time? seen_at:time fresh:boolean",
    "Ledger": "camera:string from:time to:time up:number down:number unreachable:number "
    "planned:number exempt:number unobserved:number out_of_service:number "
    "unobserved_by_cause:object outages:integer observed_share:ratio? availability:ratio? "
    "best:ratio? worst:ratio?",
    "Gap": "from_m:number to_m:number length_m:number kind:string from:number[] to:number[]",
    "Place": _PLACE,
    "CoverageDay": "day:date designed:ratio? effective:ratio? effective_min:ratio?",
    "PlaceDetail": f"{_PLACE} geometry:object gaps:Gap[] days:CoverageDay[]",
    "Coverage": f"{_PLACE} gaps:Gap[]",
    "CoverageKind": "kind:PlaceKind places:integer required_places:integer length_m:number? "
    "area_m2:number? designed:ratio? effective:ratio? upper:ratio? redundant:ratio? lost_m:number? "
    "undeclared:ratio? excess_m:number? excess_m2:number? unrequired_m:number? "
    "unrequired_m2:number? protected_known:integer excluded_m:number?",
    "Requirement": "place_id:integer place:string kind:PlaceKind area_code:string? share:ratio? "
    "purpose:string? ground:string? from_day:date? review_due:date? stated_by:string? "
    "stated_at:time? withdrawn_at:time? state:string",
    "CoverageModel": "model:object as_of:time",
    "CoverageKinds": "kinds:CoverageKind[] model:CoverageModel?",
    "Outage": "camera_code:string name:string area_code:string? started_at:time ended_at:time? "
    "reason:string",
    "Fault": "camera_code:string name:string area_code:string? kind:string since:time "
    "detail:string",
    "Defect": "camera_code:string name:string area_code:string? defect:string detail:string",
    "Report": "id:integer kind:string first_day:date last_day:date made_at:time method:string",
    "Collector": "name:string started_at:time alive_at:time stopped_at:time? alive:boolean "
    "cameras:integer asked:integer dropped:integer skipped:integer late_p99_s:number? "
    "loop_lag_s:number? queue:integer",
    "About": "version:string city:string attribution:string cadence_s:number patience_s:number "
    "clock_tolerance_s:number timezone:string",
    "Entry": _ENTRY,
    "EntryDetail": f"{_ENTRY} versions:object[]",
    "Undeclared": "camera_code:string name:string area_code:string? area:string? "
    "state:RegisterState missing:string[] first_entered_at:time declare_by:time attended:boolean "
    "days_left:integer",
    "Act": "seq:integer at:time who:string role:string action:string subject:string detail:object "
    "salt:string digest:string",
    "Target": "measure:string word:string at_least:number? colour:string?",
    "ErrorBody": "code:string message:string advice:string",
    "Error": "error:ErrorBody",
}
_LISTS = (
    "Offline",
    "Place",
    "Coverage",
    "Requirement",
    "Outage",
    "Platform",
    "Disagreement",
    "Retention",
    "Fault",
    "Defect",
    "Entry",
    "Undeclared",
    "Act",
    "Target",
    "Report",
    "Collector",
)
_WORDS = {
    "StatusWord": "ONLINE DEGRADED OFFLINE UNKNOWN EXEMPT REPAIR PLANNED RETIRED",
    "PlaceKind": "street school key_area",
    "RegisterState": " ".join(RegisterState),
    "JudgedBy": " ".join(JudgedBy),
}
_TYPES: dict[str, dict[str, Any]] = {
    "time": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "ratio": {"type": "number", "minimum": 0, "maximum": 1},
    "bearings": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
}
_PLAIN = ("string", "integer", "number", "boolean", "object")


def document(version: str) -> dict[str, Any]:
    """The whole document."""
    paths = {each.path: {"get": _operation(each)} for each in ENDPOINTS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Camledger",
            "version": version,
            "description": "Read-only. Ratios are 0..1, null where there is none; names end in "
            "their unit (_s, _m, _m2, _ms); instants are UTC.",
        },
        "paths": {**paths, **_others()},
        "components": {"schemas": _schemas()},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    within = [_parameter(each, "path") for each in endpoint.within_path]
    query = [_parameter(each, "query") for each in endpoint.query]
    refusals = {"400": "The request is wrong.", "503": "The database does not answer."}
    if endpoint.within_path:
        refusals["404"] = f"There is no such {endpoint.missing}."
    return {
        "summary": endpoint.summary,
        "parameters": within + query,
        "responses": {
            "200": _response("The answer.", endpoint.schema),
            **{code: _response(says, "Error") for code, says in sorted(refusals.items())},
        },
    }


def _parameter(parameter: Parameter, place: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": place,
        "required": place == "path",
        "description": parameter.help,
        "schema": dict(parameter.schema),
    }


def _response(says: str, schema: str, kind: str = "application/json") -> dict[str, Any]:
    return {"description": says, "content": {kind: {"schema": _reference(schema)}}}


def _others() -> dict[str, Any]:
    layer = {
        "name": "layer",
        "in": "path",
        "required": True,
        "description": "Which layer.",
        "schema": {"type": "string", "enum": list(LAYERS)},
    }
    drawn = {"type": "object", "description": "FeatureCollection, WGS-84"}
    return {
        "/geo/{layer}.geojson": {
            "get": {
                "summary": "Coloured GeoJSON with ETag; top-level ids of places and cameras.",
                "parameters": [layer],
                "responses": {
                    "200": {
                        "description": "The layer.",
                        "content": {"application/geo+json": {"schema": drawn}},
                    },
                    "304": {"description": "Unchanged."},
                    "404": _response("There is no such layer.", "Error"),
                },
            }
        },
        "/register": _plain("Leads to /register/.", "200"),
        "/register/": _plain("The public register: first page.", "200"),
        "/register/camera/{slug}.html": _plain("The public page of one camera.", "200", "404"),
        "/register/{path}": _plain("Lists, map and open data of the register.", "200", "404"),
        "/healthz": _plain("The process answers.", "200"),
        "/readyz": _plain("Database, collectors and age of the newest observation.", "200", "503"),
        "/metrics": _plain("Metrics of the monitor for Prometheus.", "200"),
        "/api/v1/openapi.json": _plain("This interface as an OpenAPI document.", "200"),
    }


def _plain(summary: str, *codes: str) -> dict[str, Any]:
    return {"get": {"summary": summary, "responses": {code: {"description": ""} for code in codes}}}


def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = {
        name: {"type": "string", "enum": words.split()} for name, words in _WORDS.items()
    }
    for name, shape in _SHAPES.items():
        fields = dict(field.split(":", 1) for field in shape.split())
        schemas[name] = {
            "type": "object",
            "required": list(fields),
            "additionalProperties": False,
            "properties": {field: _type(kind) for field, kind in fields.items()},
        }
    for name in _LISTS:
        schemas[f"{name}List"] = {"type": "array", "items": _reference(name)}
    return schemas


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _type(kind: str) -> dict[str, Any]:
    if kind.endswith("?"):
        return {"anyOf": [_type(kind[:-1]), {"type": "null"}]}
    if kind.endswith("[]"):
        return {"type": "array", "items": _type(kind[:-2])}
    if kind in _PLAIN:
        return {"type": kind}
    return dict(_TYPES[kind]) if kind in _TYPES else _reference(kind)
