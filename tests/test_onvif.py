"""The liveness probe against simulated cameras: fault by fault, each gives its reason."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from collectors import probe
from collectors.reading import Policy, Target
from collectors.simulator.breakage import read_fault
from collectors.simulator.fleet import Simulator
from collectors.simulator.simulated import SimulatedCamera
from monitor.model import Reason
from tests.devices.raw import RESPONSE, device, http, says

HOST = "127.33.0.5"
CAMERA = SimulatedCamera(host=HOST, http_port=0, rtsp_port=0)
POLICY = Policy(connect_s=0.3, deadline_s=0.4)
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


async def observed(*fault, policy=POLICY, **changes):
    async with Simulator([replace(CAMERA, **changes)], now=lambda: NOW) as simulator:
        if fault:
            await simulator.set_fault(HOST, read_fault(list(fault)))
        target = Target(camera_id=7, code="c7", host=HOST, port=simulator.device(HOST).http_port)
        observation = await probe.run(target, policy, NOW)
        assert simulator.asked(HOST).harm == 0
        return observation


async def raw(talk, policy=POLICY):
    async with device(talk) as port:
        target = Target(camera_id=7, code="c7", host="127.0.0.1", port=port)
        return await probe.run(target, policy, NOW)


FAULTS = {
    "refuse": Reason.REFUSED,
    "black_hole": Reason.CONNECT_TIMEOUT,
    "reset": Reason.RESET,
    "silent": Reason.ANSWER_TIMEOUT,
    "stall": Reason.ANSWER_TIMEOUT,
    "slow 0.05": Reason.OK,
    "slow 5": Reason.ANSWER_TIMEOUT,
    "trickle 0.1": Reason.ANSWER_TIMEOUT,
    "close": Reason.CLOSED,
    "half_close": Reason.CLOSED,
    "http_401": Reason.LOGIN_REQUIRED,
    "http_500": Reason.HTTP_ERROR,
    "redirect http://127.33.0.9/": Reason.NOT_ONVIF,
    "soap_fault": Reason.SOAP_FAULT,
    "html": Reason.NOT_ONVIF,
    "empty": Reason.NOT_ONVIF,
    "garbage": Reason.NOT_HTTP,
    "broken_xml": Reason.OK,
    "length_too_long": Reason.OK,
    "length_too_short": Reason.OK,
    "two_lengths": Reason.OK,
    "two_lengths_differ": Reason.OK,
    "no_colon": Reason.OK,
    "lf_only": Reason.OK,
    "no_reason": Reason.OK,
    "endless_body": Reason.ENDLESS,
    "endless_headers": Reason.ENDLESS,
    "clock_off 90": Reason.CLOCK_OFF,
    "clock_off -90": Reason.CLOCK_OFF,
    "no_utc": Reason.NO_CLOCK,
    "clock_needs_login": Reason.LOGIN_REQUIRED,
    "wrong_password": Reason.OK,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_of_a_camera_has_its_reason(fault):
    observation = await observed(*fault.split())
    assert (observation.reason, observation.detail) == (FAULTS[fault], observation.detail)


async def test_a_healthy_camera_tells_its_clock():
    observation = await observed()
    assert observation.reason is Reason.OK
    assert observation.clock_offset_s == pytest.approx(0.0, abs=0.2)
    assert (observation.camera_id, observation.at) == (7, NOW)
    assert 0 < observation.took.total_seconds() < 0.4


@pytest.mark.parametrize("offset_s", [-3600, 4, 90])
async def test_the_clock_offset_has_its_sign_and_size(offset_s):
    observation = await observed(clock_offset_s=offset_s)
    assert observation.clock_offset_s == pytest.approx(offset_s, abs=0.2)
    assert (observation.reason is Reason.OK) == (abs(offset_s) < 5)


async def test_a_redirect_is_not_followed_but_told():
    observation = await observed("redirect", "http://10.0.0.1/x")
    assert "redirect to http://10.0.0.1/x" in observation.detail


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Error", "200 OK"])
async def test_not_authorised_counts_as_up_under_any_status(status):
    body = (
        b'<s:Envelope xmlns:s="x"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>'
        b"<s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code></s:Fault></s:Body></s:Envelope>"
    )
    assert (await raw(says(http(body, status=status)))).reason is Reason.LOGIN_REQUIRED


async def test_a_plain_text_refusal_under_an_error_status_counts_as_up():
    talk = says(http(b"Sender not Authorized", status="400 Bad Request"))
    assert (await raw(talk)).reason is Reason.LOGIN_REQUIRED


async def test_a_bare_404_is_an_http_error():
    assert (await raw(says(http(b"", status="404 Not Found")))).reason is Reason.HTTP_ERROR


async def test_an_answer_cut_before_the_time_is_closed():
    observation = await raw(says(http(RESPONSE[:300], "Content-Length: 1500")))
    assert observation.reason is Reason.CLOSED


async def test_an_answer_cut_after_the_time_is_good():
    at = RESPONSE.index(b"</tt:UTCDateTime>")
    observation = await raw(says(http(RESPONSE[:at], "Content-Length: 1500")))
    assert observation.reason is Reason.OK


async def test_a_clock_at_the_beginning_of_time_is_off_and_not_missing():
    body = RESPONSE.replace(b"Year>2026<", b"Year>1970<")
    assert (await raw(says(http(body)))).reason is Reason.CLOCK_OFF


async def test_an_address_that_would_smuggle_headers_is_never_asked():
    target = Target(camera_id=1, code="c", host="127.0.0.1", port=9, path="/x HTTP/1.1\r\nEvil: 1")
    assert (await probe.run(target, POLICY, NOW)).reason is Reason.NO_ADDRESS
