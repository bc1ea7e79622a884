"""What a platform's catalogue knows otherwise than the inventory, proposed to a person.

Nothing is taken over by itself. Positions are compared in the frame that fits, and a conversion is
said; what is accepted is a change set, and a new camera is undeclared.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from db import platforms
from db.pool import Connection
from monitor.geodesy.distance import distance_m
from monitor.geodesy.frames import Frame, to_wgs84
from monitor.inventory.patch import Patch
from monitor.model import Intent

_MOVED_M = 30.0  # nearer is the same pole, as maps and receivers go
_FITS_M = 30.0
_FEWEST = 3  # cameras that both know, for a word about the frame
_WRITTEN = {
    "": None,
    "wgs84": Frame.WGS84,
    "cgcs2000": Frame.WGS84,  # the same to decimetres
    "gcj02": Frame.GCJ02,
    "bd09": Frame.BD09,
}
_CALLED = {Frame.WGS84: "WGS-84", Frame.GCJ02: "GCJ-02", Frame.BD09: "BD-09"}

Row = Mapping[str, Any]
Point = tuple[float, float]


class Kind(StrEnum):
    """What a proposal would do to the inventory."""

    NEW = "new"
    CHANGED = "changed"
    MOVED = "moved"
    MISSING = "missing"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """code: of the camera as it would be, or is. values: what would be stored. doubts: why it
    cannot be accepted as it is, or what one should know before. moved_m: how far, where it moved.
    """

    kind: Kind
    code: str
    key: str
    name: str
    host: str
    address: str
    values: Mapping[str, Any] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    acceptable: bool = True
    moved_m: float | None = None

    @property
    def said(self) -> str:
        """The same text as long as the platform says the same."""
        return json.dumps([self.kind, dict(self.values)], sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """The frame in which positions of a platform are taken. said: why, where it is converted or
    otherwise than the platform says; None for a frame that nobody knows."""

    frame: Frame | None
    said: str = ""


async def proposals(conn: Connection, platform: str) -> list[Proposal]:
    """What a person could decide about a platform's catalogue, by kind and code."""
    return weigh(await platforms.catalogue(conn, platform))


def weigh(rows: Sequence[Row]) -> list[Proposal]:
    """The same, of rows as `db.platforms.catalogue` gives them."""
    fits = _fits(rows)
    found = [made for row in rows if (made := _proposal(row, fits[row["frame"]]))]
    dismissed = {row["key"]: row["dismissed"] for row in rows}
    kept = {
        (each.code, "" if each.kind is Kind.MISSING else each.key): each  # gone from all its hosts
        for each in found
        if dismissed[each.key] != each.said
    }
    order = list(Kind)
    return sorted(kept.values(), key=lambda each: (order.index(each.kind), each.code, each.key))


def _fits(rows: Iterable[Row]) -> dict[str, Fit]:
    """The frame of each word for one: as it says, unless cameras that both know say otherwise."""
    both: dict[str, list[tuple[Point, Point]]] = defaultdict(list)
    for row in rows:
        theirs, ours = _point(row["lon"], row["lat"]), _point(row["camera_lon"], row["camera_lat"])
        both[row["frame"]] += [(theirs, ours)] if theirs and ours else []
    return {written: _fit(written, pairs) for written, pairs in both.items()}


def _fit(written: str, pairs: Sequence[tuple[Point, Point]]) -> Fit:
    known = written.lower().replace("-", "").replace("_", "").replace(" ", "")
    said = _WRITTEN.get(known)
    near = {frame: _near(pairs, frame) for frame in Frame}
    best = max(Frame, key=lambda frame: near[frame])
    sure = near[best] >= _FEWEST and 2 * near[best] > len(pairs)
    if sure and best is not (said or Frame.WGS84):
        there = _CALLED[said] if said else written or "no frame at all"
        words = f"{near[best]} of {len(pairs)} known cameras lie right when read as {_CALLED[best]}"
        return Fit(frame=best, said=f"{words}, though it says {there}: converted")
    if known not in _WRITTEN:
        return Fit(frame=None)
    frame = said or Frame.WGS84
    return Fit(frame=frame, said="" if frame is Frame.WGS84 else f"converted from {_CALLED[frame]}")


def _near(pairs: Sequence[tuple[Point, Point]], frame: Frame) -> int:
    return sum(distance_m(*to_wgs84(*theirs, frame), *ours) <= _FITS_M for theirs, ours in pairs)


def _point(lon: float | None, lat: float | None) -> Point | None:
    """A position; None where there is none, also where zeros stand for none."""
    if lon is None or lat is None or (lon == 0 and lat == 0) or abs(lon) > 180 or abs(lat) > 90:
        return None
    return lon, lat


