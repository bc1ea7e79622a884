"""What a person types: exit codes, JSON shapes, and one clear message for each mistake."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from collectors.simulator.fleet import Simulator
from collectors.simulator.simulated import SimulatedCamera
from db import pool
from monitor.demo import Stage, city
from monitor.demo.stage import DemoFailure
from monitor.model import Camera
from tests import taking
from tests.seed import seed

ROOT = Path(__file__).parent.parent
Say = Callable[..., "subprocess.CompletedProcess[str]"]
DEMO = city.DATA


@pytest.fixture
def say(database: str, tmp_path: Path) -> Say:
    """Runs `camledger` on this test's database."""

    def run(
        *words: str, stdout: Any = subprocess.PIPE, shell: bool = False, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            " ".join(words) if shell else [sys.executable, "-m", "monitor", *words],
            shell=shell,
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "CAMLEDGER_DATABASE_URL": database,
                **environment,
            },
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
async def seeded(database: str) -> None:
    conn = await pool.connect(database)
    await seed(conn, datetime.now(UTC))
    await conn.close()


async def test_a_report_counts_what_a_stopped_monitor_left_uncounted(
    say: Say, seeded: None, conn: asyncpg.Connection
) -> None:
    await conn.execute("TRUNCATE ledger_day, ledger_area_day, day_closed")
    today = datetime.now(UTC).date().isoformat()
    done = say("report", "daily", "--date", today, CAMLEDGER_CITY_TIMEZONE="UTC")
    assert done.returncode in (0, 1), done.stderr
    assert await conn.fetchval(
        "SELECT sum(up_s) > 0 FROM bi.ledger_day WHERE day = $1::text::date", today
    )


def test_importing_the_sample_city_and_asking_for_it(say: Say) -> None:
    for name in ("streets", "school_buildings"):
        done = say("import", "places", str(DEMO / f"{name}.geojson"))
        assert (done.returncode, done.stdout[:14]) == (0, "Stored places:"), done.stderr
    done = say("import", "cameras", str(DEMO / "cameras.geojson"), "--dry-run")
    assert "Would store cameras: 90 new" in done.stdout
    counts = json.loads(say("status", "--json").stdout)
    assert (counts["cameras"], counts["offline"]) == (0, 0)


def test_a_broken_file_changes_nothing_and_says_where(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text("code,name,port\nA1,one,80\nA2,two,seventy\n")
    done = say("import", "cameras", str(file))
    assert done.returncode == 2
    assert "line 3, column port" in done.stderr
    assert "nothing was imported" in done.stderr
    assert json.loads(say("status", "--json").stdout)["cameras"] == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["import", "cameras", "none.csv"], "none.csv"),
        (["probe", "--camera", "NOBODY"], "No camera has the code NOBODY"),
        (["probe", "--url", "ftp://x"], "not an address"),
        (["ledger", "--camera", "NOBODY", "--from", "2020-01-01"], "No camera has the code NOBODY"),
        (["ledger", "--area", "NOBODY", "--from", "2020-01-01"], "No area has the code NOBODY"),
        (["ledger", "--area", "A", "--from", "2999-01-01"], "The window is empty"),
        (["coverage", "--place", "Nowhere"], "No place is called Nowhere"),
        (["report", "weekly", "--format", "pdf"], "pdf"),
        (["report", "weekly", "--date", "2999-01-01"], "has not begun"),
        (["--config", "none.toml", "status"], "none.toml: cannot be read"),
    ],
)
def test_a_mistake_gets_one_clear_line_and_code_2(
    say: Say, words: list[str], expected: str
) -> None:
    done = say(*words)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_variable_is_a_mistake(say: Say) -> None:
    done = say("status", CAMLEDGER_WEB_PROT="1")
    assert done.returncode == 2
    assert "CAMLEDGER_WEB_PROT: no such option" in done.stderr


def test_a_database_that_is_away_is_our_failure(say: Say) -> None:
    done = say("status", CAMLEDGER_DATABASE_URL="postgresql://u:hush@127.0.0.1:1/d")
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr
    assert "hush" not in done.stderr


