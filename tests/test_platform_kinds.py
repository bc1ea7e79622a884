"""ONVIF recorders, Milestone and Genetec, as their documents describe them, faults included."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from collectors import rtsp
from collectors.login import Login
from collectors.platforms import genetec, kinds, milestone, recorder
from collectors.platforms.reading import Access
from monitor import settings
from monitor.witness import Said
from tests.platforms import Genetec, Milestone, Recorder, served
from tests.test_platforms import read

ME = Access(user="monitor", secret="geheim")
APP = Access(user="monitor;app-1", secret="geheim")
WRONG = Access(user="monitor", secret="falsch")


def said(asked: kinds.Asked) -> dict[str, Said]:
    assert asked.reading is not None, asked.refusal
    return {each.name: each.said for each in asked.reading.channels}


# --- Milestone


async def test_enabled_is_not_online_and_the_newest_state_counts() -> None:
    fake = Milestone()
    fake.cameras[2]["enabled"] = False
    fake.cameras.append(
        {"id": "9", "displayName": "New", "enabled": True, "gisPoint": "POINT EMPTY"}
    )
    async with served(fake) as url:
        asked = await read("milestone", url, ME)
    assert said(asked) == {"Cam 1": Said.ON, "Cam 2": Said.OFF, "New": Said.UNKNOWN}
    assert asked.reading is not None
    first, *_, new = asked.reading.channels
    assert (first.lon, first.lat, first.raw) == (9.0, 47.0, "communication started")
    assert (new.lon, new.why) == (None, "no state of its communication")


async def test_only_communication_is_subscribed_to_never_motion() -> None:
    fake = Milestone()
    async with served(fake) as url:
        await read("milestone", url, ME)
    [wanted] = fake.subscribed
    assert wanted["resourceTypes"] == ["cameras"]
    assert wanted["eventTypes"] == list(milestone._WORDS)


@pytest.mark.parametrize("count", [0, 1, 500, 501, 1_203])
async def test_all_cameras_of_milestone_are_read(count: int) -> None:
    async with served(Milestone(count)) as url:
        assert len(said(await read("milestone", url, ME))) == count


async def test_what_goes_wrong_at_milestone_is_a_sentence() -> None:
    fake = Milestone()
    async with served(fake) as url:
        wrong = await read("milestone", url, WRONG)
        assert (wrong.denied, "gives no token (invalid_grant)" in wrong.refusal) == (True, True)
        fake.state_status = 403
        assert "status 403" in (await read("milestone", url, ME)).refusal
        fake.closes = True
        closed = await read("milestone", url, ME)
        assert "does not answer" in closed.refusal
    assert "mile-token" not in repr(wrong) + repr(closed)


# --- Genetec


async def test_genetec_says_online_and_maintenance_is_no_outage() -> None:
    async with served(Genetec()) as url:
        asked = await read("genetec", f"{url}/WebSdk", APP)
    assert said(asked) == {"Cam 1": Said.ON, "Cam 2": Said.OFF, "Cam 3": Said.UNKNOWN}
    assert asked.reading is not None
    assert [each.code for each in asked.reading.channels] == ["1", "2", "3"]


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 1_000, 1_001, 2_003])
async def test_all_cameras_of_genetec_are_read_though_a_page_has_one_row_more(count: int) -> None:
    async with served(Genetec(count)) as url:
        asked = await read("genetec", url, APP)
    assert len(said(asked)) == count
    assert asked.reading is not None
    assert asked.reading.complete


async def test_cameras_that_genetec_withholds_make_a_reading_that_is_not_whole() -> None:
    fake = Genetec(30)
    fake.withheld = {fake.guids[4]}
    async with served(fake) as url:
        asked = await read("genetec", url, APP)
        assert asked.reading is not None
        assert (asked.reading.complete, len(asked.reading.channels)) == (False, 29)
        fake.status = "Fail"
        assert "Fail" in (await read("genetec", url, APP)).refusal
        assert (await read("genetec", url, ME)).denied


@pytest.mark.parametrize("guid", ["", "zz", "1" * 31, "../" + "1" * 29, "1" * 33])
def test_a_guid_that_is_none_stands_in_no_question(guid: str) -> None:
    assert genetec._guid({"Guid": guid}) == ""


# --- ONVIF recorders


@pytest.mark.parametrize("login", ["token", "digest"])
async def test_a_channel_is_on_when_its_stream_can_be_described_and_no_video_flows(
    login: str,
) -> None:
    fake = Recorder({"ch1": 200, "ch2": 404, "ch3": 503}, login=login)
    async with served(fake) as url, fake.streaming():
        asked = await read("onvif", url, ME)
    assert said(asked) == {"Gate ch1": Said.ON, "Gate ch2": Said.OFF, "Gate ch3": Said.UNKNOWN}
    assert asked.reading is not None
    one = asked.reading.channels[0]
    assert (one.code, one.key, one.raw) == ("NVR-7-ch1", "ch1", "RTSP 200 Word")
    assert set(fake.rtsp_methods) == {"DESCRIBE"}
    assert not [each for each in fake.asked if not each.startswith("Get")]
    assert "geheim" not in repr(asked)


async def test_a_recorder_whose_streams_do_not_answer_says_nothing_of_its_cameras() -> None:
    fake = Recorder({"ch1": 200})
    fake.rtsp_port = 9
    async with served(fake) as url:
        asked = await read("onvif", url, ME)
    assert said(asked) == {"Gate ch1": Said.UNKNOWN}


async def test_a_wrong_password_of_a_recorder_is_tried_once() -> None:
    fake = Recorder({"ch1": 200})
    async with served(fake) as url, fake.streaming():
        asked = await read("onvif", url, WRONG)
    assert asked.denied
    assert fake.asked.count("GetDeviceInformation") <= 2  # with it, and without to see a challenge


async def test_what_is_no_recorder_is_a_sentence() -> None:
    async with served(Milestone()) as url:
        assert "does not answer ONVIF" in (await read("onvif", url, ME)).refusal


async def test_the_login_for_a_stream_goes_to_the_recorder_only_wherever_it_points() -> None:
    fake = Recorder({"ch1": 200})
    async with fake.streaming():
        url = f"rtsp://192.0.2.9:{fake.rtsp_port}/ch1"
        login = Login(user="monitor", password="geheim")
        found = await rtsp.describe(url, "127.0.0.1", login, 5)
    assert (found.status, found.video) == (200, True)


@pytest.mark.parametrize(
    "url", ["rtsp://h:99999/x", "rtsp://h:9/x y", "rtsp://h/\r\nX: y", "rtsp://h:1/x"]
)
async def test_a_stream_that_cannot_be_asked_is_no_answer(url: str) -> None:
    with pytest.raises(rtsp.NoAnswer):
        await rtsp.describe(url, "127.0.0.1", None, 2)


async def test_what_is_not_rtsp_is_no_answer_and_no_flood() -> None:
    async def answer(reader: Any, writer: Any) -> None:
        await reader.readline()
        writer.write(b"x" * 200_000)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        done.set()

    done = asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(rtsp.NoAnswer):
            await rtsp.describe(f"rtsp://h:{port}/x", "127.0.0.1", None, 5)
        await done.wait()


@pytest.mark.parametrize("kind", [milestone, genetec, recorder])
def test_no_list_of_paths_holds_what_shows_people_or_changes_anything(kind: Any) -> None:
    words = ("set", "create", "delete", "snap", "ptz", "control", "alarm", "motion", "play", "task")
    assert not [path for path in kind.ALLOWED for each in words if each in path.lower()]


def test_a_certificate_file_that_cannot_be_used_is_named(tmp_path: Any) -> None:
    given = {"kind": "onvif", "url": "https://127.0.0.1", "ca_file": tmp_path / "absent.pem"}
    with pytest.raises(settings.BadSettings, match=r"absent\.pem"):
        settings.Platform.model_validate(given).trust()
