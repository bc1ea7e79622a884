"""Commands by which a person or the demo breaks cameras of a running simulator: from stdin or a
loopback port.
"""

import asyncio
import contextlib
import json
import os
import threading

from collectors.simulator.breakage import FAULT_CARDS, read_fault
from collectors.simulator.fleet import Simulator
from collectors.simulator.script import select
from collectors.simulator.simulated import SimulatorError

HELP = (
    "commands: fault CAMERAS FAULT [VALUE] [http|rtsp] | recover CAMERAS | faults | asked HOST |"
    " where HOST | kinds | help   (CAMERAS: host, network, every:N[+M], all)"
)
_LINE_LIMIT = 4096


async def obey(simulator: Simulator, line: str) -> str:
    """Carry out one command and give the answer to show; a wrong command gives `error: …` and
    changes nothing.
    """
    words = line.split()
    try:
        match words:
            case []:
                return ""
            case ["fault", cameras, *what]:
                fault = read_fault(what)
                hosts = select(cameras, simulator.hosts)
                for host in sorted(hosts):
                    await simulator.set_fault(host, fault)
                return f"ok {len(hosts)} cameras: {fault}"
            case ["recover", cameras]:
                hosts = select(cameras, simulator.hosts)
                for host in sorted(hosts):
                    await simulator.set_fault(host, None)
                return f"ok {len(hosts)} cameras: recovered"
            case ["faults"]:
                broken = simulator.faults()
                lines = [f"{host} {fault}" for host, fault in broken.items()]
                return "\n".join([*lines, f"ok {len(broken)} of {len(simulator.hosts)} broken"])
            case ["asked", host]:
                return json.dumps(simulator.asked(host).as_dict(), sort_keys=True)
            case ["where", host]:
                device = simulator.device(host)
                rtsp = "-" if device.rtsp_port is None else device.rtsp_port
                return f"{host} http {device.http_port} rtsp {rtsp}"
            case ["kinds"]:
                return "\n".join(f"{kind:20} {card.shows}" for kind, card in FAULT_CARDS.items())
            case ["help"]:
                return HELP
            case _:
                return f"error: {line.strip()!r} is no command; {HELP}"
    except SimulatorError as error:
        return f"error: {error}"


async def serve(simulator: Simulator, port: int) -> asyncio.Server:
    """Listen for command lines on 127.0.0.1; port 0 lets the system choose."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                said = await obey(simulator, line.decode("utf-8", "replace"))
                writer.write(said.encode() + b"\n")
                await writer.drain()
        writer.close()

    try:
        return await asyncio.start_server(converse, "127.0.0.1", port, limit=_LINE_LIMIT)
    except OSError as error:
        raise SimulatorError(f"control port {port}: {error.strerror}") from error


def stdin_lines() -> "asyncio.Queue[str | None]":
    """Lines typed on stdin, then None at its end. Needs a running loop.

    A thread reads, because stdin may be a terminal, a pipe, a file or /dev/null and epoll takes
    only some of them.
    """
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def put(line: str | None) -> None:
        # The loop may be closed already while this thread still waits for a person to type.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(lines.put_nowait, line)

    def read() -> None:
        rest = b""
        with contextlib.suppress(OSError):
            # os.read takes no lock, so a thread left waiting here cannot hold up the end of the
            # program.
            while piece := os.read(0, _LINE_LIMIT):
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    put(line.decode("utf-8", "replace"))
        if rest:
            put(rest.decode("utf-8", "replace"))
        put(None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    return lines


def may_read_stdin() -> bool:
    """False in the background of a terminal, where reading would stop the whole program
    (SIGTTIN).
    """
    try:
        return not os.isatty(0) or os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