@pytest.mark.usefixtures("seeded")
def test_status_is_bad_when_a_camera_is_offline(say: Say) -> None:
    done = say("status", "--offline", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["offline"] == len(found["offline_list"]) > 0


@pytest.mark.usefixtures("seeded")
def test_tables_show_hostile_names_harmlessly(say: Say) -> None:
    done = say("status", "--offline")
    assert "\x1b" not in done.stdout
    assert "offline for" in done.stdout


@pytest.mark.usefixtures("seeded")
def test_coverage_says_how_many_cameras_count_for_nothing(say: Say) -> None:
    counts = json.loads(say("status", "--json").stdout)
    expected = f"{counts['undeclared']} of {counts['cameras']} cameras are not declared"
    assert expected in say("coverage").stdout


def test_coverage_has_the_promised_shape(say: Say) -> None:
    rows = json.loads(say("coverage", "--json").stdout)
    promised = {
        "place",
        "kind",
        "designed",
        "effective",
        "upper",
        "redundant",
        "undeclared",
        "gaps",
    }
    assert all(promised <= row.keys() for row in rows)
    gaps = [gap for row in rows for gap in row["gaps"]]
    assert all({"from_m", "to_m", "length_m", "kind", "from", "to"} <= gap.keys() for gap in gaps)


def test_an_import_is_shown_field_by_field_and_taken_back(say: Say, tmp_path: Path) -> None:
    (tmp_path / "full.csv").write_text(
        "code,name,pole,intent\nK-1,North,P1,repair\nK-2,South,P2,1\n"
    )
    (tmp_path / "some.csv").write_text("code,pole,mac\nK-1,,zz\nK-2,P9,zz\n")
    say("import", "cameras", "full.csv")
    told = say("import", "cameras", "some.csv", "--dry-run").stdout
    assert "Would store cameras: 0 new, 2 changed" in told
    assert [row.split() for row in told.splitlines() if row.startswith(("pole", "sheet.mac"))] == [
        ["pole", "0", "1", "1"],
        ["sheet.mac", "2", "0", "0"],
    ]
    assert told.index("pole  ") < told.index("K-1: pole P1 → —")
    assert "change set" not in told.lower()
    done = say("import", "cameras", "some.csv", "--by", "Li")
    assert "Change set 2; camledger imports undo 2 takes it back." in done.stdout
    assert "K-2: pole P2 → P9" in say("imports", "show", "2").stdout
    assert say("imports", "undo", "2", "--by", "Wu").returncode == 0
    assert "taken back by 3" in say("imports", "list").stdout
    assert "Li" in say("imports", "list").stdout
    say("export", "cameras", "out.csv")
    assert ",P1," in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


def test_the_words_of_a_change_are_no_programmers_words(say: Say, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,intent,indoor,kind\nK-1,2,2,3\n")
    (tmp_path / "b.csv").write_text("code,intent,indoor,kind\nK-1,1,1,1\n")
    say("import", "cameras", "a.csv")
    told = say("import", "cameras", "b.csv", "--dry-run").stdout
    for words in ("intent repair → in_service", "indoor yes → no", "kind fixed → dome_ptz"):
        assert words in told


def test_every_error_is_shown_behind_any_number_of_warnings(say: Say, tmp_path: Path) -> None:
    rows = [f"K-{n},zz,{200 if n in (55, 60) else 104}" for n in range(1, 61)]
    text = "code,mac,lon,lat\n" + "".join(f"{row},30\n" for row in rows)
    (tmp_path / "a.csv").write_text(text)
    said = say("import", "cameras", "a.csv")
    assert said.returncode == 2
    errors = [line for line in said.stderr.splitlines() if line.startswith("error")]
    assert [" line 56, " in errors[0], " line 61, " in errors[1], len(errors)] == [True, True, 2]
    assert said.stderr.index(errors[1]) < said.stderr.index("warning")
    assert "… and 31 more warnings" in said.stderr


def test_what_is_said_by_hand_is_a_change_set_too(say: Say, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,area\nK-1,A\nK-2,A\n")
    unknown = say("import", "cameras", "a.csv")
    assert unknown.returncode == 2
    assert 'line 2, column area_code, value "A": No area has this code or name' in unknown.stderr
    say("import", "cameras", "a.csv", "--make-areas")
    assert say("intent", "K-1", "repair", "--reason", "Cable cut", "--by", "Li").returncode == 0
    again = say("intent", "K-1", "repair", "--reason", "Cable cut")
    assert (again.returncode, "is repair already" in again.stderr) == (2, True)
    assert say("intent", "K-9", "repair", "--reason", "x").returncode == 2
    refused = say("imports", "undo", "1")
    assert refused.returncode == 2
    assert "K-1, intent was changed since (change set 2)" in refused.stderr
    assert say("delete", "cameras", "K-2", "--reason", "Never was").returncode == 0
    kept = say("delete", "areas", "A", "--reason", "x")
    assert (kept.returncode, "camera K-1 lies in it" in kept.stderr) == (2, True)
    newest = json.loads(say("imports", "list", "--json").stdout)[0]
    assert (newest["removed"], newest["reason"]) == (1, "Never was")
    assert json.loads(say("audit", "list", "--json").stdout)[0]["action"] == "delete.cameras"


@pytest.mark.parametrize(
    "words",
    ["status", "coverage", "ledger --area A --from 2026-01-01", "export cameras x.csv",
     "register list", "requirement list", "imports list", "report daily", "audit list",
     "intent A repair --reason x", "probe --camera A"],
)  # fmt: skip
def test_a_question_makes_no_database(tmp_path: Path, words: str) -> None:
    environment = {key: value for key, value in os.environ.items() if "CAMLEDGER" not in key}
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *words.split()],
        cwd=tmp_path, env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert f"There is no database in {tmp_path}/data" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "option"),
    [("cameras x.csv --kind street", "--kind"), ("areas x.csv --area A", "--area"),
     ("places x.geojson --sheet S", "--sheet"), ("register x.csv --mapping m.toml", "--mapping")],
)  # fmt: skip
def test_an_option_that_means_nothing_is_refused_and_not_ignored(
    say: Say, words: str, option: str
) -> None:
    done = say("import", *words.split())
    assert done.returncode == 2
    assert f"{option} means nothing for {words.split()[0]}" in done.stderr


