"""Healthy simulated cameras over real sockets: answers, both logins, RTSP, and what they count."""

import asyncio
import base64
import hashlib
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from onvif import ONVIFCamera
from onvif.client import ASYNC_TRANSPORT

from collectors.simulator.breakage import read_fault
from collectors.simulator.fleet import Simulator, raise_descriptor_limit
from collectors.simulator.gatekeeper import TokenCheck, UsernameToken, Verdict, read_created
from collectors.simulator.simulated import (
    Auth,
    Codec,
    Profile,
    Refusal,
    SimulatedCamera,
    SimulatorError,
)
from collectors.simulator.wire import Malformed, Request, take_request

HOST = "127.31.0.5"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
TYPE = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
    "#PasswordDigest"
)


def camera(**changes) -> SimulatedCamera:
    return SimulatedCamera(**({"host": HOST, "http_port": 0, "rtsp_port": 0} | changes))


@asynccontextmanager
async def simulated(now=lambda: NOW, **changes) -> AsyncIterator[Simulator]:
    async with Simulator([camera(**changes)], now=now) as simulator:
        yield simulator


def token(password="onvif-2026", user="admin", created=NOW, nonce=None) -> str:
    nonce = nonce or os.urandom(16)
    text = created.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(created, datetime) else created
    digest = base64.b64encode(hashlib.sha1(nonce + text.encode() + password.encode()).digest())
    return (
        f'<s:Header><w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>{user}</w:Username>'
        f'<w:Password Type="{TYPE}">{digest.decode()}</w:Password>'
        f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>"
        f'<u:Created xmlns:u="{WSU}">{text}</u:Created></w:UsernameToken></w:Security></s:Header>'
    )


def envelope(call: str, header: str = "") -> str:
    soap = "http://www.w3.org/2003/05/soap-envelope"
    return f'<s:Envelope xmlns:s="{soap}">{header}<s:Body>{call}</s:Body></s:Envelope>'


async def talk(simulator: Simulator, request: str, *, rtsp=False) -> tuple[int, str, str]:
    """One request on a new connection: status, head, body."""
    device = simulator.device(HOST)
    reader, writer = await asyncio.open_connection(
        HOST, device.rtsp_port if rtsp else device.http_port
    )
    try:
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        found = re.search(r"Content-Length: (\d+)", head)
        body = await reader.readexactly(int(found[1])) if found else b""
        return int(head.split(" ")[1]), head, body.decode()
    finally:
        writer.close()
        await writer.wait_closed()


async def ask(
    simulator: Simulator, call: str, header: str = "", authorization: str = ""
) -> tuple[int, str, str]:
    body = envelope(call, header)
    line = f"Authorization: {authorization}\r\n" if authorization else ""
    return await talk(
        simulator,
        f"POST /onvif/device_service HTTP/1.1\r\nHost: {HOST}\r\n{line}"
        f"Content-Length: {len(body.encode())}\r\n\r\n{body}",
    )


def call(name: str, namespace: str = DEVICE, inner: str = "") -> str:
    return f'<{name} xmlns="{namespace}">{inner}</{name}>'


DATE = call("GetSystemDateAndTime")
INFORMATION = call("GetDeviceInformation")


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def digest_login(
    head: str, *, method="POST", uri="/onvif/device_service", password="onvif-2026", nc=1
) -> str:
    """Authorization for the challenge in a 401, computed independently of the simulator."""
    realm = re.search(r'realm="([^"]+)"', head)[1]
    nonce = re.search(r'nonce="([^"]+)"', head)[1]
    secret, asked = md5(f"admin:{realm}:{password}"), md5(f"{method}:{uri}")
    text = f'Digest username="admin", realm="{realm}", nonce="{nonce}", uri="{uri}"'
    if "qop" not in head:
        return f'{text}, response="{md5(f"{secret}:{nonce}:{asked}")}"'
    response = md5(f"{secret}:{nonce}:{nc:08x}:abc:auth:{asked}")
    return f'{text}, qop=auth, nc={nc:08x}, cnonce="abc", response="{response}"'


def local(body: str, name: str) -> str:
    return etree.fromstring(body.encode()).findtext(f".//{{*}}{name}")


