"""One simulated camera while it runs: its clock, its password, its fault, and the count of what
it was asked.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from collectors.simulator.breakage import FAULT_CARDS, Fault, FaultKind, Service
from collectors.simulator.gatekeeper import DigestCheck, TokenCheck, Verdict
from collectors.simulator.simulated import SimulatedCamera


@dataclass(kw_only=True, slots=True)
class Asked:
    """What one camera was asked since it started. `harm` must stay 0: a monitor only looks."""

    connections: Counter[Service] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    rtsp: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[Verdict] = field(default_factory=Counter)

    @property
    def wrong_logins(self) -> int:
        """Logins a real camera would count towards locking the account."""
        return sum(count for verdict, count in self.verdicts.items() if verdict.wrong)

    @property
    def writes(self) -> int:
        """ONVIF operations that change something: all that do not start with Get."""
        return sum(n for name, n in self.operations.items() if not name.startswith("Get"))

    @property
    def pictures(self) -> int:
        """Attempts to find or fetch a still picture."""
        return self.operations["GetSnapshotUri"] + sum(self.pages.values())

    @property
    def streams(self) -> int:
        """RTSP requests that would open or touch a stream: anything beyond OPTIONS and DESCRIBE."""
        return sum(n for method, n in self.rtsp.items() if method not in ("OPTIONS", "DESCRIBE"))

    @property
    def harm(self) -> int:
        """Everything the product promises never to do to a camera."""
        return self.writes + self.pictures + self.streams

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "connections": {service.value: n for service, n in self.connections.items()},
            "operations": dict(self.operations),
            "rtsp": dict(self.rtsp),
            "pages": dict(self.pages),
            "logins": {verdict.value: n for verdict, n in self.verdicts.items()},
            "wrong_logins": self.wrong_logins,
            "harm": self.harm,
        }


@dataclass(kw_only=True, slots=True)
class Device:
    """A camera with the state it has while running. `now` gives aware UTC instants; ports are
    the ones really bound.
    """

    camera: SimulatedCamera
    now: Callable[[], datetime]
    http_port: int = 0
    rtsp_port: int | None = None
    fault: Fault | None = None
    asked: Asked = field(default_factory=Asked)
    tokens: TokenCheck = field(default_factory=TokenCheck)
    http_digest: DigestCheck = field(init=False)
    rtsp_digest: DigestCheck = field(init=False)

    def __post_init__(self) -> None:
        """Each service has its own nonces, as on real cameras."""
        self.http_digest = self._digest_check()
        self.rtsp_digest = self._digest_check()

    def _digest_check(self) -> DigestCheck:
        camera = self.camera
        return DigestCheck(
            realm=f"IP Camera({camera.mac[-5:].replace(':', '')})",
            qop=camera.digest_qop,
            life_s=camera.digest_nonce_life_s,
        )

    def fault_of(self, service: Service) -> Fault | None:
        """The fault that is on now for one service."""
        fault = self.fault
        return fault if fault is not None and fault.service in (Service.ALL, service) else None

    def has(self, kind: FaultKind, service: Service = Service.HTTP) -> bool:
        """Whether this kind of fault is on now for a service."""
        fault = self.fault_of(service)
        return fault is not None and fault.kind is kind

    @property
    def origin(self) -> str:
        """http://host:port as the camera announces it."""
        return f"http://{self.camera.host}:{self.http_port}"

    def clock(self) -> datetime:
        """What the camera believes the time to be, aware UTC."""
        offset_s = self.camera.clock_offset_s
        if self.has(FaultKind.CLOCK_OFF) and self.fault is not None:
            given = self.fault.seconds
            default = FAULT_CARDS[FaultKind.CLOCK_OFF].seconds or 0.0
            offset_s += default if given is None else given
        return self.now() + timedelta(seconds=offset_s)

    def password(self, service: Service) -> str:
        """The password that works now on a service."""
        changed = self.has(FaultKind.WRONG_PASSWORD, service)
        return self.camera.password + "-changed" if changed else self.camera.password

    def check_digest(self, header: str, *, method: str, uri: str, service: Service) -> Verdict:
        """Judge an Authorization header sent to one of the two services."""
        check = self.rtsp_digest if service is Service.RTSP else self.http_digest
        return check.check(
            header,
            method=method,
            uri=uri,
            user=self.camera.user,
            password=self.password(service),
            now=self.now(),
        )
