"""Reading HTTP as cameras send it, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.answer import BODY_LIMIT_BYTES, HEAD_LIMIT_BYTES, Reader
from collectors.reading import ProbeFailure
from monitor.model import Reason
from tests.devices.raw import RESPONSE, http

HTML = b"<html><body>login</body></html>"
ENVELOPE_START = RESPONSE[:300]


def chunked(*chunks, end=b"0\r\n\r\n"):
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def reads(data, *, step=None):
    """Feed `data` in pieces; the reader, and whether it was content before the end."""
    reader = Reader()
    step = step or len(data) or 1
    for at in range(0, len(data), step):
        if reader.feed(data[at : at + step]):
            return reader, True
    return reader, False


GOOD = {
    "plain": http(),
    "length too long": http(RESPONSE, "Content-Length: 99999"),
    "length too short": http(RESPONSE, "Content-Length: 900"),
    "length nothing": http(RESPONSE, "Content-Length: many"),
    "two lengths": http(RESPONSE, "Content-Length: 10", f"Content-Length: {len(RESPONSE)}"),
    "no length": http(RESPONSE, "Server: x"),
    "no colon": http(RESPONSE, "this is no header", f"Content-Length: {len(RESPONSE)}"),
    "space before colon": http(RESPONSE, f"Content-Length : {len(RESPONSE)}"),
    "no reason phrase": http(RESPONSE, status="200"),
    "two spaces": http(RESPONSE, status=" 200  OK"),
    "lf only": b"HTTP/1.0 200 OK\nServer: x\n\n" + RESPONSE,
    "blank line first": b"\r\n" + http(),
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + http(),
    "bytes over 127 in a header": http(RESPONSE, "Server: \xe9\xff"),
    "chunked": http(
        chunked(RESPONSE[:100], RESPONSE[100:117], RESPONSE[117:]), "Transfer-Encoding: chunked"
    ),
    "chunked and length": http(
        chunked(RESPONSE), "Content-Length: 5", "Transfer-Encoding: Chunked"
    ),
    "chunk extension": http(
        b"%x;a=b\r\n%s\r\n" % (len(RESPONSE), RESPONSE), "Transfer-Encoding: chunked"
    ),
    "chunk size is a lie": http(b"fffff\r\n" + RESPONSE, "Transfer-Encoding: chunked"),
    "said chunked, is not": http(RESPONSE, "Transfer-Encoding: chunked"),
}


@pytest.mark.parametrize("step", [None, 1, 7])
@pytest.mark.parametrize("name", GOOD)
def test_it_reads_a_whole_envelope_in_spite_of_its_framing(name, step):
    reader, content = reads(GOOD[name], step=step)
    assert content
    assert reader.status == 200
    assert b"UTCDateTime" in reader.body()
    assert b"Envelope>" in reader.body()[-30:]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"SSH-2.0-dropbear\r\n", Reason.NOT_HTTP),
        (b"RTSP/1.0 400 Bad Request\r\n\r\n", Reason.NOT_HTTP),
        (b"HTTP/1.1 abc\r\n\r\n", Reason.NOT_HTTP),
        (b"\x00\xff\x01", Reason.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (HEAD_LIMIT_BYTES // 6), Reason.ENDLESS),
        (http(b"x" * (BODY_LIMIT_BYTES + 1), "Server: x"), Reason.ENDLESS),
        (http(b"\n" * BODY_LIMIT_BYTES * 2, "Transfer-Encoding: chunked"), Reason.ENDLESS),
        (http(b"1\r\nx\r\n" * 20_000, "Transfer-Encoding: chunked"), Reason.ENDLESS),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 4000, Reason.ENDLESS),
        (b"\r\n" * 60_000, Reason.ENDLESS),
    ],
)
def test_it_names_what_is_no_answer(data, reason):
    with pytest.raises(ProbeFailure) as failure:
        reads(data, step=4096)
    assert failure.value.reason is reason


@pytest.mark.parametrize("status", ["401 Unauthorized", "302 Found", "204 No Content"])
def test_a_status_that_is_the_verdict_needs_no_body(status):
    assert reads(http(b"", "Content-Length: 5000", status=status))[1]


def test_a_web_page_needs_no_end():
    assert reads(http(HTML[:10], "Content-Length: 9000"))[1]


def test_repeated_headers_are_joined():
    reader, _ = reads(http(b"", 'WWW-Authenticate: Digest realm="a"', "www-authenticate: Basic"))
    assert reader.headers["www-authenticate"] == 'Digest realm="a", Basic'


def test_a_promised_length_inside_an_envelope_lingers():
    reader, content = reads(http(ENVELOPE_START))
    assert (content, reader.lingers) == (False, True)


def test_a_close_without_a_byte_is_closed():
    with pytest.raises(ProbeFailure) as failure:
        Reader().close()
    assert failure.value.reason is Reason.CLOSED


def test_a_close_inside_the_head_is_closed():
    reader, _ = reads(b"HTTP/1.1 200 OK\r\nServ")
    with pytest.raises(ProbeFailure) as failure:
        reader.close()
    assert failure.value.reason is Reason.CLOSED


def test_a_close_inside_the_body_is_told_as_cut():
    reader, _ = reads(http(RESPONSE[:300], "Content-Length: 900"))
    assert reader.close()


def mutated(draw_bytes, base):
    data = bytearray(base)
    for at, value in draw_bytes:
        data[at % len(data)] = value
    return bytes(data)


EDITS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=12)


@given(
    data=st.one_of(st.binary(max_size=600), EDITS.map(lambda e: mutated(e, GOOD["chunked"]))),
    step=st.integers(1, 200),
)
def test_any_bytes_give_an_answer_or_a_probe_failure(data, step):
    assert outcome(data, step) in {None, Reason.NOT_HTTP, Reason.CLOSED, Reason.ENDLESS}


def outcome(data, step):
    try:
        reader, content = reads(data, step=step)
        if not content:
            reader.close()
    except ProbeFailure as failure:
        return failure.reason
    return None


@given(chunks=st.lists(st.binary(min_size=1, max_size=90), max_size=8), step=st.integers(1, 50))
def test_chunks_come_out_as_they_went_in(chunks, step):
    data = http(
        chunked(*[b"~" + c.replace(b"<", b"") for c in chunks]), "Transfer-Encoding: chunked"
    )
    reader, content = reads(data, step=step)
    assert content
    assert reader.body() == b"".join(b"~" + c.replace(b"<", b"") for c in chunks)