@pytest.mark.usefixtures("seeded")
def test_an_export_is_taken_by_an_import_and_changes_nothing(say: Say) -> None:
    for what, file in (("areas", "a.csv"), ("cameras", "c.csv"), ("places", "p.geojson")):
        assert say("export", what, file).returncode == 0
        outcome = json.loads(say("import", what, file, "--json").stdout)["outcome"]
        assert outcome["unchanged"] >= 3, outcome["changes"][:9]
        assert (outcome["added"], outcome["changed"], outcome["absent"]) == (0, 0, 0), outcome


async def test_unknown_is_not_down_at_the_command_line(say: Say, conn: asyncpg.Connection) -> None:
    await seed(conn, datetime.now(UTC) - timedelta(hours=2))  # nobody looked since
    await conn.execute(
        "UPDATE coverage_now SET effective = 0, upper = designed WHERE designed > 0.5"
    )
    told = say("status", "--offline").stdout
    assert "cameras are unknown: nobody looked lately" in told
    assert "No camera is offline" not in told
    assert "0.00–70.00 %" in say("coverage", "--place", "S1").stdout


@pytest.mark.usefixtures("seeded")
def test_the_ledger_of_an_area_sums_to_the_wall_clock(say: Say) -> None:
    area = json.loads(say("status", "--json").stdout)["by_area"][0]
    begin = datetime.now(UTC) - timedelta(days=2)
    end = begin + timedelta(days=1)
    done = say(
        *("ledger", "--area", area["area_code"], "--json"),
        *("--from", begin.isoformat(), "--to", end.isoformat()),
    )
    found = json.loads(done.stdout)
    columns = ("up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service")
    assert sum(found[each] for each in columns) == pytest.approx(86400 * area["cameras"])


async def test_probe_tells_each_step_of_a_living_camera(say: Say) -> None:
    async with Simulator([SimulatedCamera(host="127.40.0.1", http_port=0, rtsp_port=0)]) as city_:
        url = f"http://127.40.0.1:{city_.device('127.40.0.1').http_port}"
        done = await asyncio.to_thread(say, "probe", "--url", url, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["status"]) == (0, "ONLINE")
    assert [step["name"] for step in found["steps"] if step["ok"]][:5] == [
        *("resolve", "connect", "http", "soap", "clock")
    ]


