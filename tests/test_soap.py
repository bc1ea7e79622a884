"""Reading what cameras answer: the usual, the mended and the hostile."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.soap import Clock, Device, Fault, envelope, read_clock, read_device, request
from tests.devices.raw import RESPONSE

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
TIME = b"<tt:Time><tt:Hour>5</tt:Hour><tt:Minute>6</tt:Minute><tt:Second>7</tt:Second></tt:Time>"
FAULT = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code>'
    b"<s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:%s</s:Value></s:Subcode></s:Code>"
    b'<s:Reason><s:Text xml:lang="en">%s</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>'
)
DATED = {
    "as it should be": RESPONSE,
    "date before time": RESPONSE.replace(TIME, b"").replace(b"</tt:Date>", b"</tt:Date>" + TIME),
    "no namespaces": RESPONSE.replace(b"tt:", b"").replace(b"SOAP-ENV:", b""),
    "undeclared prefix, other order": RESPONSE.replace(b"xmlns:tt=", b"xmlns:no=")
    .replace(TIME, b"")
    .replace(b"</tt:Date>", b"</tt:Date>" + TIME),
    "blank lines and text around": b"\r\n\r\n" + RESPONSE + b"\x00\x00trailing",
    "byte order mark": b"\xef\xbb\xbf" + RESPONSE,
    "GB2312 inside": RESPONSE.replace(b"CST-8", "北京".encode("gb2312")),
    "bare ampersand": RESPONSE.replace(b"CST-8", b"A & B"),
    "cut behind the date": RESPONSE[: RESPONSE.index(b"</tt:UTCDateTime>")],
    "pretty printed": RESPONSE.replace(b"><", b">\r\n   <"),
    "attributes": RESPONSE.replace(b"<tt:UTCDateTime>", b'<tt:UTCDateTime a="1">'),
}


@pytest.mark.parametrize("name", DATED)
def test_it_finds_the_time(name):
    assert read_clock(DATED[name]) == Clock(utc=AT, text="2026-03-04T05:06:07Z")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"Month>3<", b"Month>13<"), (b"Hour>5<", b"Hour>24<"), (b"Year>2026<", b"Year>0<"),
     (b"Year>2026<", b"Year>1899<"), (b"Second>7<", b"Second>99<"), (b"Day>4<", b"Day>x<")],
)  # fmt: skip
def test_nonsense_is_no_date_but_tells_what_stood_there(old, new):
    clock = read_clock(RESPONSE.replace(old, new))
    assert clock.utc is None
    assert clock.text


def test_a_leap_second_is_a_date():
    assert read_clock(RESPONSE.replace(b"Second>7<", b"Second>60<")).utc.second == 59


def test_local_time_is_not_taken_for_utc():
    assert read_clock(RESPONSE.replace(b"UTCDateTime", b"LocalDateTime")) == Clock()


@pytest.mark.parametrize(
    ("code", "text", "denied"),
    [(b"NotAuthorized", b"Sender", True), (b"x", b"The action requires authorization", False),
     (b"x", b"Sender not Authorized", True), (b"ActionNotSupported", b"Optional", False)],
)  # fmt: skip
def test_a_fault_says_whether_a_login_is_wanted(code, text, denied):
    fault = read_clock(FAULT % (code, text))
    assert isinstance(fault, Fault)
    assert fault.denied is denied
    assert text.decode() in fault.text


@pytest.mark.parametrize(
    "body", [b"", b"\x00\x01", b"ok", b"<html><p>Envelope</p></html>", b"<a/>"]
)
def test_what_is_no_soap_is_none(body):
    assert read_clock(body) is None
    assert read_device(body) is None


def test_it_reads_the_device():
    body = (
        b"<e:Envelope xmlns:e='x'><e:Body><d:GetDeviceInformationResponse xmlns:d='y'>"
        b"<d:Manufacturer> Acme\n Ltd</d:Manufacturer><d:Model>M1</d:Model><d:FirmwareVersion/>"
        b"<d:SerialNumber>7</d:SerialNumber></d:GetDeviceInformationResponse></e:Body></e:Envelope>"
    )
    assert read_device(body) == Device(manufacturer="Acme Ltd", model="M1", serial="7")


def test_entities_are_never_expanded():
    bomb = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname"><!ENTITY y "&x;&x;">]>'
    body = RESPONSE.replace(b'encoding="UTF-8"?>', b'encoding="UTF-8"?>' + bomb)
    body = body.replace(b"UTCDateTime", b"Other").replace(b"CST-8", b"&x;&y;")
    assert read_clock(body) == Clock()
    fault = read_clock(FAULT.replace(b"<s:Envelope", bomb + b"<s:Envelope") % (b"x", b"&y;"))
    assert fault is None or "/" not in getattr(fault, "text", "")


HOSTILE = {
    "open tags": b"<a>" * 85_000,
    "angle brackets": b"<" * 256_000,
    "almost the tag": b"<UTCDateTime " * 19_000,
    "the tag": b"<UTCDateTime>" * 19_000,
    "attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(25_000)) + b">",
    "entities": b"<a>" + b"&x;" * 85_000,
    "spaces": b"<UTCDateTime>" + b" " * 256_000,
    "namespaces": b"<a:b>" * 50_000,
    "text": b"<Envelope><Fault>" + b"not " * 60_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_take_no_time(name):
    started = time.process_time()
    read_clock(HOSTILE[name])
    read_device(HOSTILE[name])
    assert time.process_time() - started < 1.0


@given(
    st.one_of(
        st.binary(max_size=500),
        st.tuples(
            st.sampled_from([RESPONSE, FAULT]),
            st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=3)), max_size=10),
        ).map(lambda case: spoiled(*case)),
    )
)
def test_any_bytes_give_a_result(body):
    assert isinstance(read_clock(body), Clock | Fault | None)
    assert isinstance(read_device(body), Device | Fault | None)


def spoiled(body, edits):
    for at, piece in edits:
        at %= len(body)
        body = body[:at] + piece + body[at + 1 :]
    return body


def test_the_question_names_action_charset_and_length():
    question = request("GetSystemDateAndTime", "fe80::1", 8080, "/onvif/device_service")
    head, _, body = question.partition(b"\r\n\r\n")
    assert body == envelope("GetSystemDateAndTime")
    assert b"Host: [fe80::1]:8080\r\n" in head
    assert b'charset=utf-8; action="http://www.onvif.org/ver10/device/wsdl/GetSystem' in head
    assert b"Content-Length: %d\r\n" % len(body) in head
