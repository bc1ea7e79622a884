"""Many simulated cameras in one event loop: start, break, repair, count, stop. Scripts and
commands are elsewhere.
"""

import asyncio
import resource
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from collectors.simulator import onvif_service, rtsp_service
from collectors.simulator.breakage import Fault, Service, complete
from collectors.simulator.device import Asked, Device
from collectors.simulator.door import Door
from collectors.simulator.simulated import SimulatedCamera, SimulatorError

# Room for clients, for black holes (two descriptors each) and for what the process itself has open.
SPARE_DESCRIPTORS = 256


def utc_now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


class Simulator:
    """Use it as an async context manager, or call `start` and `stop`. All methods belong to one
    event loop.
    """

    def __init__(
        self, cameras: Iterable[SimulatedCamera], *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._devices: dict[str, Device] = {}
        self._doors: dict[str, list[Door]] = {}
        self._changing = asyncio.Lock()
        for camera in cameras:
            if camera.host in self._devices:
                raise SimulatorError(f"host {camera.host} appears twice")
            self._devices[camera.host] = Device(camera=camera, now=now)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen on every address. Raises SimulatorError and leaves nothing open if one cannot
        be had.
        """
        wanted = sum(1 + (d.camera.rtsp_port is not None) for d in self._devices.values())
        raise_descriptor_limit(wanted + SPARE_DESCRIPTORS)
        try:
            for device in self._devices.values():
                await self._open(device)
        except BaseException:
            await self.stop()
            raise

    async def _open(self, device: Device) -> None:
        camera = device.camera
        http = Door(
            device=device,
            service=Service.HTTP,
            answer=onvif_service.answer,
            port=camera.http_port,
        )
        doors = self._doors.setdefault(camera.host, [])
        doors.append(http)
        await http.open()
        device.http_port = http.port
        if camera.rtsp_port is not None:
            rtsp = Door(
                device=device,
                service=Service.RTSP,
                answer=rtsp_service.answer,
                port=camera.rtsp_port,
            )
            doors.append(rtsp)
            await rtsp.open()
            device.rtsp_port = rtsp.port

    async def stop(self) -> None:
        """Close everything; the ports are free when this returns."""
        async with self._changing:
            for doors in self._doors.values():
                for door in doors:
                    door.close()
            self._doors.clear()
            # Transports close in the next turns of the loop.
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every camera, in the order given."""
        return tuple(self._devices)

    def device(self, host: str) -> Device:
        """The running camera at a host: its bound ports, its fault, what it was asked."""
        try:
            return self._devices[host]
        except KeyError as error:
            raise SimulatorError(f"no simulated camera at {host}") from error

    def asked(self, host: str) -> Asked:
        """What the camera at a host was asked."""
        return self.device(host).asked

    def faults(self) -> dict[str, Fault]:
        """The cameras that are broken now, by host."""
        return {h: d.fault for h, d in self._devices.items() if d.fault is not None}

    async def set_fault(self, host: str, fault: Fault | None) -> None:
        """Break a camera, or repair it with None; in force when this returns. A camera has one
        fault at a time.

        Refuse, black hole and reset also cut the connections that are open. Everything else shows
        from the next request on, on open connections too.
        """
        async with self._changing:
            self.device(host).fault = None if fault is None else complete(fault)
            for door in self._doors.get(host, ()):
                await door.follow_fault()


def raise_descriptor_limit(wanted: int) -> None:
    """Raise the soft limit of open files as far as the hard one allows; SimulatorError if that
    is not enough.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SimulatorError(
            f"{wanted} open files are needed and the hard limit is {hard}; raise it "
            "(ulimit -Hn, LimitNOFILE, docker --ulimit nofile) or simulate fewer cameras"
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else hard, hard))
