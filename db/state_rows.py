"""The state of a camera, or of one of its witnesses, as a row and back."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg

from db import evidence
from monitor.health import Darkness, Hour, State, Streak
from monitor.model import Cause, Health, Observation, Reason


def state_of(row: asyncpg.Record) -> State:
    """A state of its row, in `camera_state` or `witness_state`."""
    return State(
        camera_id=row["camera_id"],
        health=Health(row["health"]),
        since=row["since"],
        reason=Reason(row["health_reason"]) if row["health_reason"] else None,
        detail=row["health_detail"],
        confirmed_at=row["confirmed_at"],
        streak=_streak(row),
        last=_last(row),
        last_up_at=row["last_up_at"],
        dark=Darkness(since=row["dark_since"], cause=Cause(row["dark_cause"]))
        if row["dark_since"]
        else None,
        hour=Hour(
            starts_at=row["hour"],
            asked=row["hour_asked"],
            up=row["hour_up"],
            took_ms=row["hour_took_ms"],
            took_max_ms=row["hour_took_max_ms"],
        )
        if row["hour"]
        else None,
    )


def _streak(row: asyncpg.Record) -> Streak | None:
    if not row["streak_count"]:
        return None
    return Streak(
        count=row["streak_count"],
        first_at=row["streak_from"],
        reason=Reason(row["streak_reason"]),
        detail=row["streak_detail"],
    )


def _last(row: asyncpg.Record) -> Observation | None:
    if row["last_at"] is None:
        return None
    return Observation(
        camera_id=row["camera_id"],
        at=row["last_at"],
        reason=Reason(row["last_reason"]),
        detail=row["last_detail"],
        took=timedelta(milliseconds=row["last_took_ms"]),
        clock_offset_s=row["clock_offset_s"],
    )


def row_of(state: State, read_at: datetime | None) -> tuple[Any, ...]:
    """One row for the statement above, in its order."""
    streak, last, dark, hour = state.streak, state.last, state.dark, state.hour
    return (
        state.camera_id,
        read_at,
        state.health.value,
        state.since,
        state.reason and state.reason.value,
        state.detail,
        state.confirmed_at,
        streak.count if streak else 0,
        streak and streak.first_at,
        streak and streak.reason.value,
        streak.detail if streak else "",
        last and last.at,
        state.last_up_at,
        last and last.reason.value,
        last.detail if last else "",
        last and evidence.took_ms(last),
        last and last.clock_offset_s,
        dark and dark.since,
        dark and dark.cause.value,
        hour and hour.starts_at,
        hour.asked if hour else 0,
        hour.up if hour else 0,
        hour.took_ms if hour else 0.0,
        hour.took_max_ms if hour else 0.0,
    )
