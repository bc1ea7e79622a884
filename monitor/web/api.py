"""The endpoints of the read API: one table of path, parameters and the function that answers.

Routes and the OpenAPI document come from the same table; the SQL lives in `db.views` and beside it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from db import accounts, covered, facts, rows, views
from db.pool import Connection
from monitor.availability import ledger as split
from monitor.entry import RegisterState
from monitor.model import PlaceKind, Status
from monitor.web import parameters, seen
from monitor.web.keys import CONSOLE, connection
from monitor.web.parameters import Parameter
from monitor.web.replies import Handler, answer, missing, wrong

Asked = dict[str, Any]
Answer = Callable[[Connection, Asked], Awaitable[Any]]

_LONGEST = timedelta(days=400)
_KINDS = [kind.value for kind in PlaceKind]
_CODE = parameters.text("code", "Code of the camera.")
_KIND = parameters.word("kind", "Only places of this kind.", _KINDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One thing to ask. schema: name of the answer in `openapi`; None from `ask` means 404.

    looks: the action that the audit trail keeps, for answers about a single camera.
    """

    path: str
    summary: str
    schema: str
    ask: Answer
    within_path: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    missing: str = "thing"
    looks: str = ""


def _limit(default: int) -> Parameter:
    return parameters.whole("limit", "At most so many rows.", low=1, high=1_000, default=default)


async def _status(conn: Connection, asked: Asked) -> Any:
    return await views.status(conn)


async def _pulse(conn: Connection, asked: Asked) -> Any:
    return await views.pulse(conn)


async def _offline(conn: Connection, asked: Asked) -> Any:
    return await views.offline(conn, asked["limit"])


async def _cameras(conn: Connection, asked: Asked) -> Any:
    rows = await views.cameras(conn, **asked)
    full = len(rows) == asked["limit"]
    return {"cameras": rows, "next": rows[-1]["camera_code"] if full else None}


async def _camera(conn: Connection, asked: Asked) -> Any:
    return await views.camera(conn, asked["code"])


async def _ledger(conn: Connection, asked: Asked) -> Any:
    now = datetime.now(UTC)
    ends_at = asked["to"] or now
    starts_at = asked["from"] or ends_at - timedelta(days=1)
    if not starts_at < ends_at <= now:
        raise wrong("The window is wrong.", "from before to, and to not in the future.")
    if ends_at - starts_at > _LONGEST:
        raise wrong("The window is too long.", f"Ask for at most {_LONGEST.days} days at once.")
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        history = await facts.history(conn, asked["code"], starts_at, ends_at)
    if history is None:
        return None
    window = {"from": rows.plain(starts_at), "to": rows.plain(ends_at)}
    return {"camera": asked["code"], **window, **split(history, starts_at, ends_at).as_json()}


async def _places(conn: Connection, asked: Asked) -> Any:
    return await covered.places(conn, asked["kind"])


async def _place(conn: Connection, asked: Asked) -> Any:
    return await covered.place(conn, asked["id"])


async def _coverage(conn: Connection, asked: Asked) -> Any:
    return await covered.coverage(conn, asked["place"], asked["kind"])


async def _requirements(conn: Connection, asked: Asked) -> Any:
    return await accounts.requirements(conn)


async def _register(conn: Connection, asked: Asked) -> Any:
    return await accounts.register(conn, asked["state"], asked["limit"])


async def _entry(conn: Connection, asked: Asked) -> Any:
    return await accounts.register_entry(conn, asked["code"])


async def _undeclared(conn: Connection, asked: Asked) -> Any:
    return await accounts.undeclared(conn, asked["limit"])


async def _audit(conn: Connection, asked: Asked) -> Any:
    return await accounts.audit(conn, asked["limit"])


async def _kinds(conn: Connection, asked: Asked) -> Any:
    return {
        "kinds": await covered.coverage_kinds(conn),
        "model": await covered.coverage_model(conn),
    }