async def test_it_tells_its_clock_without_a_login():
    async with simulated(clock_offset_s=-3600.0) as simulator:
        status, _, body = await ask(simulator, DATE)
    assert status == 200
    assert local(body, "Hour") == "4"
    assert local(body, "Second") == "7"
    assert 1500 < len(body) < 2500


async def test_it_keeps_the_connection_and_answers_pipelined_requests_in_order():
    async with simulated(auth=Auth.NONE) as simulator:
        port = simulator.device(HOST).http_port
        reader, writer = await asyncio.open_connection(HOST, port)
        for one in (DATE, INFORMATION):
            body = envelope(one)
            writer.write(
                f"POST /onvif/x HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
        first = await reader.readuntil(b"</env:Envelope>")
        second = await reader.readuntil(b"</env:Envelope>")
        writer.close()
        await writer.wait_closed()
        assert simulator.asked(HOST).connections.total() == 1
    assert b"GetSystemDateAndTimeResponse" in first
    assert b"GetDeviceInformationResponse" in second


@pytest.mark.parametrize(("keep_alive", "more"), [(False, ""), (True, "Connection: close\r\n")])
async def test_it_closes_when_its_make_does_or_the_client_asks(keep_alive, more):
    async with simulated(keep_alive=keep_alive) as simulator:
        reader, writer = await asyncio.open_connection(HOST, simulator.device(HOST).http_port)
        writer.write(f"GET / HTTP/1.1\r\n{more}\r\n".encode())
        assert b"Connection: close" in await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_it_answers_a_client_that_stops_sending_after_its_request():
    async with simulated() as simulator:
        await simulator.set_fault(HOST, read_fault(["slow", "0.01"]))
        reader, writer = await asyncio.open_connection(HOST, simulator.device(HOST).http_port)
        body = envelope(DATE)
        writer.write(
            f"POST /onvif/x HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        writer.write_eof()
        assert b"UTCDateTime" in await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_it_gives_its_identity_to_a_good_token():
    async with simulated(model="A&B <5>", mac="44:19:b6:0a:0b:0c") as simulator:
        status, _, body = await ask(simulator, INFORMATION, token())
        _, _, network = await ask(simulator, call("GetNetworkInterfaces"), token())
    assert status == 200
    assert local(body, "Model") == "A&B <5>"
    assert local(network, "HwAddress") == "44:19:b6:0a:0b:0c"


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        (token(password="wrong"), Verdict.WRONG_PASSWORD),
        (token(user="root"), Verdict.WRONG_USER),
        (token(created=NOW - timedelta(seconds=6)), Verdict.CLOCK_WINDOW),
        (token(created=NOW + timedelta(seconds=6)), Verdict.CLOCK_WINDOW),
        (token(created="2026-03-04T05:06:07+00:00"), Verdict.MALFORMED),
        (token(nonce=b"x").replace("<w:Nonce>eA==", "<w:Nonce>*"), Verdict.MALFORMED),
        (token().replace("PasswordDigest", "PasswordText"), Verdict.PASSWORD_IN_CLEAR),
    ],
)
async def test_it_refuses_a_bad_token_and_counts_it(header, verdict):
    async with simulated(auth=Auth.USERNAME_TOKEN) as simulator:
        status, _, body = await ask(simulator, INFORMATION, header)
        assert simulator.asked(HOST).verdicts == {verdict: 1}
        assert simulator.asked(HOST).wrong_logins == 1
    assert status == 400
    assert "ter:NotAuthorized" in body


async def test_it_refuses_the_same_nonce_twice():
    async with simulated() as simulator:
        header = token()
        assert (await ask(simulator, INFORMATION, header))[0] == 200
        assert (await ask(simulator, INFORMATION, header))[0] == 400
        assert simulator.asked(HOST).verdicts[Verdict.REPLAYED] == 1


async def test_tokens_follow_the_clock_of_the_camera():
    async with simulated(clock_offset_s=600.0) as simulator:
        assert (await ask(simulator, INFORMATION, token()))[0] == 400
        ahead = token(created=NOW + timedelta(seconds=598))
        assert (await ask(simulator, INFORMATION, ahead))[0] == 200


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(Refusal.HTTP_401, 401), (Refusal.SOAP_FAULT, 400), (Refusal.SOAP_FAULT_IN_200, 200)],
)
async def test_it_says_no_in_the_way_of_its_make(refusal, status):
    async with simulated(auth=Auth.USERNAME_TOKEN, refusal=refusal) as simulator:
        answer = await ask(simulator, INFORMATION)
        assert simulator.asked(HOST).wrong_logins == 0
    assert answer[0] == status
    assert "ter:NotAuthorized" in answer[2]


