"""The RTSP half of a simulated camera: OPTIONS and DESCRIBE only. Streams do not exist here;
whoever asks is counted.
"""

from collectors.simulator.breakage import Service
from collectors.simulator.device import Device
from collectors.simulator.gatekeeper import Verdict
from collectors.simulator.simulated import Auth, Codec, Profile
from collectors.simulator.wire import Reply, Request

# Real cameras announce what they could do; a monitor must not take the offer.
_PUBLIC = "OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER"
_NEED_SESSION = {"PLAY", "PAUSE", "RECORD", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER"}
# Parameter sets of the usual main-profile encoders; a client only shows or ignores them.
_FORMATS = {
    Codec.H264: (
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 packetization-mode=1;profile-level-id=4D0028;"
        "sprop-parameter-sets=Z00AKI2NQDwBE/LgLcBAQFAAAAMAEAAAAwMo8YMqAA==,aO44gA==",
    ),
    Codec.H265: (
        "a=rtpmap:96 H265/90000",
        "a=fmtp:96 sprop-vps=QAEMAf//AWAAAAMAAAMAAAMAAAMAlqwJ;"
        "sprop-sps=QgEBAWAAAAMAAAMAAAMAAAMAlqADwIAQ5Y2uSTL5;sprop-pps=RAHgdrAmQA==",
    ),
}


def answer(device: Device, request: Request) -> Reply:
    """What the camera says to one RTSP request (RFC 2326); counts it."""
    device.asked.rtsp[request.method] += 1
    cseq = request.headers.get("cseq")
    if cseq is None or not request.version.startswith("RTSP/"):
        return Reply(status=400, reason="Bad Request", protocol="RTSP/1.0")
    if request.method == "OPTIONS":
        return _reply(cseq, 200, "OK", (("Public", _PUBLIC),))
    if request.method == "DESCRIBE":
        return _describe(device, request, cseq)
    if request.method in _NEED_SESSION:
        return _reply(cseq, 454, "Session Not Found")
    return _reply(cseq, 405, "Method Not Allowed", (("Allow", "OPTIONS, DESCRIBE"),))


def _reply(
    cseq: str,
    status: int,
    reason: str,
    more: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> Reply:
    headers = (("CSeq", cseq), ("Server", "Rtsp Server/3.0"), *more)
    return Reply(status=status, reason=reason, headers=headers, body=body, protocol="RTSP/1.0")


def _describe(device: Device, request: Request, cseq: str) -> Reply:
    verdict = _judge(device, request)
    if verdict is not Verdict.OK:
        stale = verdict is Verdict.STALE_NONCE
        challenge = device.rtsp_digest.challenge(device.now(), stale=stale)
        return _reply(cseq, 401, "Unauthorized", (("WWW-Authenticate", challenge),))
    for profile in device.camera.profiles:
        if profile.path == request.path:
            kind = (("Content-Type", "application/sdp"), ("Content-Base", f"{request.target}/"))
            return _reply(cseq, 200, "OK", kind, _session_description(device, profile))
    return _reply(cseq, 404, "Stream Not Found")


def _judge(device: Device, request: Request) -> Verdict:
    if device.camera.auth is Auth.NONE:
        return Verdict.OK
    header = request.headers.get("authorization")
    verdict = Verdict.MISSING
    if header is not None:
        verdict = device.check_digest(
            header, method=request.method, uri=request.target, service=Service.RTSP
        )
    device.asked.verdicts[verdict] += 1
    return verdict


def _session_description(device: Device, profile: Profile) -> bytes:
    """SDP (RFC 4566) with one video track."""
    host = device.camera.host
    session = int(device.now().timestamp())
    lines = [
        "v=0",
        f"o=- {session} {session} IN IP4 {host}",
        "s=Media Presentation",
        "c=IN IP4 0.0.0.0",
        f"b=AS:{profile.bitrate_kbps}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        "m=video 0 RTP/AVP 96",
        *_FORMATS[profile.codec],
        f"a=framerate:{profile.frames_per_s}",
        f"a=x-dimensions:{profile.width},{profile.height}",
        "a=recvonly",
        "a=control:trackID=1",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()