async def test_probe_logs_in_when_told_to(say: Say, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("onvif-2026\n")
    async with Simulator([SimulatedCamera(host="127.40.0.2", http_port=0, rtsp_port=0)]) as city_:
        url = f"http://127.40.0.2:{city_.device('127.40.0.2').http_port}"
        login = ("--user", "admin", "--password-file", str(secret))
        done = await asyncio.to_thread(say, "probe", "--url", url, *login, "--json")
    assert json.loads(done.stdout)["device"]["manufacturer"] == "HIKVISION"


def test_probe_of_a_dead_camera_is_a_bad_answer(say: Say) -> None:
    done = say("probe", "--url", "http://127.40.0.3:9")
    assert done.returncode == 1
    assert "nothing listens" in done.stdout


def test_migrating_twice_says_that_all_is_done(say: Say) -> None:
    assert say("migrate").stdout.strip() == "The database is up to date."


def test_config_shows_no_secret(say: Say) -> None:
    done = say("config", CAMLEDGER_DATABASE_BI_PASSWORD="hush")
    assert "(set)" in done.stdout
    assert "hush" not in done.stdout


def test_doctor_finds_everything_in_order(say: Say) -> None:
    done = say("doctor", "--json", CAMLEDGER_WEB_PORT="18999")
    assert {row["what"]: row["ok"] for row in json.loads(done.stdout)}["database"]


def test_output_that_cannot_be_written_is_our_failure(say: Say) -> None:
    with Path("/dev/full").open("w") as full:
        done = say("config", stdout=full)
    assert done.returncode == 3
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough_is_no_failure(say: Say) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = say("config", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_harm_nothing(say: Say, closed: str) -> None:
    words = f"exec {sys.executable} -m monitor status {closed}"
    assert say(*words.split(), shell=True).returncode == 0


@pytest.mark.usefixtures("seeded")
def test_letters_that_the_terminal_lacks_are_written_otherwise(say: Say) -> None:
    assert say("coverage", PYTHONIOENCODING="ascii").returncode == 0
    done = say("coverage", "--json", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)


async def test_a_user_without_rights_is_told_so(say: Say, database: str) -> None:
    conn = await pool.connect(database)
    role = f"weak_{os.getpid()}"
    await conn.execute(f"CREATE ROLE {role} LOGIN")
    try:
        url = database.replace("postgres@", f"{role}@")
        for verb in ("status", "migrate"):
            done = await asyncio.to_thread(say, verb, CAMLEDGER_DATABASE_URL=url)
            assert done.returncode == 3
            assert "must own the database" in done.stderr
            assert "Traceback" not in done.stderr
        done = await asyncio.to_thread(say, "doctor", "--json", CAMLEDGER_DATABASE_URL=url)
        assert "permission denied" in done.stdout
    finally:
        await conn.execute(f"DROP ROLE {role}")
        await conn.close()


async def test_the_demo_stays_out_of_a_citys_inventory(database: str, tmp_path: Path) -> None:
    conn = await pool.connect(database)
    now = datetime.now(UTC)
    await taking.take_cameras(conn, [Camera(code="REAL-1", name="Real")], source="test", now=now)
    await conn.close()
    with pytest.raises(DemoFailure, match="the demo stays out"):
        await Stage(directory=tmp_path).load(database, now)


@pytest.mark.parametrize(("hard", "fine"), [(4096, True), (1024, False)])
def test_doctor_minds_only_a_limit_of_open_files_that_cannot_be_raised(
    say: Say, hard: int, fine: bool
) -> None:
    words = f"ulimit -Sn 1024; ulimit -Hn {hard}; exec {sys.executable} -m monitor doctor --json"
    done = say(*words.split(), shell=True)
    assert {row["what"]: row["ok"] for row in json.loads(done.stdout)}["open files"] is fine


def test_a_wrong_verb_is_a_mistake(say: Say) -> None:
    assert say("dance").returncode == 2
