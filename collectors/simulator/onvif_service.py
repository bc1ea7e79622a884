"""The ONVIF half of a simulated camera: HTTP request in, reply out. No sockets; framing faults
are added by `spoil`.
"""

from collections.abc import Callable
from typing import Any

from lxml import etree

from collectors.simulator import answers
from collectors.simulator.answers import DEVICE_NS, ENVELOPE_NS, MEDIA2_NS, MEDIA_NS
from collectors.simulator.breakage import FaultKind, Service
from collectors.simulator.device import Device
from collectors.simulator.gatekeeper import UsernameToken, Verdict
from collectors.simulator.simulated import Auth, Codec, Profile, Refusal
from collectors.simulator.spoil import HTML
from collectors.simulator.wire import Reply, Request

_WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_SOAP = f"{{{ENVELOPE_NS}}}"
_XML = ("Content-Type", "application/soap+xml; charset=utf-8")
# Strict on purpose: a client that sends broken XML must hear of it here, not from a camera in
# the street.
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
_DATE = f"{{{DEVICE_NS}}}GetSystemDateAndTime"


def answer(device: Device, request: Request) -> Reply:
    """What the camera says to one HTTP request; counts it."""
    if request.method != "POST":
        return _page(device, request)
    if not request.path.startswith("/onvif/"):
        device.asked.pages[f"POST {request.path}"] += 1
        return Reply(status=404, reason="Not Found")
    try:
        root = etree.fromstring(request.body, _PARSER)
    except etree.XMLSyntaxError:
        return _sender_fault("WellFormed", "The request is not well-formed XML")
    if root.tag != f"{_SOAP}Envelope":
        body = answers.soap_fault("VersionMismatch", "", "SOAP 1.2 is needed")
        return _soap(body, status=500, reason="Internal Server Error")
    wrapper = root.find(f"{_SOAP}Body")
    call = None if wrapper is None else next(iter(wrapper.iterchildren(tag=etree.Element)), None)
    if call is None:
        return _sender_fault("TagMismatch", "The body is empty")
    device.asked.operations[etree.QName(call).localname] += 1
    return _guarded(device, request, root, call)


def _guarded(device: Device, request: Request, root: Any, call: Any) -> Reply:
    """The operation, once the login is good."""
    if call.tag != _DATE or device.has(FaultKind.CLOCK_NEEDS_LOGIN):
        verdict = _judge(device, request, root)
        if verdict is not Verdict.OK:
            return _refusal(device, request, verdict)
    operation = _OPERATIONS.get(call.tag)
    if operation is None or (MEDIA2_NS in call.tag and not device.camera.media2):
        fault = answers.soap_fault(
            "Receiver", "ActionNotSupported", "Optional Action Not Implemented"
        )
        return _soap(fault, status=500, reason="Internal Server Error")
    return operation(device, call)


def _judge(device: Device, request: Request, root: Any) -> Verdict:
    camera = device.camera
    if camera.auth is Auth.NONE:
        return Verdict.OK
    header = (
        request.headers.get("authorization") if camera.auth is not Auth.USERNAME_TOKEN else None
    )
    found = root.find(f"{_SOAP}Header/{_WSSE}Security/{_WSSE}UsernameToken")
    token = _token(found) if found is not None and camera.auth is not Auth.DIGEST else None
    if header is not None and token is not None:
        # ONVIF Core, access to services: credentials on both levels at once are an HTTP 400.
        verdict = Verdict.TWO_LOGINS
    elif header is not None:
        verdict = device.check_digest(
            header, method=request.method, uri=request.target, service=Service.HTTP
        )
    elif token is not None:
        verdict = device.tokens.check(
            token,
            user=camera.user,
            password=device.password(Service.HTTP),
            now=device.clock(),
            window_s=camera.token_window_s,
        )
    else:
        verdict = Verdict.MISSING
    device.asked.verdicts[verdict] += 1
    return verdict


def _token(element: Any) -> UsernameToken:
    password = element.find(f"{_WSSE}Password")
    kind = "" if password is None else password.get("Type", "")
    return UsernameToken(
        user=element.findtext(f"{_WSSE}Username", ""),
        password=element.findtext(f"{_WSSE}Password", ""),
        nonce=element.findtext(f"{_WSSE}Nonce", ""),
        created=element.findtext(f"{_WSU}Created", ""),
        digest=kind.endswith("#PasswordDigest"),
    )


