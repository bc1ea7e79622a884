"""Proving a password without sending it, against published examples."""

import base64
import hashlib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from collectors.login import Login, digest_authorization, username_token

LOGIN = Login(user="Mufasa", password="Circle of Life")
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
# Realm, nonce and client nonce of RFC 7616 3.9.1; the method is POST here.
RFC = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
    f'nonce="{NONCE}", opaque="FQ", Digest realm="http-auth@example.org", qop="auth, auth-int", '
    f'algorithm=MD5, nonce="{NONCE}", opaque="FQ"'
)


def expected(name, *parts):
    return hashlib.new(name, ":".join(parts).encode()).hexdigest()


def test_sha_256_is_preferred_with_qop_auth():
    value = digest_authorization(RFC, LOGIN, "/dir", "cn")
    secret = expected("sha256", "Mufasa", "http-auth@example.org", "Circle of Life")
    action = expected("sha256", "POST", "/dir")
    response = expected("sha256", secret, NONCE, "00000001", "cn", "auth", action)
    assert f'response="{response}"' in value
    assert "algorithm=SHA-256, qop=auth, nc=00000001" in value
    assert 'opaque="FQ"' in value


def test_a_challenge_without_qop_is_answered_the_old_way():
    value = digest_authorization('Digest realm="r", nonce="n"', LOGIN, "/p", "cn")
    secret, action = expected("md5", "Mufasa", "r", "Circle of Life"), expected("md5", "POST", "/p")
    assert f'response="{expected("md5", secret, "n", action)}"' in value
    assert "qop" not in value
    assert "cnonce" not in value


def test_what_we_cannot_answer_is_not_answered():
    for challenge in (
        "",
        'Basic realm="r"',
        'Digest realm="r"',
        'Digest realm="r", nonce="n", algorithm=MD5-sess',
        'Digest realm="r", nonce="n", qop="auth-int"',
    ):
        assert digest_authorization(challenge, LOGIN, "/p", "cn") is None


def test_basic_beside_digest_is_passed_over():
    challenge = 'Basic realm="r", Digest realm="d", nonce="n"'
    assert 'realm="d"' in digest_authorization(challenge, LOGIN, "/p", "cn")


def test_the_token_follows_the_profile():
    at = datetime(2026, 3, 4, 5, 6, 7, 999, tzinfo=UTC)
    token = username_token(Login(user="<a&b>", password="p"), at, b"0123456789abcdef")
    root = etree.fromstring(b'<x xmlns:s="x">' + token + b"</x>")
    text = {etree.QName(part).localname: part.text for part in root.iter()}
    digest = hashlib.sha1(b"0123456789abcdef2026-03-04T05:06:07Zp").digest()
    assert text["Username"] == "<a&b>"
    assert text["Created"] == "2026-03-04T05:06:07Z"
    assert base64.b64decode(text["Nonce"]) == b"0123456789abcdef"
    assert base64.b64decode(text["Password"]) == digest


def test_the_password_never_shows():
    assert "Circle" not in repr(LOGIN)


@given(st.text(max_size=300))
def test_any_challenge_is_answered_or_not(challenge):
    value = digest_authorization("Digest " + challenge, LOGIN, "/p", "cn")
    assert value is None or ("\r" not in value and "\n" not in value and value.isprintable())
