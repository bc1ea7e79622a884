"""Both logins a camera checks: WS-UsernameToken digest and HTTP/RTSP Digest. Knows no sockets;
the caller passes `now`.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

REMEMBERED = 500
_PAIR = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


class Verdict(StrEnum):
    """What a camera thinks of one login. Everything but `ok`, `missing` and `stale_nonce` is a
    wrong login.
    """

    OK = "ok"
    MISSING = "missing"
    STALE_NONCE = "stale_nonce"
    WRONG_USER = "wrong_user"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a verdict
    PASSWORD_IN_CLEAR = "password_in_clear"  # noqa: S105 - the name of a verdict
    CLOCK_WINDOW = "clock_window"
    REPLAYED = "replayed"
    MALFORMED = "malformed"
    TWO_LOGINS = "two_logins"

    @property
    def wrong(self) -> bool:
        """Whether a real camera would count this towards locking the account."""
        return self not in (Verdict.OK, Verdict.MISSING, Verdict.STALE_NONCE)


@dataclass(frozen=True, kw_only=True, slots=True)
class UsernameToken:
    """A wsse:UsernameToken as received (OASIS UsernameToken Profile 1.1, 3.1). `digest` tells
    the Type of Password.
    """

    user: str
    password: str
    nonce: str
    created: str
    digest: bool


@dataclass(kw_only=True, slots=True)
class TokenCheck:
    """Checks WS-UsernameToken logins of one camera and remembers nonces, oldest first, until
    they are out of the window.
    """

    seen: dict[str, datetime] = field(default_factory=dict)

    def check(
        self, token: UsernameToken, *, user: str, password: str, now: datetime, window_s: float
    ) -> Verdict:
        """Judge a token by the camera's clock `now`. Only a good token uses up its nonce."""
        if not token.digest:
            return Verdict.PASSWORD_IN_CLEAR
        created = read_created(token.created)
        try:
            nonce = base64.b64decode(token.nonce, validate=True)
        except (binascii.Error, ValueError):
            return Verdict.MALFORMED
        if created is None or not nonce:
            return Verdict.MALFORMED
        if token.user != user:
            return Verdict.WRONG_USER
        if not hmac.compare_digest(
            token_digest(nonce, token.created, password).encode(),
            token.password.encode("utf-8", "replace"),
        ):
            return Verdict.WRONG_PASSWORD
        window = timedelta(seconds=window_s)
        if abs(created - now) > window:
            return Verdict.CLOCK_WINDOW
        return self._use(token.nonce, now, window)

    def _use(self, nonce: str, now: datetime, window: timedelta) -> Verdict:
        while self.seen:
            oldest = next(iter(self.seen))
            # Created may lie a window ahead, so a nonce can come back for two windows after it
            # was first seen.
            if now - self.seen[oldest] <= 2 * window and len(self.seen) < REMEMBERED:
                break
            del self.seen[oldest]
        if nonce in self.seen:
            return Verdict.REPLAYED
        self.seen[nonce] = now
        return Verdict.OK


def token_digest(nonce: bytes, created: str, password: str) -> str:
    """Base64(SHA-1(nonce + created + password)), UsernameToken Profile 1.1, 3.1."""
    # The standard fixes SHA-1.
    raw = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False)
    return base64.b64encode(raw.digest()).decode()


def read_created(text: str) -> datetime | None:
    """An instant that ends in Z, or None. "+00:00" is refused, as Hikvision firmware does
    (reported).
    """
    if not text.endswith("Z") or "T" not in text or not text.isascii():
        return None
    try:
        created = datetime.fromisoformat(text[:-1])
    except ValueError:
        return None
    return created.replace(tzinfo=UTC) if created.tzinfo is None else None


@dataclass(kw_only=True, slots=True)
class _Nonce:
    issued: datetime
    count: int = 0


@dataclass(kw_only=True, slots=True)
class DigestCheck:
    """Checks HTTP Digest logins (RFC 2617 with MD5, which is all that cameras speak) of one door
    of one camera.
    """

    realm: str
    qop: bool
    life_s: float
    nonces: dict[str, _Nonce] = field(default_factory=dict)

    def challenge(self, now: datetime, *, stale: bool = False) -> str:
        """Value of WWW-Authenticate with a fresh nonce."""
        self._forget(now)
        nonce = secrets.token_hex(16)
        self.nonces[nonce] = _Nonce(issued=now)
        parts = [f'realm="{self.realm}"', f'nonce="{nonce}"']
        parts += ['qop="auth"'] if self.qop else []
        parts += ["stale=TRUE"] if stale else []
        return "Digest " + ", ".join(parts)

    def _forget(self, now: datetime) -> None:
        """Drop old nonces: an unknown nonce is answered as a stale one, so nothing changes."""
        while self.nonces:
            oldest = next(iter(self.nonces))
            age_s = (now - self.nonces[oldest].issued).total_seconds()
            if age_s <= self.life_s and len(self.nonces) < REMEMBERED:
                break
            del self.nonces[oldest]

    def check(
        self, header: str, *, method: str, uri: str, user: str, password: str, now: datetime
    ) -> Verdict:
        """Judge the value of an Authorization header for a request of `method` to `uri`."""
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "basic":
            return Verdict.PASSWORD_IN_CLEAR
        said = {key.lower(): quoted or bare for key, quoted, bare in _PAIR.findall(rest)}
        wanted = {"username", "realm", "nonce", "uri", "response"}
        if scheme.lower() != "digest" or not wanted <= said.keys():
            return Verdict.MALFORMED
        if said["username"] != user:
            return Verdict.WRONG_USER
        if said["realm"] != self.realm or said["uri"] != uri or not self._fits(said):
            return Verdict.MALFORMED
        if not hmac.compare_digest(
            digest_response(said, method=method, user=user, password=password).encode(),
            said["response"].encode("utf-8", "replace"),
        ):
            return Verdict.WRONG_PASSWORD
        return self._use(said, now)

    def _fits(self, said: dict[str, str]) -> bool:
        if said.get("algorithm", "MD5").upper() != "MD5":
            return False
        if "qop" not in said:
            # RFC 2617 3.2.2 keeps the older form without qop allowed, whatever was offered.
            return True
        return self.qop and said["qop"] == "auth" and "cnonce" in said and "nc" in said

    def _use(self, said: dict[str, str], now: datetime) -> Verdict:
        nonce = self.nonces.get(said["nonce"])
        if nonce is None:
            return Verdict.STALE_NONCE
        if now - nonce.issued > timedelta(seconds=self.life_s):
            del self.nonces[said["nonce"]]
            return Verdict.STALE_NONCE
        if "qop" not in said:
            return Verdict.OK
        try:
            count = int(said["nc"], 16)
        except ValueError:
            return Verdict.MALFORMED
        if count <= nonce.count:
            return Verdict.REPLAYED
        nonce.count = count
        return Verdict.OK


def digest_response(said: dict[str, str], *, method: str, user: str, password: str) -> str:
    """The `response` that fits, RFC 2617 3.2.2.1; `said` holds realm, nonce, uri and perhaps
    qop, nc, cnonce.
    """
    secret = _md5(f"{user}:{said['realm']}:{password}")
    asked = _md5(f"{method}:{said['uri']}")
    if "qop" in said:
        middle = f"{said['nonce']}:{said['nc']}:{said['cnonce']}:{said['qop']}"
    else:
        middle = said["nonce"]
    return _md5(f"{secret}:{middle}:{asked}")


def _md5(text: str) -> str:
    # The standard fixes MD5.
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