def _proposal(row: Row, fit: Fit) -> Proposal | None:
    if row["gone_since"] is not None:
        return _missing(row)
    if row["twins"] > 1 and row["code"]:
        words = f"{row['twins']} channels of the platform have this code: which is it?"
        return _made(row, Kind.DUPLICATE, row["code"], doubts=(words,), acceptable=False)
    point, doubts = _placed(row, fit)
    if row["camera_code"] is None:
        return _new(row, point, doubts)
    return _changed(row, point, doubts)


def _placed(row: Row, fit: Fit) -> tuple[Point | None, tuple[str, ...]]:
    """Where it is in WGS-84, and what was done for that."""
    there = _point(row["lon"], row["lat"])
    if there is None:
        return None, ()
    if fit.frame is None:
        return None, (f"its position is in {row['frame']}: left out, convert it and import it",)
    lon, lat = to_wgs84(*there, fit.frame)
    return (round(lon, 7), round(lat, 7)), (fit.said,) if fit.said else ()


def _new(row: Row, point: Point | None, doubts: tuple[str, ...]) -> Proposal:
    """A camera nobody knew. The address that a platform has may be that of its recorder: it is not
    asked for a probe."""
    place = {"lon": point[0], "lat": point[1]} if point else {}
    values = {"name": row["name"] or row["code"], "intent": Intent.IN_SERVICE, **place}
    if not row["code"]:
        doubts = (*doubts, "it has no code")
    return _made(row, Kind.NEW, row["code"], values, doubts, acceptable=bool(row["code"]))


def _changed(row: Row, point: Point | None, doubts: tuple[str, ...]) -> Proposal | None:
    """Another name, or another place; doubts: how its place was read."""
    values: dict[str, Any] = {}
    said: tuple[str, ...] = ()
    if row["name"] and row["name"] not in (row["camera_name"], row["code"]):
        values["name"] = row["name"]
        said = (f"called {row['camera_name']} here",)
    ours = _point(row["camera_lon"], row["camera_lat"])
    moved_m = distance_m(*point, *ours) if point and ours else None
    if point and (moved_m is None or moved_m > _MOVED_M):
        values |= {"lon": point[0], "lat": point[1]}
        said += doubts
    if moved_m is not None and "lon" in values:
        said += (f"{moved_m:,.0f} m from where the inventory has it",)
        return _made(row, Kind.MOVED, row["camera_code"], values, said, moved_m)
    return _made(row, Kind.CHANGED, row["camera_code"], values, said) if values else None


def _missing(row: Row) -> Proposal | None:
    """A camera in service that three whole readings lack. One that answers us has only lost its
    registration."""
    if row["intent"] != Intent.IN_SERVICE or row["elsewhere"]:
        return None
    doubts = [f"gone there since {row['gone_since']:%Y-%m-%d %H:%M} UTC"]
    if row["answers"]:
        doubts.append("it answers us: it lost its registration, not its place")
    values = {"intent": Intent.RETIRED}
    code = row["camera_code"]
    return _made(row, Kind.MISSING, code, values, tuple(doubts), acceptable=not row["answers"])


def _made(
    row: Row,
    kind: Kind,
    code: str,
    values: Mapping[str, Any] | None = None,
    doubts: tuple[str, ...] = (),
    moved_m: float | None = None,
    *,
    acceptable: bool = True,
) -> Proposal:
    return Proposal(
        kind=kind,
        code=code,
        key=row["key"],
        name=row["name"],
        host=row["host"],
        address=row["address"],
        values=values or {},
        doubts=doubts,
        acceptable=acceptable,
        moved_m=moved_m,
    )


def patches(accepted: Iterable[Proposal]) -> Iterator[Patch]:
    """What accepting these changes in the inventory."""
    for each in accepted:
        yield Patch(key=each.code, values=each.values)


def chosen(
    found: Sequence[Proposal], codes: Collection[str], kind: Kind | None, *, every: bool
) -> list[Proposal]:
    """The proposals with these codes, or all that can be accepted of a kind, of new ones if none is
    said: nothing is retired or moved in bulk by a word that does not say so. Raises LookupError."""
    able = [each for each in found if each.acceptable and kind in (None, each.kind)]
    if every:
        return [each for each in able if each.kind is (kind or Kind.NEW)]
    by_code = {each.code: each for each in able}
    missing = [code for code in codes if code not in by_code]
    if missing:
        raise LookupError(", ".join(missing))
    return [by_code[code] for code in codes]
