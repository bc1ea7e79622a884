"""One story from end to end: files come in, cameras are asked, one dies, everybody learns it."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from collectors.simulator.breakage import read_fault
from collectors.simulator.fleet import Simulator
from collectors.simulator.simulated import SimulatedCamera
from db import pool
from tests.grafana import expand, sql_of
from tests.running import QUICK, ROOT, program, until

pytestmark = pytest.mark.timeout(120)
BOARDS = ROOT / "dashboards" / "json"

# A street of 300 m; two cameras look along it from its ends, 100 m each.
STREET = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": "Long street", "class": "residential", "area_code": "E"},
            "geometry": {"type": "LineString", "coordinates": [[8.5, 47.37], [8.504, 47.37]]},
        }
    ],
}
CAMERAS = """code,name,area_code,host,port,longitude,latitude,direction,camera_type,range_m
W1,West end,E,127.60.0.1,{west},8.5,47.37,90,3,100
E1,East end,E,127.60.0.2,{east},8.504,47.37,270,3,100
"""
REGISTER = """camera,entry,site,purpose,need,ground,body,contact,sign,sign_seen_on,retention_days
W1,E-1,Long street,Flood level,A gauge misled,Decision 4,Office,o@x.example,Sign,2026-11-02,2
E1,E-1,Long street,Flood level,A gauge misled,Decision 4,Office,o@x.example,Sign,2026-11-02,2
"""


async def say(dsn: str, folder: Path, *words: str) -> str:
    """`camledger WORDS`; its output."""

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "monitor", *words],
            cwd=folder,
            env={
                **os.environ,
                **QUICK,
                "PYTHONPATH": str(ROOT),
                "CAMLEDGER_DATABASE_URL": dsn,
                "CAMLEDGER_CITY_TIMEZONE": "UTC",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    done = await asyncio.to_thread(run)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


async def covered(dsn: str, folder: Path) -> dict[str, object]:
    return json.loads(await say(dsn, folder, "coverage", "--place", "Long street", "--json"))[0]


async def panel(dsn: str, board: str, title: str) -> list[asyncpg.Record]:
    """What Grafana's role gets for a panel."""
    drawn = json.loads((BOARDS / board).read_text())
    now = datetime.now(UTC)
    values = {each["name"]: None for each in drawn["templating"]["list"]}
    sql = expand(sql_of(drawn, title), drawn, values, now - timedelta(days=1), now)
    reader = await pool.connect(dsn.replace("postgres@", "camledger_bi@"))
    try:
        return await reader.fetch(sql)
    finally:
        await reader.close()


async def test_a_dead_camera_is_found_explained_counted_and_reported(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    devices = [SimulatedCamera(host=f"127.60.0.{n}", http_port=0, rtsp_port=None) for n in (1, 2)]
    async with Simulator(devices) as simulator:
        west, east = (simulator.device(each.host).http_port for each in devices)
        (tmp_path / "streets.geojson").write_text(json.dumps(STREET))
        (tmp_path / "cameras.csv").write_text(CAMERAS.format(west=west, east=east))
        await say(database, tmp_path, "migrate")
        await say(database, tmp_path, "import", "places", "streets.geojson", "--make-areas")
        await say(database, tmp_path, "import", "cameras", "cameras.csv")

        (tmp_path / "register.csv").write_text(REGISTER)
        await say(database, tmp_path, "import", "register", "register.csv", "--by", "Li")
        assert (await covered(database, tmp_path))["designed"] is None  # not approved yet
        approve = ["register", "approve", "E-1", "--by", "Wu", "--as", "oversight"]
        assert await say(database, tmp_path, *approve) == "Approved: E-1\n"

        async with program(database, CAMLEDGER_CITY_TIMEZONE="UTC") as monitor:
            await monitor.ready()

            async def online() -> bool:
                return (await monitor.ask("/api/v1/status"))["online"] == 2

            await until(online)
            assert (await covered(database, tmp_path))["designed"] == pytest.approx(0.66, abs=0.01)

            await simulator.set_fault("127.60.0.1", read_fault(["reset"]))

            async def offline() -> list[dict[str, object]]:
                return await monitor.ask("/api/v1/offline")

            (dead,) = await until(offline)
            assert (dead["camera_code"], dead["reason"]) == ("W1", "reset")

            async def dark() -> bool:
                return bool((await covered(database, tmp_path))["effective"] < 0.34)

            await until(dark)
            (row,) = await panel(
                database, "technicians/camledger-technicians.json", "Offline now, oldest first"
            )
            assert "W1" in str(dict(row))

            await simulator.set_fault("127.60.0.1", None)
            await until(online)
            await monitor.stop()

        ledger = json.loads(
            await say(
                *(database, tmp_path, "ledger", "--camera", "W1", "--json"),
                *("--from", (datetime.now(UTC) - timedelta(days=1)).isoformat()),
            )
        )
        assert (ledger["outages"], ledger["down"] > 0, ledger["up"] > 0) == (1, True, True)

        today = datetime.now(UTC).date().isoformat()
        written = await say(database, tmp_path, "report", "daily", "--date", today, "--out", "out")
        page, *tables = map(Path, written.split())
        assert "West end" in (tmp_path / page).read_text("utf-8")
        (cameras,) = (each for each in tables if each.name.endswith("cameras.csv"))
        rows = list(csv.DictReader((tmp_path / cameras).read_text("utf-8-sig").splitlines()))
        assert [row for row in rows if "W1" in row.values()]
        assert simulator.asked("127.60.0.1").harm == 0
