"""Tells our own dark network from dark cameras, when many fall silent at once.

Gateways of the configuration, and a few cameras of each network that have long answered, are asked
then. If none of them is there, it is our side that is dark: nobody saw the cameras, and none of
them goes down (design 3.1).
"""

import asyncio
import ipaddress
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from collectors.reading import Target
from monitor.model import Observation, Reason

_MANY = 5  # fewer silent cameras are never our side
_SHARE = 0.5  # of those asked in the last cadence
_STABLE = 3  # cameras of each network that are asked
_NETWORKS = 20  # so many networks at most
_KEEP_S = 5.0  # an answer holds so long
_COUNT_EVERY_S = 1.0
_WITHIN_S = 1.5

_SILENT = frozenset({Reason.CONNECT_TIMEOUT, Reason.UNREACHABLE})

Address = tuple[str, int]
Reach = Callable[[Address], Awaitable[bool]]


async def reach(address: Address, within_s: float = _WITHIN_S) -> bool:
    """Whether a machine is there: it takes a connection, or refuses it."""
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(*address)
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    except (OSError, TimeoutError, UnicodeError):
        return False
    writer.close()
    return True


@dataclass(slots=True)
class _Known:
    """What is remembered of a camera: when it was last asked, whether it was silent, and how many
    times in a row it answered before."""

    address: Address
    network: str
    at_s: float = 0.0
    silent: bool = False
    answers: int = 0


class Horizon:
    """Judges observations on their way to the recorder. gateways: machines of our own side, that
    are there whenever we see anything. window_s: about a cadence."""

    def __init__(
        self,
        gateways: Sequence[Address],
        window_s: float,
        *,
        reach: Reach = reach,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateways = tuple(gateways)
        self._window_s = window_s
        self._reach = reach
        self._monotonic = monotonic
        self._known: dict[int, _Known] = {}
        self._silent: dict[int, float] = {}
        self._many: tuple[float, bool] = (-_COUNT_EVERY_S, False)
        self._dark: tuple[float, bool] = (-_KEEP_S, False)
        self._asked = 0
        self._turn = asyncio.Lock()
        self.blind_rounds = 0

    def enrol(self, targets: Mapping[int, Target]) -> None:
        """Forget cameras that are asked no more."""
        self._known = {key: each for key, each in self._known.items() if key in targets}
        self._silent = {key: at for key, at in self._silent.items() if key in targets}

    async def judge(self, target: Target, seen: Observation) -> Observation:
        """The same, or BLIND where it is our side that is dark."""
        now_s = self._monotonic()
        known = self._known.get(target.camera_id)
        if known is None or known.address != (target.host, target.port):
            known = _Known(address=(target.host, target.port), network=_network(target.host))
            self._known[target.camera_id] = known
        known.at_s, known.silent = now_s, seen.reason in _SILENT
        if not known.silent:
            known.answers += seen.reason not in (Reason.BLIND, Reason.INTERNAL)
            self._silent.pop(target.camera_id, None)
            return seen
        self._silent[target.camera_id] = now_s
        if not self._many_silent(now_s) or not await self._is_dark():
            known.answers = 0
            return seen
        landmarks = f"none of {self._asked} landmarks is there"
        return replace(seen, reason=Reason.BLIND, detail=landmarks)

    def _many_silent(self, now_s: float) -> bool:
        """Whether half of those that were asked are silent; counted once in a second."""
        at, many = self._many
        if now_s - at < _COUNT_EVERY_S or len(self._silent) < _MANY:
            return many and len(self._silent) >= _MANY
        since = now_s - self._window_s
        silent = sum(at >= since for at in self._silent.values())
        asked = sum(each.at_s >= since for each in self._known.values())
        self._many = now_s, silent >= _MANY and silent >= _SHARE * asked
        return self._many[1]

    async def _is_dark(self) -> bool:
        """Ask the landmarks, at most once in a few seconds; all who wait share the answer."""
        async with self._turn:
            at, dark = self._dark
            if self._monotonic() - at < _KEEP_S:
                return dark
            landmarks = self._landmarks()
            dark = bool(landmarks) and not any(
                await asyncio.gather(*(self._reach(each) for each in landmarks))
            )
            self._asked = len(landmarks)
            if dark and not self._dark[1]:
                self.blind_rounds += 1
            self._dark = self._monotonic(), dark
            return dark

    def _landmarks(self) -> list[Address]:
        """Gateways and long-stable cameras. Without a gateway, cameras of a single network tell
        nothing: they may well have lost their power together."""
        by_network: dict[str, list[_Known]] = defaultdict(list)
        for each in self._known.values():
            by_network[each.network].append(each)
        if not self._gateways and len(by_network) < 2:
            return []
        stable = [
            each.address
            for some in list(by_network.values())[:_NETWORKS]
            for each in sorted(some, key=lambda known: -known.answers)[:_STABLE]
            if each.answers
        ]
        return [*self._gateways, *stable]


def _network(host: str) -> str:
    """The /24 or /64 of an address; names count as one network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "names"
    prefix = 24 if address.version == 4 else 64
    return str(ipaddress.ip_network((address, prefix), strict=False))
