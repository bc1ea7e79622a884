"""The simulated platform answers as WVP does, and is away when its story says so."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.platforms import kinds
from collectors.platforms.reading import Access, Wanted
from collectors.simulator.platform_service import load_platform, serve_platform
from collectors.simulator.simulated import SimulatorError
from monitor.demo import city, faults
from tests.running import free_port
from tests.test_platforms import ZONE

HOST = "34020300001180000001"


def written(folder: Path, **changed: Any) -> Path:
    rows = [{"code": f"34020300001310{n:06}", "name": f"C{n}", "status": "ON"} for n in range(250)]
    given = {"address": "127.0.0.1", "port": free_port(), "key": "k", "hosts": {HOST: rows},
             "away": [[60, 120]], "period_s": 600}  # fmt: skip
    path = folder / "platform.json"
    path.write_text(json.dumps({**given, **changed}), encoding="utf-8")
    return path


async def test_it_is_read_as_a_platform_and_is_away_by_its_story(tmp_path: Path) -> None:
    platform = load_platform(written(tmp_path))
    url, running_s = f"http://127.0.0.1:{platform.port}", 0.0
    async with serve_platform(platform, lambda: running_s):
        asked = await kinds.ask("wvp", url, Access(secret="k"), ZONE)
        assert asked.reading is not None
        assert (len(asked.reading.channels), asked.reading.complete) == (250, True)
        assert "never-keep-this" not in repr(asked)
        wrong = await kinds.ask("wvp", url, Access(secret="x"), ZONE)
        assert "does not let us in" in wrong.refusal
        running_s = 661.0  # in the second period
        away = await kinds.ask("wvp", url, Access(secret="k"), ZONE)
        assert "no JSON" in away.refusal


async def test_it_says_on_which_days_it_has_recorded(tmp_path: Path) -> None:
    platform = load_platform(written(tmp_path, kept_days={HOST: 14}))
    wanted = [Wanted(key=f"{HOST}/34020300001310000001", days=2)]
    async with serve_platform(platform, lambda: 0.0):
        url = f"http://127.0.0.1:{platform.port}"
        found = kinds.kept("wvp", url, Access(secret="k"), ZONE, wanted)
        [kept] = [each async for each in found]
    assert kept.oldest_at is not None
    assert (datetime.now(ZONE) - kept.oldest_at).days in (13, 14, 15)


@pytest.mark.parametrize("wrong", [{"hosts": []}, {"port": "x"}, {"away": [[1]]}])
def test_a_file_that_is_no_platform_is_named(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(SimulatorError, match=r"platform\.json"):
        load_platform(written(tmp_path, **wrong))


def test_the_story_of_the_demo_has_a_ghost_an_unregistered_one_and_strangers() -> None:
    cameras = city.load().cameras
    told = faults.platform(cameras)
    dead = {step["cameras"] for step in faults.script(cameras)["steps"] if "for_s" not in step}
    by_code = {each.code: each for each in cameras}
    rows = [row for some in told["hosts"].values() for row in some]
    known = [by_code[row["code"]] for row in rows if row["code"] in by_code]
    said = {row["code"]: row["status"] for row in rows}
    assert any(each.host in dead and said[each.code] == "ON" for each in known)
    assert any(each.host and each.host not in dead and said[each.code] == "OFF" for each in known)
    assert sum(each.host is None for each in known) == 6
    assert len(rows) - len(known) == 2
    assert told["away"]
