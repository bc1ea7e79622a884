"""States, approves and withdraws register entries, each in one transaction with its audit rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db import audit, cameras, register, requirements
from db.audit import Act
from db.pool import Connection
from db.register import Stated, Version
from monitor import entry
from monitor.entry import Declaration, Role, Value


class NotDeclared(Exception):
    """What cannot be stated, approved or withdrawn; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who acts, and in what capacity."""

    name: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What was stated: keys of new and changed entries, and how many rows changed nothing."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


class _DryRun(Exception):
    """Rolls the transaction of a dry run back."""


async def declare(
    conn: Connection,
    rows: Sequence[Declaration],
    person: Person,
    now: datetime,
    *,
    dry_run: bool = False,
) -> Done:
    """State what the rows name; everything else stays. New versions wait for approval.

    Raises NotDeclared; nothing is stored then.
    """
    done = Done()
    try:
        async with conn.transaction():
            done = await _declare(conn, rows, person, now)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return done


async def _declare(
    conn: Connection, rows: Sequence[Declaration], person: Person, now: datetime
) -> Done:
    ids = await register.camera_ids(conn)
    unknown = [row.camera for row in rows if row.camera not in ids]
    if unknown:
        raise NotDeclared(f"No camera has the code {unknown[0]}. Import it first")
    today = await requirements.today(conn, now)
    current = await register.keys_of(conn, [ids[row.camera] for row in rows])
    keyed = [(row.entry or current.get(ids[row.camera], row.camera), row) for row in rows]
    before = await register.latest(conn, {key for key, _ in keyed})
    stated: dict[str, Stated] = {}
    for key, row in keyed:
        known = stated.get(key) or _begun(before.get(key), key)
        values = {**known.values, **row.values}
        stated[key] = Stated(key=key, values=values, cameras=known.cameras | {ids[row.camera]})
    fresh = [
        Stated(key=s.key, values=entry.with_dates(s.values, today), cameras=s.cameras)
        for s in stated.values()
        if _differs(s, before.get(s.key))
    ]
    _check(fresh)
    await register.state(conn, fresh, by=person.name, role=person.role, now=now)
    codes = {number: code for code, number in ids.items()}
    acts = [_act(person, "entry.state", s, before.get(s.key), codes) for s in fresh]
    await audit.append(conn, acts, now)
    return Done(
        added=tuple(s.key for s in fresh if s.key not in before),
        changed=tuple(s.key for s in fresh if s.key in before),
        unchanged=len(stated) - len(fresh),
    )


def _begun(version: Version | None, key: str) -> Stated:
    if version is None:
        return Stated(key=key, values={}, cameras=frozenset())
    return Stated(key=key, values=version.values, cameras=version.cameras)


def _differs(stated: Stated, before: Version | None) -> bool:
    if before is None or before.ended:
        return True
    changed = any(
        (value or None) != (before.values.get(name) or None)
        for name, value in stated.values.items()
    )
    return changed or stated.cameras != before.cameras


def _check(fresh: Sequence[Stated]) -> None:
    for each in fresh:
        flaw = entry.flaw(each.values)
        if flaw:
            raise NotDeclared(f"{each.key}: {flaw}")
        if len(each.cameras) > entry.MOST_CAMERAS:
            raise NotDeclared(
                f"{each.key}: {len(each.cameras)} cameras would share this entry; "
                f"at most {entry.MOST_CAMERAS} may. Each site says its own need: split it"
            )


def _act(
    person: Person,
    action: str,
    stated: Stated,
    before: Version | None,
    codes: Mapping[int, str],
) -> Act:
    old: Mapping[str, Value] = before.values if before else {}
    fields = {
        name: [_plain(old.get(name)), _plain(value)]
        for name, value in stated.values.items()
        if (value or None) != (old.get(name) or None)
    }
    added = stated.cameras - (before.cameras if before else frozenset())
    detail = {"fields": fields, "cameras_added": sorted(codes[each] for each in added)}
    return Act(who=person.name, role=person.role, action=action, subject=stated.key, detail=detail)


def _plain(value: Value) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else value.isoformat()


async def approve(
    conn: Connection, names: Collection[str], person: Person, now: datetime
) -> list[str]:
    """Approve the waiting versions of these entries, or of the entries of these cameras.

    Returns the keys. Raises NotDeclared; nothing is approved then.
    """
    if person.role is Role.OPERATOR:
        raise NotDeclared(
            "The operating unit does not approve its own entries. "
            "Say --as oversight, privacy or auditor, if you act as such"
        )
    async with conn.transaction():
        ids = await register.camera_ids(conn)
        of_cameras = await register.keys_of(conn, [ids[name] for name in names if name in ids])
        keys = {of_cameras.get(ids.get(name, 0), name) for name in names}
        found = await register.latest(conn, keys)
        lost = keys - found.keys()
        if lost:
            raise NotDeclared(f"There is no entry for {min(lost)}. `camledger register list` helps")
        for each in found.values():
            _may_approve(each, person)
        versions = list(found.values())
        await register.approve(conn, versions, by=person.name, role=person.role, now=now)
        acts = [
            Act(
                who=person.name,
                role=person.role,
                action="entry.approve",
                subject=each.key,
                detail={"version": each.version, "cameras": len(each.cameras)},
            )
            for each in versions
        ]
        await audit.append(conn, acts, now)
        await cameras.touch(conn)
    return sorted(found)


def _may_approve(version: Version, person: Person) -> None:
    missing = entry.missing(version.values)
    if version.ended:
        raise NotDeclared(f"{version.key} was withdrawn. State it again first")
    if version.approved:
        raise NotDeclared(f"{version.key} is approved already; nothing waits")
    if missing:
        raise NotDeclared(f"{version.key} is incomplete; it lacks {', '.join(missing)}")
    if version.stated_by.strip().lower() == person.name.strip().lower():
        raise NotDeclared(f"{version.key} was stated by {person.name}: a second person approves it")
    if version.stated_role == person.role:
        raise NotDeclared(
            f"{version.key} was stated as {person.role}: somebody of another role approves it"
        )


async def withdraw(
    conn: Connection, codes: Sequence[str], person: Person, now: datetime, *, reason: str
) -> None:
    """End the entries of these cameras at once; less needs no second person. Raises NotDeclared."""
    if not reason.strip():
        raise NotDeclared("Say why: --reason TEXT")
    async with conn.transaction():
        ids = await register.camera_ids(conn)
        unknown = [code for code in codes if code not in ids]
        if unknown:
            raise NotDeclared(f"No camera has the code {unknown[0]}")
        had = await register.withdraw(conn, [ids[c] for c in codes], by=person.name, now=now)
        without = [code for code in codes if ids[code] not in had]
        if without:
            raise NotDeclared(f"Camera {without[0]} has no entry to withdraw")
        acts = [
            Act(
                who=person.name,
                role=person.role,
                action="entry.withdraw",
                subject=code,
                detail={"reason": reason},
            )
            for code in codes
        ]
        await audit.append(conn, acts, now)
        await cameras.touch(conn)