@pytest.mark.parametrize("qop", [True, False])
@pytest.mark.parametrize("auth", [Auth.DIGEST, Auth.BOTH])
async def test_it_accepts_digest_after_its_challenge(auth, qop):
    async with simulated(auth=auth, digest_qop=qop) as simulator:
        status, head, _ = await ask(simulator, INFORMATION)
        assert (status, ("qop" in head)) == (401, qop)
        answer = await ask(simulator, INFORMATION, authorization=digest_login(head))
        assert answer[0] == 200
        assert simulator.asked(HOST).wrong_logins == 0


async def test_digest_nonces_go_stale_and_counts_must_rise():
    moment = [NOW]
    async with simulated(auth=Auth.DIGEST, now=lambda: moment[0]) as simulator:
        _, head, _ = await ask(simulator, INFORMATION)
        assert (await ask(simulator, INFORMATION, authorization=digest_login(head)))[0] == 200
        assert (await ask(simulator, INFORMATION, authorization=digest_login(head)))[0] == 401
        assert simulator.asked(HOST).verdicts[Verdict.REPLAYED] == 1
        moment[0] += timedelta(seconds=61)
        status, stale, _ = await ask(simulator, INFORMATION, authorization=digest_login(head, nc=2))
        assert (status, "stale=TRUE" in stale) == (401, True)
        assert (await ask(simulator, INFORMATION, authorization=digest_login(stale)))[0] == 200


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"password": "wrong"}, Verdict.WRONG_PASSWORD),
        ({"uri": "/elsewhere"}, Verdict.MALFORMED),
        ({"method": "GET"}, Verdict.WRONG_PASSWORD),
    ],
)
async def test_it_refuses_bad_digests(change, verdict):
    async with simulated(auth=Auth.DIGEST) as simulator:
        _, head, _ = await ask(simulator, INFORMATION)
        login = digest_login(head, **change)
        assert (await ask(simulator, INFORMATION, authorization=login))[0] == 401
        assert simulator.asked(HOST).verdicts[verdict] == 1


async def test_basic_gives_the_password_away_and_counts_as_wrong():
    async with simulated(auth=Auth.DIGEST) as simulator:
        assert (await ask(simulator, INFORMATION, authorization="Basic YTpi"))[0] == 401
        assert simulator.asked(HOST).verdicts == {Verdict.PASSWORD_IN_CLEAR: 1}


async def test_a_digest_camera_does_not_look_at_tokens():
    async with simulated(auth=Auth.DIGEST) as simulator:
        assert (await ask(simulator, INFORMATION, token()))[0] == 401
        assert simulator.asked(HOST).verdicts == {Verdict.MISSING: 1}


async def test_two_logins_at_once_are_an_error_of_the_client():
    async with simulated() as simulator:
        _, head, _ = await ask(simulator, INFORMATION)
        answer = await ask(simulator, INFORMATION, token(), authorization=digest_login(head))
        assert answer[0] == 400
        assert simulator.asked(HOST).verdicts[Verdict.TWO_LOGINS] == 1


async def test_h265_is_only_visible_in_media2():
    both = (Profile(), Profile(token="P265", codec=Codec.H265, path="/h265"))
    async with simulated(auth=Auth.NONE, profiles=both) as simulator:
        _, _, media1 = await ask(simulator, call("GetProfiles", MEDIA))
        _, _, bare = await ask(simulator, call("GetProfiles", MEDIA2))
        _, _, media2 = await ask(simulator, call("GetProfiles", MEDIA2, "<Type>All</Type>"))
        wanted = "<ProfileToken>P265</ProfileToken>"
        status1, _, _ = await ask(simulator, call("GetStreamUri", MEDIA, wanted))
        _, _, uri = await ask(simulator, call("GetStreamUri", MEDIA2, wanted))
        assert local(uri, "Uri") == f"rtsp://{HOST}:{simulator.device(HOST).rtsp_port}/h265"
    assert "P265" not in media1
    assert ("P265" in bare, "H265" in bare.replace("P265", "")) == (True, False)
    assert "<tt:Encoding>H265</tt:Encoding>" in media2
    assert status1 == 400


