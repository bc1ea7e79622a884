"""What a simulated camera is: address, identity, login, profiles and its habits. Pure data; no
sockets, no clock.
"""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

LONGEST_S = 1e9
LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")


class SimulatorError(Exception):
    """Something a person must change before the simulator can run; the message says what and
    where.
    """


class Auth(StrEnum):
    """Which logins the camera accepts. RTSP knows only Digest and asks for it unless this is
    `none`.
    """

    NONE = "none"
    USERNAME_TOKEN = "usernametoken"  # noqa: S105 - the name of a method, not a password
    DIGEST = "digest"
    BOTH = "both"


class Refusal(StrEnum):
    """How a camera says no to a wrong or missing WS-UsernameToken.

    Makes differ: some answer HTTP 401, some HTTP 400 with ter:NotAuthorized (SOAP 1.2 part 2,
    7.5.2.2), some put the fault into a 200. A camera that accepts Digest always challenges a
    request without any login with 401.
    """

    HTTP_401 = "http_401"
    SOAP_FAULT = "soap_fault"
    SOAP_FAULT_IN_200 = "soap_fault_in_200"


class Codec(StrEnum):
    """How a profile encodes. H.265 profiles appear only in Media2, as on real cameras."""

    H264 = "H264"
    H265 = "H265"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One media profile. `path` is where RTSP serves it."""

    token: str = "Profile_1"  # noqa: S105 - ONVIF calls the name of a profile a token
    name: str = "mainStream"
    codec: Codec = Codec.H264
    width: int = 1920
    height: int = 1080
    frames_per_s: int = 25
    bitrate_kbps: int = 4096
    path: str = "/Streaming/Channels/101"


MAIN_AND_SUB = (
    Profile(),
    Profile(
        token="Profile_2",  # noqa: S106 - the name of a profile
        name="subStream",
        width=640,
        height=360,
        bitrate_kbps=512,
        path="/Streaming/Channels/102",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedCamera:
    """One camera to imitate.

    Port 0 lets the system choose; `rtsp_port` None means no RTSP at all. `clock_offset_s` is how
    far the camera's clock is ahead of UTC. `token_window_s` is how far `Created` of a login may be
    from the camera's clock.
    """

    host: str
    http_port: int = 80
    rtsp_port: int | None = 554
    manufacturer: str = "HIKVISION"
    model: str = "DS-2CD2T47G2-L"
    firmware: str = "V5.7.3 build 220112"
    serial: str = "DS-2CD2T47G2-L20220112AAWR000000001"
    hardware: str = "88"
    mac: str = "44:19:b6:00:00:01"
    user: str = "admin"
    password: str = "onvif-2026"  # noqa: S105 - password of a camera that does not exist
    auth: Auth = Auth.BOTH
    refusal: Refusal = Refusal.SOAP_FAULT
    digest_qop: bool = True
    digest_nonce_life_s: float = 60.0
    token_window_s: float = 5.0
    clock_offset_s: float = 0.0
    media2: bool = True
    keep_alive: bool = True
    profiles: tuple[Profile, ...] = MAIN_AND_SUB

    def __post_init__(self) -> None:
        """Refuse what cannot be bound or would leave this machine."""
        try:
            inside = ipaddress.IPv4Address(self.host) in LOOPBACK
        except ValueError as error:
            raise SimulatorError(f"host {self.host!r} is not an IPv4 address") from error
        if not inside:
            raise SimulatorError(f"host {self.host} is outside 127.0.0.0/8")
        for name, port in (("http_port", self.http_port), ("rtsp_port", self.rtsp_port)):
            if port is not None and not 0 <= port <= 65535:
                raise SimulatorError(f"{name} {port} is not between 0 and 65535")
        for name, seconds, least in (
            ("clock_offset_s", self.clock_offset_s, -LONGEST_S),
            ("token_window_s", self.token_window_s, 0.0),
            ("digest_nonce_life_s", self.digest_nonce_life_s, 0.0),
        ):
            # Also refuses NaN, which would raise in the middle of an answer.
            if not least <= seconds <= LONGEST_S:
                raise SimulatorError(f"{name} {seconds} is not a usable number of seconds")
        if self.http_port and self.http_port == self.rtsp_port:
            raise SimulatorError(f"http_port and rtsp_port are both {self.http_port}")
        if not self.profiles:
            raise SimulatorError("profiles is empty: a camera has at least one")
