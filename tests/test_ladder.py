"""The probe told to a person."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from collectors.ladder import STEPS, climb
from collectors.login import Login
from collectors.reading import Policy, Target
from collectors.simulator.breakage import read_fault
from collectors.simulator.fleet import Simulator
from collectors.simulator.simulated import Auth, SimulatedCamera
from tests.devices.raw import device, http, says

HOST = "127.33.1.5"
CAMERA = SimulatedCamera(
    host=HOST, http_port=0, rtsp_port=0, manufacturer="Acme", model="M1", user="u", password="p"
)
POLICY = Policy(connect_s=0.3, deadline_s=0.5)
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LOGIN = Login(user="u", password="p")


async def climbed(*fault, login=None, **changes):
    async with Simulator([replace(CAMERA, **changes)], now=lambda: NOW) as simulator:
        if fault:
            await simulator.set_fault(HOST, read_fault(list(fault)))
        target = Target(camera_id=7, code="c7", host=HOST, port=simulator.device(HOST).http_port)
        found = await climb(target, POLICY, NOW, login=login)
        return found, simulator.asked(HOST)


def oks(found):
    return [step.ok for step in found.steps]


async def test_a_healthy_camera_takes_every_step():
    found, _ = await climbed(login=LOGIN)
    assert (found.status, oks(found)) == ("ONLINE", [True] * 6)
    assert (found.device.manufacturer, found.device.model) == ("Acme", "M1")


async def test_the_json_is_the_contract():
    found, _ = await climbed(login=LOGIN)
    data = found.as_json()
    assert list(data) == [
        *("camera", "status", "declared", "reason", "started_at", "took_ms"),
        *("clock_offset_s", "device", "steps"),
    ]
    assert list(data["device"]) == ["manufacturer", "model", "firmware", "serial"]
    assert [step["name"] for step in data["steps"]] == list(STEPS)
    assert all(list(step) == ["name", "ok", "took_ms", "detail"] for step in data["steps"])
    assert datetime.fromisoformat(data["started_at"]) == NOW


async def test_without_a_login_the_device_is_not_tried():
    found, asked = await climbed()
    assert oks(found) == [True] * 5 + [None]
    assert found.as_json()["device"] is None
    assert asked.wrong_logins == 0


@pytest.mark.parametrize(
    ("fault", "status", "marks"),
    [
        ("refuse", "OFFLINE", [True, False, None, None, None, None]),
        ("black_hole", "OFFLINE", [True, False, None, None, None, None]),
        ("silent", "OFFLINE", [True, True, False, None, None, None]),
        ("garbage", "OFFLINE", [True, True, False, None, None, None]),
        ("html", "OFFLINE", [True, True, True, False, None, None]),
        ("http_500", "OFFLINE", [True, True, True, False, None, None]),
        ("soap_fault", "ONLINE", [True, True, True, True, None, False]),
        ("clock_off 90", "DEGRADED", [True, True, True, True, False, True]),
        ("no_utc", "ONLINE", [True, True, True, True, False, True]),
    ],
)
async def test_the_steps_after_a_failed_one_are_not_tried(fault, status, marks):
    found, _ = await climbed(*fault.split(), login=LOGIN)
    assert (found.status, oks(found)) == (status, marks)


@pytest.mark.parametrize(("auth", "wrong"), [(Auth.NONE, 0), (Auth.USERNAME_TOKEN, 0)])
async def test_a_token_is_enough_where_it_is_known(auth, wrong):
    found, asked = await climbed(login=LOGIN, auth=auth)
    assert found.steps[-1].detail == "login by WS-UsernameToken"
    assert asked.wrong_logins == wrong


async def test_http_digest_is_tried_where_the_token_is_not_enough():
    found, _ = await climbed(login=LOGIN, auth=Auth.DIGEST)
    assert (found.steps[-1].ok, found.steps[-1].detail) == (True, "login by HTTP Digest")


async def test_the_token_carries_the_time_of_the_camera():
    found, _ = await climbed(login=LOGIN, auth=Auth.USERNAME_TOKEN, clock_offset_s=7200)
    assert found.steps[-1].ok


@pytest.mark.parametrize("auth", [Auth.USERNAME_TOKEN, Auth.DIGEST, Auth.BOTH])
async def test_a_wrong_password_is_tried_once_per_scheme_and_costs_no_health(auth):
    found, asked = await climbed(login=Login(user="u", password="x"), auth=auth)
    assert (found.status, found.steps[-1].ok, found.device) == ("ONLINE", False, None)
    assert "refused" in found.steps[-1].detail
    assert 1 <= asked.wrong_logins <= 2


async def test_the_password_is_never_in_the_report():
    found, _ = await climbed(login=Login(user="u", password="s3cr3t-word"))
    assert "s3cr3t-word" not in found.as_text() + repr(found) + str(found.as_json())


async def test_the_text_says_meaning_and_next_step():
    found, _ = await climbed("refuse")
    text = found.as_text()
    assert "c7: OFFLINE (refused)" in text
    assert "nothing listens on the port" in text
    assert "Next: " in text
    assert "not tried" in text


async def test_a_redirect_sends_no_login_anywhere():
    talk = says(http(b"", "Location: http://127.0.0.2/", status="302 Found"))
    async with device(talk) as port:
        target = Target(camera_id=1, code="c", host="127.0.0.1", port=port)
        found = await climb(target, POLICY, NOW, login=LOGIN)
    assert oks(found) == [True, True, True, False, None, None]


async def test_a_name_that_is_none_fails_at_the_first_step():
    target = Target(camera_id=1, code="c", host="a..b")
    found = await climb(target, POLICY, NOW)
    assert (found.status, found.reason, oks(found)) == (
        "OFFLINE",
        "no_address",
        [False] + [None] * 5,
    )