async def test_an_old_camera_has_no_media2():
    async with simulated(auth=Auth.NONE, media2=False) as simulator:
        status, _, body = await ask(simulator, call("GetProfiles", MEDIA2))
        _, _, services = await ask(simulator, call("GetServices"))
    assert (status, "ActionNotSupported" in body) == (500, True)
    assert MEDIA2 not in services.partition("<env:Body>")[2]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("<a><b></a>", 400, "WellFormed"),
        ("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>", 500, "VersionMism"),
        (envelope(""), 400, "TagMismatch"),
        (envelope(call("FlyAway"), token()), 500, "ActionNotSupported"),
    ],
)
async def test_it_answers_nonsense_with_a_proper_fault(body, status, said):
    async with simulated() as simulator:
        request = f"POST /onvif/x HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        answer = await talk(simulator, request)
    assert answer[0] == status
    assert said in answer[2]


async def test_harm_is_counted():
    async with simulated(auth=Auth.NONE) as simulator:
        await ask(simulator, call("SetSystemDateAndTime"))
        await ask(simulator, call("SystemReboot"))
        await ask(simulator, call("GetSnapshotUri", MEDIA))
        assert (await talk(simulator, "GET /picture.jpg HTTP/1.1\r\n\r\n"))[0] == 404
        asked = simulator.asked(HOST)
        assert (asked.writes, asked.pictures, asked.streams, asked.harm) == (2, 2, 0, 4)


async def test_looking_is_no_harm():
    async with simulated(auth=Auth.NONE) as simulator:
        for one in (DATE, INFORMATION, call("GetCapabilities"), call("GetServices")):
            assert (await ask(simulator, one))[0] == 200
        assert (await talk(simulator, "GET / HTTP/1.1\r\n\r\n"))[0] == 200
        assert simulator.asked(HOST).harm == 0


def rtsp(simulator: Simulator, method: str, path: str = "/Streaming/Channels/101", more="") -> str:
    url = f"rtsp://{HOST}:{simulator.device(HOST).rtsp_port}{path}"
    return f"{method} {url} RTSP/1.0\r\nCSeq: 7\r\n{more}\r\n"


async def test_rtsp_describes_a_stream_after_digest():
    profile = Profile(codec=Codec.H265)
    async with simulated(profiles=(profile,)) as simulator:
        status, head, _ = await talk(simulator, rtsp(simulator, "OPTIONS"), rtsp=True)
        assert (status, "Public: " in head, "CSeq: 7" in head) == (200, True, True)
        status, head, _ = await talk(simulator, rtsp(simulator, "DESCRIBE"), rtsp=True)
        assert status == 401
        url = rtsp(simulator, "DESCRIBE").split(" ")[1]
        login = digest_login(head, method="DESCRIBE", uri=url)
        request = rtsp(simulator, "DESCRIBE", more=f"Authorization: {login}\r\n")
        status, _, body = await talk(simulator, request, rtsp=True)
        assert simulator.asked(HOST).rtsp == {"OPTIONS": 1, "DESCRIBE": 2}
        assert simulator.asked(HOST).harm == 0
    assert status == 200
    assert "m=video" in body
    assert "H265/90000" in body


@pytest.mark.parametrize(
    ("method", "status"), [("SETUP", 405), ("PLAY", 454), ("TEARDOWN", 454), ("ANNOUNCE", 405)]
)
async def test_rtsp_refuses_and_counts_streams(method, status):
    async with simulated(auth=Auth.NONE) as simulator:
        answer = await talk(simulator, rtsp(simulator, method), rtsp=True)
        assert answer[0] == status
        assert simulator.asked(HOST).streams == 1


async def test_rtsp_does_not_know_other_paths():
    async with simulated(auth=Auth.NONE) as simulator:
        answer = await talk(simulator, rtsp(simulator, "DESCRIBE", "/other"), rtsp=True)
    assert answer[0] == 404


# The second opinion: a client that we did not write. The session its module keeps would be closed
# by a destructor at exit, when the modules it needs are gone, and litter the output.
ASYNC_TRANSPORT._close_session = False


