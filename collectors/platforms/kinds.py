"""The kinds of platforms that are known, and the one way to read any of them."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from collectors.platforms import genetec, mediamtx, milestone, recorder, wvp, zoneminder
from collectors.platforms.client import Client
from collectors.platforms.reading import Access, Kept, Reading, Refused, Step, Wanted

_Keeping = Callable[[Client, Access, ZoneInfo, Sequence[Wanted]], AsyncIterator[Kept]]
_Read = Callable[[Client, Access, ZoneInfo, dict[str, float]], Awaitable[Reading]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    read: _Read
    allowed: tuple[str, ...]
    kept: _Keeping | None = None
    kept_allowed: tuple[str, ...] = ()


_KINDS: Mapping[str, _Kind] = {
    "wvp": _Kind(read=wvp.read, allowed=wvp.ALLOWED, kept=wvp.kept, kept_allowed=wvp.KEPT_ALLOWED),
    "mediamtx": _Kind(
        read=mediamtx.read,
        allowed=mediamtx.ALLOWED,
        kept=mediamtx.kept,
        kept_allowed=mediamtx.KEPT_ALLOWED,
    ),
    "zoneminder": _Kind(
        read=zoneminder.read,
        allowed=zoneminder.ALLOWED,
        kept=zoneminder.kept,
        kept_allowed=zoneminder.KEPT_ALLOWED,
    ),
    "onvif": _Kind(
        read=recorder.read,
        allowed=recorder.ALLOWED,
        kept=recorder.kept,
        kept_allowed=recorder.KEPT_ALLOWED,
    ),
    "milestone": _Kind(read=milestone.read, allowed=milestone.ALLOWED),
    "genetec": _Kind(read=genetec.read, allowed=genetec.ALLOWED),
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
    trust: ssl.SSLContext | None = None,
) -> Asked:
    """Read a platform once; never raises for what it does. each: told of every step. trust:
    certificates of the operator's own authority."""
    known = _KINDS[kind]
    async with Client(url, known.allowed, each, trust) as client:
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


def tells_kept(kind: str) -> bool:
    """Whether platforms of this kind can say how long they keep recordings."""
    return _KINDS[kind].kept is not None


async def kept(
    kind: str,
    url: str,
    access: Access,
    zone: ZoneInfo,
    wanted: Sequence[Wanted],
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[Kept]:
    """How long recordings of these channels are kept, one after the other as it is learnt. Only
    that there are recordings, and when they begin, is read. Raises Refused."""
    known = _KINDS[kind]
    if known.kept is None:
        raise Refused(f"a platform of kind {kind} does not say how long it keeps recordings")
    async with Client(url, known.kept_allowed, trust=trust) as client:
        async for each in known.kept(client, access, zone, wanted):
            yield each
