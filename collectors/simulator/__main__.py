"""`python -m collectors.simulator`: be many cameras until told to stop. Parsing and wiring only."""

import argparse
import asyncio
import signal
import sys
import time
import tomllib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from collectors.simulator.control import may_read_stdin, obey, serve, stdin_lines
from collectors.simulator.files import load_cameras, load_json
from collectors.simulator.fleet import Simulator
from collectors.simulator.platform_service import Platform, load_platform, serve_platform
from collectors.simulator.playing import play
from collectors.simulator.script import Script, read_script, timetable
from collectors.simulator.simulated import SimulatorError


def main(argv: list[str] | None = None) -> int:
    """0: ended when told to. 2: bad input, a port taken, too few file descriptors; one line on
    stderr says which.
    """
    arguments = _arguments().parse_args(argv)
    code = 0
    try:
        simulator = Simulator(load_cameras(arguments.cameras))
        script = _load_script(arguments.script, simulator.hosts) if arguments.script else None
        platform = load_platform(arguments.platform) if arguments.platform else None
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(
                _run(
                    simulator,
                    script,
                    arguments.control,
                    platform,
                    while_stdin=arguments.while_stdin,
                )
            )
    except* SimulatorError as problems:
        print(f"simulator: {_first(problems)}", file=sys.stderr)
        code = 2
    return code


def _first(problems: BaseExceptionGroup[SimulatorError]) -> BaseException:
    """The mistake itself, out of the groups that task groups wrap around it."""
    inner = problems.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m collectors.simulator", description=__doc__)
    parser.add_argument("--cameras", type=Path, required=True, help="JSON list of cameras")
    parser.add_argument("--script", type=Path, help="JSON or TOML script of faults")
    parser.add_argument("--platform", type=Path, help="JSON of a video platform beside them")
    parser.add_argument("--control", type=int, metavar="PORT", help="commands on 127.0.0.1:PORT")
    parser.add_argument(
        "--while-stdin", action="store_true", help="end when stdin closes, as when the parent dies"
    )
    return parser


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import Loop
    except ImportError:
        return None
    return Loop


def _load_script(path: Path, hosts: tuple[str, ...]) -> Script:
    """The script in a file, checked against the cameras. SimulatorError names file and step."""
    try:
        if path.suffix == ".toml":
            document: object = tomllib.loads(path.read_text(encoding="utf-8"))
        else:
            document = load_json(path)
        script = read_script(document)
        timetable(script, hosts)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SimulatorError(f"{path}: {error}") from error
    except SimulatorError as error:
        text = str(error)
        raise SimulatorError(text if text.startswith(str(path)) else f"{path}: {text}") from error
    return script


async def _run(
    simulator: Simulator,
    script: Script | None,
    port: int | None,
    platform: Platform | None,
    *,
    while_stdin: bool,
) -> None:
    stop = asyncio.Event()
    began = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    beside = (
        serve_platform(platform, lambda: time.monotonic() - began) if platform else nullcontext()
    )
    async with simulator, beside, asyncio.TaskGroup() as group:
        helpers = []
        server = None if port is None else await serve(simulator, port)
        if server is not None:
            print(f"control 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        print(f"ready {len(simulator.hosts)} cameras", flush=True)
        if while_stdin or may_read_stdin():
            ended = stop.set if while_stdin else None
            helpers.append(group.create_task(_follow_stdin(simulator, ended)))
        if script is not None:
            helpers.append(group.create_task(play(script, simulator)))
        await stop.wait()
        if server is not None:
            server.close()
        for helper in helpers:
            helper.cancel()


async def _follow_stdin(simulator: Simulator, ended: Callable[[], None] | None) -> None:
    lines = stdin_lines()
    while (line := await lines.get()) is not None:
        print(await obey(simulator, line), flush=True)
    if ended is not None:
        ended()


if __name__ == "__main__":
    sys.exit(main())
