"""A clock that stands still until it is moved, for everything that takes `now`."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Call it for the time; its `pause` takes no time of ours and moves it."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        self.pauses: list[float] = []

    def __call__(self) -> datetime:
        return self.at

    def move(self, **duration: float) -> datetime:
        """Let time pass (arguments of timedelta); returns the new time."""
        self.at += timedelta(**duration)
        return self.at

    async def pause(self, seconds: float) -> None:
        """Stands in for asyncio.sleep."""
        self.pauses.append(seconds)
        self.move(seconds=seconds)
