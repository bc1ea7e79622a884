"""The simulator as a program: start, commands, scripts, bad input, and that it ends in time."""

import ast
import asyncio
import dataclasses
import json
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.simulator.control import obey
from collectors.simulator.files import load_cameras, read_cameras
from collectors.simulator.fleet import Simulator
from collectors.simulator.simulated import (
    Auth,
    Codec,
    Profile,
    Refusal,
    SimulatedCamera,
    SimulatorError,
)

ROOT = Path(__file__).resolve().parents[1]
HOSTS = ("127.34.0.5", "127.34.0.6")


@pytest.fixture
def cameras_file(tmp_path: Path) -> Path:
    rows = [{"host": host, "http_port": 0, "rtsp_port": 0} for host in HOSTS]
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


@asynccontextmanager
async def program(*arguments: str, limit: str = ":"):
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f'{limit}; exec "$@"',
        "sh",
        sys.executable,
        "-m",
        "collectors.simulator",
        *arguments,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line_of(process) -> str:
    async with asyncio.timeout(20):
        return (await process.stdout.readline()).decode().strip()


async def tell(process, command: str) -> str:
    process.stdin.write(command.encode() + b"\n")
    return await line_of(process)


async def ended(process) -> int:
    async with asyncio.timeout(1):
        return await process.wait()


async def test_a_camera_is_broken_and_repaired_from_stdin(cameras_file):
    async with program("--cameras", str(cameras_file), "--while-stdin") as process:
        assert await line_of(process) == "ready 2 cameras"
        port = int((await tell(process, f"where {HOSTS[0]}")).split()[2])
        assert await tell(process, f"fault {HOSTS[0]} refuse") == "ok 1 cameras: refuse"
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOSTS[0], port)
        assert await tell(process, "recover all") == "ok 2 cameras: recovered"
        _, writer = await asyncio.open_connection(HOSTS[0], port)
        writer.close()
        await writer.wait_closed()
        process.stdin.close()
        assert await ended(process) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_within_a_second_when_told(cameras_file, number):
    async with program("--cameras", str(cameras_file)) as process:
        assert await line_of(process) == "ready 2 cameras"
        process.send_signal(number)
        assert await ended(process) == 0


async def test_a_script_and_a_control_port(cameras_file, tmp_path):
    script = tmp_path / "script.toml"
    script.write_text(
        '[[steps]]\nat_s = 0\ncameras = "every:2"\nfault = "black_hole"\n', encoding="utf-8"
    )
    arguments = ["--cameras", str(cameras_file), "--script", str(script), "--control", "0"]
    async with program(*arguments, "--while-stdin") as process:
        port = int((await line_of(process)).rpartition(":")[2])
        assert await line_of(process) == "ready 2 cameras"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"faults\n")
        assert await reader.readline() == f"{HOSTS[0]} black_hole\n".encode()
        assert await reader.readline() == b"ok 1 of 2 broken\n"
        # An open control connection must not keep the program alive.
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0
        writer.close()
        await writer.wait_closed()


async def complaint(*arguments: str, limit: str = ":") -> str:
    async with program(*arguments, limit=limit) as process:
        async with asyncio.timeout(20):
            _, said = await process.communicate()
        assert process.returncode == 2
    return said.decode()


