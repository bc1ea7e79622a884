"""What the simulated cameras of the demo are, and what breaks when: data for the simulator."""

from collections.abc import Sequence
from typing import Any

from monitor.demo.city import HTTP_PORT, RTSP_PORT
from monitor.model import Camera, Intent

_PERIOD_S = 600
_MAKES = (
    ("HIKVISION", "DS-2CD2T47G2-L", "V5.7.3 build 220112", "usernametoken"),
    ("Dahua", "IPC-HFW5442T-ASE", "2.840.0000000.18.R", "both"),
    ("UNIVIEW", "IPC2324EB-DZK", "IPC_G6107-B0005P46D1806", "digest"),
    ("TIANDY", "TC-C35MS", "V1.1.8.0", "both"),
)
_CLOCK_OFF = 4  # cameras whose clock is wrong all the time
_SINGLE = (
    # at, how long, fault: one camera each, so that every kind of evidence is seen within minutes
    (30, 150, "refuse"),
    (60, 120, "http_500"),
    (90, 180, "html"),
    (120, 120, "reset"),
    (150, 150, "stall"),
    (180, 120, "garbage"),
    (210, 150, "endless_body"),
    (240, 200, "clock_off 300"),
    (270, 120, "close"),
    (300, 150, "slow 1"),
    (330, 120, "black_hole"),
    (360, 150, "broken_xml"),
    (390, 120, "length_too_long"),
    (420, 120, "refuse"),
)
_BOX_AT_S, _BOX_FOR_S = 45, 210
_QUARTER_AT_S, _QUARTER_FOR_S = 380, 120
_DEAD_FOR_GOOD = 3
PLATFORM_HOST, PLATFORM_PORT = "127.20.9.250", 18080
PLATFORM_KEY = "sample-key"  # of a platform that exists on this machine alone
_AWAY_AT_S, _AWAY_FOR_S = 420, 150


def devices(cameras: Sequence[Camera]) -> list[dict[str, Any]]:
    """The file of devices for the simulator, one per camera that has an address."""
    result = []
    for index, camera in enumerate(each for each in cameras if each.host):
        maker, model, firmware, auth = _MAKES[index % len(_MAKES)]
        result.append(
            {
                "host": camera.host,
                "http_port": HTTP_PORT,
                "rtsp_port": RTSP_PORT,
                "manufacturer": maker,
                "model": model,
                "firmware": firmware,
                "serial": f"DEMO{index:06d}",
                "mac": f"02:00:00:00:{index // 256:02x}:{index % 256:02x}",
                "auth": auth,
                "clock_offset_s": 95.0 if index % 97 == 5 and index // 97 < _CLOCK_OFF else 0.0,
            }
        )
    return result


def script(cameras: Sequence[Camera]) -> dict[str, Any]:
    """The script of faults for the simulator; it repeats every ten minutes.

    A few cameras are dead for good, single ones fail in every way there is, a street's box fails
    as a whole, and once a period the cameras around some schools do.
    """
    serving = [each for each in cameras if each.host and each.intent is Intent.IN_SERVICE]
    made = [each for each in serving if each.simulated]
    street, site = made[: len(made) * 2 // 3], made[len(made) * 2 // 3 :]
    steps: list[dict[str, Any]] = [
        {"at_s": 0, "cameras": each.host, "fault": "black_hole"}
        for each in street[7 :: len(street) // _DEAD_FOR_GOOD][:_DEAD_FOR_GOOD]
    ]
    for number, (at_s, for_s, fault) in enumerate(_SINGLE):
        victim = street[(11 + 13 * number) % len(street)]
        steps.append({"at_s": at_s, "for_s": for_s, "cameras": victim.host, "fault": fault})
    steps += _together(_box(street), _BOX_AT_S, _BOX_FOR_S)
    steps += _together(site[:12], _QUARTER_AT_S, _QUARTER_FOR_S)
    return {"period_s": _PERIOD_S, "steps": steps}


def platform(cameras: Sequence[Camera]) -> dict[str, Any]:
    """The sample platform: it knows some of the cameras, and two that nobody else knows.

    One it calls online that is dead for good, one offline that answers; a recorder of it has
    cameras without an address of their own, and keeps recordings longer than anybody declared. A
    quarter of its time it does not answer.
    """
    serving = [each for each in cameras if each.host and each.intent is Intent.IN_SERVICE]
    street = [each for each in serving if each.simulated]
    street = street[: len(street) * 2 // 3]
    ghost = street[7]  # the first of those that are dead for good
    rows = [_row(each, "ON") for each in (ghost, *street[20:60])]
    unregistered = _row(street[61], "OFF")
    behind = [_row(each, "OFF" if not n else "ON") for n, each in enumerate(recorded(cameras))]
    strangers = [
        {"code": f"340203000013109999{n:02}", "name": f"Nobody's camera {n}", "status": "ON"}
        for n in (1, 2)
    ]
    return {
        "address": PLATFORM_HOST,
        "port": PLATFORM_PORT,
        "key": PLATFORM_KEY,
        "hosts": {
            "34020300001180000001": [*rows, unregistered],
            "34020300001180000002": [*behind, *strangers],
        },
        "kept_days": {"34020300001180000001": 2, "34020300001180000002": 14},
        "away": [(_AWAY_AT_S, _AWAY_AT_S + _AWAY_FOR_S)],
        "period_s": _PERIOD_S,
    }


def recorded(cameras: Sequence[Camera]) -> list[Camera]:
    """Cameras behind a recorder: they have no address, only the platform knows how they are."""
    return [each for each in cameras if each.host is None]


def _row(camera: Camera, status: str) -> dict[str, str]:
    return {"code": camera.code, "name": camera.name, "status": status}


def _box(street: Sequence[Camera]) -> list[Camera]:
    """Cameras of the street that has most of them: what hangs on one box."""
    by_street: dict[str, list[Camera]] = {}
    for each in street:
        by_street.setdefault(each.address or "", []).append(each)
    return max(by_street.values(), key=len)


def _together(cameras: Sequence[Camera], at_s: int, for_s: int) -> list[dict[str, Any]]:
    return [
        {"at_s": at_s, "for_s": for_s, "cameras": each.host, "fault": "black_hole"}
        for each in cameras
    ]
