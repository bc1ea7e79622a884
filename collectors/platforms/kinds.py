"""The kinds of platforms that are known, and the one way to read any of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from collectors.platforms import mediamtx, wvp, zoneminder
from collectors.platforms.client import Client
from collectors.platforms.reading import Access, Reading, Refused, Step

_Read = Callable[[Client, Access, ZoneInfo, dict[str, float]], Awaitable[Reading]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    read: _Read
    allowed: tuple[str, ...]


_KINDS: Mapping[str, _Kind] = {
    "wvp": _Kind(read=wvp.read, allowed=wvp.ALLOWED),
    "mediamtx": _Kind(read=mediamtx.read, allowed=mediamtx.ALLOWED),
    "zoneminder": _Kind(read=zoneminder.read, allowed=zoneminder.ALLOWED),
}
NAMES = tuple(_KINDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What became of asking a platform. reading: None where it refused; then `refusal` says why,
    and `denied` that it did not let us in. clock_offset_s: its time less ours, as its answers are
    dated, to a second."""

    reading: Reading | None
    refusal: str
    steps: tuple[Step, ...]
    denied: bool = False
    clock_offset_s: float | None = None


async def ask(
    kind: str,
    url: str,
    access: Access,
    zone: ZoneInfo,
    memory: dict[str, float] | None = None,
    each: Callable[[Step], None] = lambda step: None,
) -> Asked:
    """Read a platform once; never raises for what it does. each: told of every step."""
    known = _KINDS[kind]
    async with Client(url, known.allowed, each) as client:
        try:
            reading = await known.read(client, access, zone, {} if memory is None else memory)
        except Refused as refused:
            return Asked(
                reading=None,
                refusal=str(refused),
                steps=tuple(client.steps),
                denied=refused.denied,
            )
        return Asked(
            reading=reading,
            refusal="",
            steps=tuple(client.steps),
            clock_offset_s=client.clock_offset_s,
        )