async def test_bad_files_and_taken_ports_are_told_in_one_line(cameras_file, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('[{"host": "127.34.0.5"}, {"host": "10.0.0.1"}]', encoding="utf-8")
    taken = tmp_path / "taken.json"
    script = tmp_path / "script.json"
    script.write_text(
        '{"steps": [{"at_s": 0, "cameras": "127.1.1.1", "fault": "refuse"}]}', "utf-8"
    )
    async with Simulator([SimulatedCamera(host=HOSTS[0], http_port=0)]) as simulator:
        port = simulator.device(HOSTS[0]).http_port
        taken.write_text(json.dumps([{"host": HOSTS[0], "http_port": port}]), encoding="utf-8")
        said = await asyncio.gather(
            complaint("--cameras", str(bad)),
            complaint("--cameras", str(taken)),
            complaint("--cameras", str(cameras_file), "--script", str(script)),
        )
    assert said == [
        f"simulator: {bad}: entry 2: host 10.0.0.1 is outside 127.0.0.0/8\n",
        f"simulator: {HOSTS[0]}:{port} is taken by another program\n",
        f"simulator: {script}: step 1: '127.1.1.1' means none of the 2 cameras\n",
    ]


async def test_it_raises_its_file_limit_as_far_as_it_may(cameras_file):
    async with program("--cameras", str(cameras_file), limit="ulimit -Sn 100") as process:
        assert await line_of(process) == "ready 2 cameras"


async def test_it_says_when_it_may_not_open_enough_files(cameras_file):
    said = await complaint("--cameras", str(cameras_file), limit="ulimit -n 200")
    assert said.startswith("simulator: 260 open files are needed and the hard limit is 200; ")


async def test_commands():
    cameras = [SimulatedCamera(host=host, http_port=0, rtsp_port=None) for host in HOSTS]
    async with Simulator(cameras) as simulator:
        assert await obey(simulator, "  ") == ""
        assert await obey(simulator, "fault every:2 slow 2.5\n") == "ok 1 cameras: slow 2.5"
        assert (await obey(simulator, "faults")).startswith(f"{HOSTS[0]} slow 2.5\n")
        assert json.loads(await obey(simulator, f"asked {HOSTS[1]}"))["harm"] == 0
        assert (await obey(simulator, f"where {HOSTS[1]}")).endswith("rtsp -")
        assert "refuse" in await obey(simulator, "kinds")
        assert (await obey(simulator, "help")).startswith("commands:")


@pytest.mark.parametrize(
    "command", ["fly", "fault", "fault all", "fault 127.1.1.1 refuse", "fault all melt", "asked x"]
)
async def test_a_wrong_command_changes_nothing(command):
    cameras = [SimulatedCamera(host=HOSTS[0], http_port=0, rtsp_port=0)]
    async with Simulator(cameras) as simulator:
        assert (await obey(simulator, command)).startswith("error: ")
        assert simulator.faults() == {}


texts = st.text(max_size=20)
profiles = st.builds(Profile, token=texts, codec=st.sampled_from(Codec), width=st.integers(1, 9999))
simulated = st.builds(
    SimulatedCamera,
    host=st.ip_addresses(v=4, network="127.0.0.0/8").map(str),
    http_port=st.integers(0, 1000),
    rtsp_port=st.none() | st.integers(1001, 65535),
    model=texts,
    auth=st.sampled_from(Auth),
    refusal=st.sampled_from(Refusal),
    clock_offset_s=st.floats(-1e6, 1e6),
    profiles=st.lists(profiles, min_size=1, max_size=3).map(tuple),
)


@given(st.lists(simulated, min_size=1, max_size=4, unique_by=lambda one: one.host))
def test_cameras_survive_json(cameras):
    written = json.dumps({"cameras": [dataclasses.asdict(one) for one in cameras]})
    assert read_cameras(json.loads(written)) == tuple(cameras)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (7, "entry 1: expected an object, got int"),
        ({}, "entry 1: host is missing"),
        ({"host": "127.1.1.1", "colour": 1}, "entry 1: unknown field colour"),
        ({"host": "127.1.1.1", "http_port": "80"}, "entry 1: http_port must be int, got '80'"),
        ({"host": "127.1.1.1", "http_port": True}, "entry 1: http_port must be int, got True"),
        ({"host": "127.1.1.1", "http_port": 70000}, "entry 1: http_port 70000 is not between"),
        ({"host": "127.1.1.1", "http_port": 554}, "entry 1: http_port and rtsp_port are both 554"),
        ({"host": "127.1.1.1", "auth": "maybe"}, "entry 1: auth 'maybe' is not one of none"),
        ({"host": "127.1.1.1", "auth": []}, r"entry 1: auth \[\] is not one of none"),
        ({"host": "127.1.1.1", "clock_offset_s": float("nan")}, "entry 1: clock_offset_s nan"),
        ({"host": "127.1.1.1", "token_window_s": -1}, "entry 1: token_window_s -1"),
        ({"host": "127.1.1.1", "profiles": []}, "entry 1: profiles is empty"),
        ({"host": "127.1.1.1", "profiles": [{"size": 1}]}, "entry 1: unknown field size"),
        ({"host": "127.1.1.1", "model": None}, "entry 1: model must be str"),
    ],
)
def test_a_bad_entry_is_named(row, message):
    with pytest.raises(SimulatorError, match=message):
        read_cameras([row])


def test_a_host_given_twice_names_both_entries():
    rows = [{"host": "127.1.1.1"}, {"host": "127.1.1.2"}, {"host": "127.1.1.1"}]
    with pytest.raises(
        SimulatorError, match=r"entry 3: host 127\.1\.1\.1 appears twice \(entry 1\)"
    ):
        read_cameras(rows)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[", "line 1 column 2"),
        (b"[]", "expected a list"),
        (b"\xff", "not UTF-8"),
        (None, "No such"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, message):
    path = tmp_path / "cameras.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SimulatorError, match=message) as caught:
        load_cameras(path)
    assert str(caught.value).startswith(str(path))


def test_it_imports_nothing_of_the_product():
    imported = set()
    for path in (ROOT / "collectors" / "simulator").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module)
            elif isinstance(node, ast.Import):
                imported.update(name.name for name in node.names)
    ours = {name for name in imported if name.split(".")[0] in ("monitor", "db", "collectors")}
    assert ours
    assert all(name.startswith("collectors.simulator") for name in ours)


async def test_five_thousand_cameras_start_quickly():
    cameras = [
        SimulatedCamera(host=f"127.35.{n // 250}.{n % 250 + 1}", http_port=0, rtsp_port=0)
        for n in range(5000)
    ]
    async with asyncio.timeout(6), Simulator(cameras) as simulator:
        host = simulator.hosts[-1]
        _, writer = await asyncio.open_connection(host, simulator.device(host).http_port)
        writer.close()
        await writer.wait_closed()
