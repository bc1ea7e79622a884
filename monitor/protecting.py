"""Takes layers of protected places in, and keeps known which places touch one."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from db import cameras, changes, places, protected
from db.pool import Connection
from monitor.coverage.protection import standings
from monitor.inventory.protected import Layer


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What loading a layer did, or would do.

    before, after: outlines in all. replaced: sources of the layers that no longer hold.
    clear, touching, unknown: places by where they stand now. lost: names of places whose
    requirement counts no more. known: the same file was loaded before, and nothing was done.
    """

    before: int
    after: int
    replaced: tuple[str, ...] = ()
    clear: int = 0
    touching: int = 0
    unknown: int = 0
    lost: tuple[str, ...] = ()
    known: bool = False

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


class _DryRun(Exception):
    """Rolls the transaction of a dry run back."""


async def load(
    conn: Connection,
    layer: Layer,
    *,
    digest: bytes | None,
    by: str,
    now: datetime,
    anew: bool = False,
    dry_run: bool = False,
) -> Loaded:
    """Add the outlines of a layer to those that are known, or put them in their place (anew)."""
    try:
        async with conn.transaction():
            await changes.take_turn(conn)
            done = await _load(conn, layer, digest, by, now, anew)
            if dry_run:
                raise _DryRun(done)
    except _DryRun as exc:
        done = exc.args[0]
    return done


async def _load(
    conn: Connection, layer: Layer, digest: bytes | None, by: str, now: datetime, anew: bool
) -> Loaded:
    before, holding = await protected.outlines(conn), await protected.layers(conn)
    same = any(digest and each["digest"] == digest and _as_said(each, layer) for each in holding)
    if same and not anew:
        return Loaded(before=len(before), after=len(before), known=True)
    needed = await protected.needy(conn)
    whole = protected.united(() if anew else before, layer.outlines)
    if anew:
        await protected.end_layers(conn, now)
    await protected.replace_outlines(conn, np.array(whole, dtype=object))
    await protected.add_layer(
        conn,
        source=layer.source,
        dated=layer.dated,
        covers=layer.covers,
        outlines=len(layer.outlines),
        digest=digest,
        by=by,
        now=now,
    )
    await protected.forget_standings(conn)
    clear, touching, unknown = await judge(conn)
    await cameras.touch(conn)
    return Loaded(
        before=len(before),
        after=len(whole),
        replaced=tuple(each["source"] for each in holding) if anew else (),
        clear=clear,
        touching=touching,
        unknown=unknown,
        lost=tuple(sorted(needed - await protected.needy(conn))),
    )


def _as_said(known: dict[str, Any], layer: Layer) -> bool:
    said = (layer.source, layer.dated, layer.covers)
    return (known["source"], known["dated"], known["covers"]) == said


async def judge(conn: Connection) -> tuple[int, int, int]:
    """Look at every place of which nobody knows where it stands: clear, touching, still unknown."""
    new = await protected.unjudged(conn)
    claims = await protected.claims(conn)
    if not new or not claims:
        return 0, 0, len(new)
    outlines = await protected.outlines(conn)
    stored = await places.places(conn, new)
    found = await asyncio.to_thread(standings, stored, outlines, claims)
    await protected.store_standings(conn, found)
    touching = sum(each.touch is not None for each in found.values())
    return len(found) - touching, touching, len(new) - len(found)