async def _findings(conn: Connection, asked: Asked) -> Any:
    counts = await accounts.protected_counts(conn)
    rows = await accounts.protected_findings(conn, ended=asked["ended"], limit=asked["limit"])
    return {**counts, "findings": rows}


async def _platforms(conn: Connection, asked: Asked) -> Any:
    return await views.platforms(conn)


async def _disagreements(conn: Connection, asked: Asked) -> Any:
    return await views.disagreements(conn, asked["limit"])


async def _retention(conn: Connection, asked: Asked) -> Any:
    return await accounts.retention(conn, only_findings=asked["findings"])


async def _outages(conn: Connection, asked: Asked) -> Any:
    return await views.outages(conn, only_open=asked["open"], limit=asked["limit"])


async def _faults(conn: Connection, asked: Asked) -> Any:
    return await views.faults(conn, asked["limit"])


async def _defects(conn: Connection, asked: Asked) -> Any:
    return await views.defects(conn, asked["limit"])


async def _reports(conn: Connection, asked: Asked) -> Any:
    return await views.reports(conn, asked["limit"])


async def _collectors(conn: Connection, asked: Asked) -> Any:
    return await views.collectors(conn)


async def _targets(conn: Connection, asked: Asked) -> Any:
    return await views.targets(conn)


async def _about(conn: Connection, asked: Asked) -> Any:
    return await views.policy(conn)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/api/v1/status",
        summary="Counts by status word and the online rate, in all and per area.",
        schema="Status",
        ask=_status,
    ),
    Endpoint(
        path="/api/v1/pulse",
        summary="The numbers that change often, small: ids by status, ratios by place.",
        schema="Pulse",
        ask=_pulse,
    ),
    Endpoint(
        path="/api/v1/offline",
        summary="Cameras that are down: the oldest first, then those of which one trip mends most.",
        schema="OfflineList",
        ask=_offline,
        query=(_limit(200),),
    ),
    Endpoint(
        path="/api/v1/cameras",
        summary="Cameras by code, in pages.",
        schema="CameraPage",
        ask=_cameras,
        query=(
            parameters.text("area", "Code of an area; it stands for all areas below it."),
            parameters.word("status", "Only this status word.", [each.value for each in Status]),
            parameters.text("q", "Part of the name or the code, in any case."),
            _limit(100),
            parameters.text("after", "The `next` of the page before."),
        ),
    ),
    Endpoint(
        path="/api/v1/cameras/{code}",
        summary="All about one camera: status, why, address, last changes and evidence.",
        schema="Camera",
        ask=_camera,
        within_path=(_CODE,),
        missing="camera",
        looks="camera.read",
    ),
    Endpoint(
        path="/api/v1/cameras/{code}/ledger",
        summary="The seconds of a window, split; they sum to the wall clock.",
        schema="Ledger",
        ask=_ledger,
        within_path=(_CODE,),
        query=(
            parameters.instant("from", "Start; a day before the end when left out."),
            parameters.instant("to", "End; now when left out."),
        ),
        missing="camera",
        looks="camera.ledger",
    ),
    Endpoint(
        path="/api/v1/places",
        summary="Streets, schools and named areas with their figures.",
        schema="PlaceList",
        ask=_places,
        query=(_KIND,),
    ),
    Endpoint(
        path="/api/v1/places/{id}",
        summary="One place with geometry, gaps and the last 30 closed days.",
        schema="PlaceDetail",
        ask=_place,
        within_path=(parameters.whole("id", "Id of the place.", low=1, high=2**63 - 1),),
        missing="place",
    ),
    Endpoint(
        path="/api/v1/coverage",
        summary="Coverage of each place; with gaps where a requirement is in force and not met.",
        schema="CoverageList",
        ask=_coverage,
        query=(parameters.text("place", "Name or code of a place."), _KIND),
    ),
    Endpoint(
        path="/api/v1/coverage-kinds",
        summary="City figures per kind of place, from sums, and the model they rest on.",
        schema="CoverageKinds",
        ask=_kinds,
    ),
    Endpoint(
        path="/api/v1/requirements",
        summary="What places need, why, on what ground, until when; drafts without a reason last.",
        schema="RequirementList",
        ask=_requirements,
    ),
    Endpoint(
        path="/api/v1/register",
        summary="Why each camera is there and who answers for it, by code.",
        schema="EntryList",
        ask=_register,
        query=(
            parameters.word("state", "Only this state.", [each.value for each in RegisterState]),
            _limit(1_000),
        ),
    ),
    Endpoint(
        path="/api/v1/register/{code}",
        summary="The register entry of one camera, with every earlier version.",
        schema="EntryDetail",
        ask=_entry,
        within_path=(_CODE,),
        missing="camera",
        looks="register.read",
    ),
    Endpoint(
        path="/api/v1/undeclared",
        summary="Declare or remove: cameras that are not declared, least time left first.",
        schema="UndeclaredList",
        ask=_undeclared,
        query=(_limit(500),),
    ),
    Endpoint(
        path="/api/v1/audit",
        summary="Who looked at or changed what, the newest first.",
        schema="ActList",
        ask=_audit,
        query=(_limit(100),),
    ),
    Endpoint(
        path="/api/v1/findings",
        summary="Cameras that look at protected places, what would end it; never which places.",
        schema="Findings",
        ask=_findings,
        query=(parameters.truth("ended", "Those that ended, too."), _limit(500)),
    ),
    Endpoint(
        path="/api/v1/platforms",
        summary="Video platforms that are read: whether they answer, and what they say in all.",
        schema="PlatformList",
        ask=_platforms,
    ),
    Endpoint(
        path="/api/v1/disagreements",
        summary="Cameras of which a platform says otherwise than we found, the oldest first.",
        schema="DisagreementList",
        ask=_disagreements,
        query=(_limit(500),),
    ),
    Endpoint(
        path="/api/v1/retention",
        summary="Days that recordings are kept: declared, and as platforms tell it.",
        schema="RetentionList",
        ask=_retention,
        query=(parameters.truth("findings", "Only where it is not as declared."),),
    ),
    Endpoint(
        path="/api/v1/outages",
        summary="Outages, the newest first.",
        schema="OutageList",
        ask=_outages,
        query=(parameters.truth("open", "Only those that last."), _limit(100)),
    ),
    Endpoint(
        path="/api/v1/faults",
        summary="Open faults, the oldest first.",
        schema="FaultList",
        ask=_faults,
        query=(_limit(500),),
    ),
    Endpoint(
        path="/api/v1/defects",
        summary="What keeps cameras out of the coverage figures.",
        schema="DefectList",
        ask=_defects,
        query=(_limit(500),),
    ),
    Endpoint(
        path="/api/v1/reports",
        summary="Stored reports, the newest first.",
        schema="ReportList",
        ask=_reports,
        query=(_limit(100),),
    ),
    Endpoint(
        path="/api/v1/collectors",
        summary="The processes that ask the cameras.",
        schema="CollectorList",
        ask=_collectors,
    ),
    Endpoint(
        path="/api/v1/targets",
        summary="Limits, targets and colours: where one word ends and the next begins.",
        schema="TargetList",
        ask=_targets,
    ),
    Endpoint(
        path="/api/v1/about",
        summary="Version, texts and settings that the console needs.",
        schema="About",
        ask=_about,
    ),
)


def handler(endpoint: Endpoint) -> Handler:
    """The aiohttp handler of an endpoint: check, ask, answer."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = parameters.read([*request.match_info.items()], endpoint.within_path)
        asked |= parameters.read([*request.query.items()], endpoint.query)
        async with connection(request) as conn:
            found = await endpoint.ask(conn, asked)
            if found is None:
                raise missing(endpoint.missing)
            if endpoint.looks:
                await seen.note(request, conn, endpoint.looks, asked["code"])
        if endpoint.ask is _about:
            found |= request.app[CONSOLE].as_json()
        return answer(request, found)

    return handle
