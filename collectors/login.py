"""Proving a password without sending it: WS-UsernameToken digest and HTTP Digest. No I/O.

For the ladder and for recorders; the minute-by-minute probe never logs in. Basic is not spoken: it
would send the password.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from xml.sax.saxutils import escape

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_SECURITY = (
    '<Security s:mustUnderstand="1" xmlns="{wss}-wssecurity-secext-1.0.xsd">'
    "<UsernameToken><Username>{user}</Username>"
    '<Password Type="{wss}-username-token-profile-1.0#PasswordDigest">{digest}</Password>'
    '<Nonce EncodingType="{wss}-soap-message-security-1.0#Base64Binary">{nonce}</Nonce>'
    '<Created xmlns="{wss}-wssecurity-utility-1.0.xsd">{created}</Created>'
    "</UsernameToken></Security>"
)
_PART = re.compile(r'([\w-]{1,40})\s{0,9}=\s{0,9}(?:"((?:[^"\\]|\\.){0,2000})"|([^\s,"]{1,2000}))')
_SCHEME = re.compile(r"(?:^|,|\s)digest\s+", re.IGNORECASE)
_HASHES: dict[str, Callable[[bytes], str]] = {
    # MD5 is what RFC 2617 cameras speak; it is a wire format here, not a choice.
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A user of a camera. The password never shows in a text of this object."""

    user: str
    password: str = field(repr=False)


def username_token(login: Login, camera_time: datetime, nonce: bytes) -> bytes:
    """The wsse:Security element of WS-Security UsernameToken Profile 1.0, for a Header with the
    prefix `s`.

    camera_time: by the camera's own clock, since tokens some 20 s off are refused; nonce: fresh
    random bytes.
    """
    # Hikvision refuses "+00:00" (python-onvif-zeep-async#179), so Created ends in Z.
    created = camera_time.strftime("%Y-%m-%dT%H:%M:%SZ")
    # SHA-1 is what the profile prescribes (3.1).
    digest = hashlib.sha1(
        nonce + created.encode() + login.password.encode(), usedforsecurity=False
    ).digest()
    return _SECURITY.format(
        wss=_WSS,
        user=escape(login.user),
        digest=base64.b64encode(digest).decode(),
        nonce=base64.b64encode(nonce).decode(),
        created=created,
    ).encode()


def digest_authorization(
    challenge: str, login: Login, path: str, client_nonce: str, method: str = "POST"
) -> str | None:
    """The Authorization value for a request to `path` (RFC 7616), or None without a Digest
    challenge we can answer.

    challenge: the WWW-Authenticate value, several joined by ", ". SHA-256 is taken before MD5,
    qop=auth before none; auth-int and session variants are left alone.
    """
    offers = [offer for text in _SCHEME.split(challenge)[1:] if (offer := _offer(text))]
    if not offers:
        return None
    best = max(offers, key=lambda offer: offer["algorithm"] == "SHA-256")
    return _answer(best, login, path, client_nonce, method)


def _offer(text: str) -> dict[str, str] | None:
    """The parts of one challenge, when we can answer it."""
    parts: dict[str, str] = {}
    for name, quoted, bare in _PART.findall(text):
        parts.setdefault(name.lower(), quoted or bare)
    parts["algorithm"] = parts.get("algorithm", "MD5").upper()
    qops = {qop.strip().lower() for qop in parts.get("qop", "").split(",")} - {""}
    if parts["algorithm"] not in _HASHES or "nonce" not in parts or (qops and "auth" not in qops):
        return None
    parts["qop"] = "auth" if qops else ""
    return parts


def _answer(offer: dict[str, str], login: Login, path: str, client_nonce: str, method: str) -> str:
    digest = _HASHES[offer["algorithm"]]
    realm, nonce, qop = offer.get("realm", ""), offer["nonce"], offer["qop"]
    # Latin-1 keeps a realm in GB2312 byte for byte; names and passwords of ours are UTF-8.
    secret = digest(
        login.user.encode() + f":{realm}:".encode("latin-1", "replace") + login.password.encode()
    )
    action = digest(f"{method}:{path}".encode())
    middle = f"{nonce}:00000001:{client_nonce}:auth" if qop else nonce
    response = digest(f"{secret}:{middle}:{action}".encode("latin-1", "replace"))
    user = login.user.replace("\\", "\\\\").replace('"', '\\"')
    parts = [
        f'username="{user}"',
        f'realm="{realm}"',
        f'nonce="{nonce}"',
        f'uri="{path}"',
        f'response="{response}"',
        f"algorithm={offer['algorithm']}",
    ]
    if qop:
        parts += ["qop=auth", "nc=00000001", f'cnonce="{client_nonce}"']
    if "opaque" in offer:
        parts.append(f'opaque="{offer["opaque"]}"')
    return "Digest " + ", ".join(parts)