async def test_onvif_zeep_async_can_talk_to_it():
    async with Simulator([camera(auth=Auth.USERNAME_TOKEN)]) as simulator:
        device = simulator.device(HOST)
        client = ONVIFCamera(HOST, device.http_port, "admin", "onvif-2026")
        try:
            await client.update_xaddrs()
            management = await client.create_devicemgmt_service()
            media = await client.create_media_service()
            information = await management.GetDeviceInformation()
            interfaces = await management.GetNetworkInterfaces()
            capabilities = await management.GetCapabilities({"Category": "All"})
            profiles = await media.GetProfiles()
            setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
            answer = await media.GetStreamUri(
                {"StreamSetup": setup, "ProfileToken": profiles[0].token}
            )
        finally:
            await client.close()
        assert device.asked.wrong_logins == 0
        assert device.asked.harm == 0
    assert information.Model == device.camera.model
    assert interfaces[0].Info.HwAddress == device.camera.mac
    assert capabilities.Media.XAddr == f"{device.origin}/onvif/media_service"
    assert [p.VideoEncoderConfiguration.Resolution.Width for p in profiles] == [1920, 640]
    assert answer.Uri == f"rtsp://{HOST}:{device.rtsp_port}/Streaming/Channels/101"


async def test_onvif_zeep_async_understands_its_refusal():
    async with Simulator([camera(auth=Auth.USERNAME_TOKEN)]) as simulator:
        client = ONVIFCamera(HOST, simulator.device(HOST).http_port, "admin", "wrong")
        try:
            management = await client.create_devicemgmt_service()
            with pytest.raises(Exception, match="not Authorized"):
                await management.GetDeviceInformation()
        finally:
            await client.close()


async def test_it_answers_only_at_the_addresses_it_was_given():
    async with simulated() as simulator:
        port = simulator.device(HOST).http_port
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.31.0.6", port)


async def test_a_port_that_is_taken_is_named_and_nothing_stays_open():
    async with simulated() as simulator:
        port = simulator.device(HOST).http_port
        second = [camera(host="127.31.0.9", http_port=port), camera(http_port=port)]
        with pytest.raises(SimulatorError, match=f"{HOST}:{port} is taken"):
            await Simulator(second).start()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.31.0.9", port)


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "128.0.0.1", "localhost", "::1"])
def test_it_lives_on_loopback_only(host):
    with pytest.raises(SimulatorError, match="host"):
        camera(host=host)


def test_too_many_files_are_refused_before_anything_is_bound():
    with pytest.raises(SimulatorError, match="hard limit"):
        raise_descriptor_limit(2**62)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_incomplete_or_malformed(noise):
    assert isinstance(take_request(bytearray(noise)), Request | Malformed | None)


@given(st.binary(max_size=200), st.integers(1, 40))
def test_a_request_is_the_same_however_it_arrives(body, size):
    whole = b"POST /onvif/x?y=1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    buffer, taken = bytearray(), None
    for start in range(0, len(whole), size):
        assert taken is None
        buffer += whole[start : start + size]
        taken = take_request(buffer)
    assert (taken.path, taken.body, len(buffer)) == ("/onvif/x", body, 0)


@given(st.text(), st.text(), st.text(), st.text())
def test_any_token_gets_a_verdict(user, password, nonce, created):
    said = UsernameToken(user=user, password=password, nonce=nonce, created=created, digest=True)
    verdict = TokenCheck().check(said, user="a", password="b", now=NOW, window_s=5.0)
    assert verdict is not Verdict.OK


@given(st.datetimes())
def test_created_survives_writing_and_reading(moment):
    assert read_created(moment.isoformat() + "Z") == moment.replace(tzinfo=UTC)


def test_remembered_nonces_do_not_pile_up():
    check = TokenCheck()
    for n in range(50):
        now = NOW + timedelta(seconds=n)
        nonce = os.urandom(16)
        text = now.isoformat().replace("+00:00", "Z")
        digest = base64.b64encode(hashlib.sha1(nonce + text.encode() + b"p").digest()).decode()
        said = UsernameToken(
            user="u",
            password=digest,
            nonce=base64.b64encode(nonce).decode(),
            created=text,
            digest=True,
        )
        assert check.check(said, user="u", password="p", now=now, window_s=5.0) is Verdict.OK
    assert len(check.seen) <= 11