def _refusal(device: Device, request: Request, verdict: Verdict) -> Reply:
    camera = device.camera
    fault = answers.soap_fault("Sender", "NotAuthorized", "Sender not Authorized")
    if verdict is Verdict.TWO_LOGINS:
        return _soap(fault, status=400, reason="Bad Request")
    challenge: tuple[tuple[str, str], ...] = ()
    if camera.auth is not Auth.USERNAME_TOKEN:
        stale = verdict is Verdict.STALE_NONCE
        value = device.http_digest.challenge(device.now(), stale=stale)
        challenge = (("WWW-Authenticate", value),)
        if verdict is Verdict.MISSING or "authorization" in request.headers:
            return _soap(fault, status=401, reason="Unauthorized", more=challenge)
    match camera.refusal:
        case Refusal.HTTP_401:
            return _soap(fault, status=401, reason="Unauthorized", more=challenge)
        case Refusal.SOAP_FAULT:
            return _soap(fault, status=400, reason="Bad Request")
        case Refusal.SOAP_FAULT_IN_200:
            return _soap(fault)


def _soap(
    body: bytes, *, status: int = 200, reason: str = "OK", more: tuple[tuple[str, str], ...] = ()
) -> Reply:
    return Reply(status=status, reason=reason, body=body, headers=(_XML, *more))


def _sender_fault(subcode: str, reason: str) -> Reply:
    return _soap(answers.soap_fault("Sender", subcode, reason), status=400, reason="Bad Request")


def _page(device: Device, request: Request) -> Reply:
    """The web page of the camera. There are no pictures here; whoever looks for one is counted."""
    if request.path.startswith("/onvif/"):
        return Reply(status=405, reason="Method Not Allowed", headers=(("Allow", "POST"),))
    if request.method == "GET" and request.path == "/":
        return Reply(status=200, reason="OK", body=HTML, headers=(("Content-Type", "text/html"),))
    device.asked.pages[f"{request.method} {request.path}"] += 1
    return Reply(status=404, reason="Not Found")


def _date(device: Device, _call: Any) -> Reply:
    with_utc = not device.has(FaultKind.NO_UTC)
    return _soap(answers.date_and_time(device.clock(), with_utc=with_utc))


def _profiles2(device: Device, call: Any) -> Reply:
    typed = call.find(f"{{{MEDIA2_NS}}}Type") is not None
    return _soap(answers.profiles2(device.camera, with_configurations=typed))


def _stream_uri(device: Device, call: Any) -> Reply:
    return _stream(device, call, MEDIA_NS, answers.stream_uri)


def _stream_uri2(device: Device, call: Any) -> Reply:
    return _stream(device, call, MEDIA2_NS, answers.stream_uri2)


def _stream(device: Device, call: Any, namespace: str, shape: Callable[[str], bytes]) -> Reply:
    wanted = call.findtext(f"{{{namespace}}}ProfileToken", "").strip()
    profile = _profile(device, wanted, media2=namespace == MEDIA2_NS)
    if profile is None:
        return _sender_fault("InvalidArgVal/NoProfile", "The requested profile does not exist")
    port = 554 if device.rtsp_port is None else device.rtsp_port
    return _soap(shape(f"rtsp://{device.camera.host}:{port}{profile.path}"))


def _profile(device: Device, token: str, *, media2: bool) -> Profile | None:
    for profile in device.camera.profiles:
        if profile.token == token and (media2 or profile.codec is Codec.H264):
            return profile
    return None


_OPERATIONS: dict[str, Callable[[Device, Any], Reply]] = {
    _DATE: _date,
    f"{{{DEVICE_NS}}}GetDeviceInformation": lambda d, _: _soap(
        answers.device_information(d.camera)
    ),
    f"{{{DEVICE_NS}}}GetCapabilities": lambda d, _: _soap(answers.capabilities(d.origin)),
    f"{{{DEVICE_NS}}}GetServices": lambda d, _: _soap(answers.services(d.camera, d.origin)),
    f"{{{DEVICE_NS}}}GetNetworkInterfaces": lambda d, _: _soap(
        answers.network_interfaces(d.camera)
    ),
    f"{{{MEDIA_NS}}}GetProfiles": lambda d, _: _soap(answers.profiles(d.camera)),
    f"{{{MEDIA2_NS}}}GetProfiles": _profiles2,
    f"{{{MEDIA_NS}}}GetStreamUri": _stream_uri,
    f"{{{MEDIA2_NS}}}GetStreamUri": _stream_uri2,
}
