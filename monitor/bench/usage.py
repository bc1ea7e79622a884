"""CPU time and memory of processes, from /proc (Linux)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """CPU seconds (user and system) since a process began, and its own share of memory in MB."""

    cpu_s: float
    memory_mb: float

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(cpu_s=self.cpu_s + other.cpu_s, memory_mb=self.memory_mb + other.memory_mb)


def of_process(pid: int) -> Usage:
    """One process; its dead children are counted, shared pages are divided among their users."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(int(fields[index]) for index in (11, 12, 13, 14))
    memory_kb = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            memory_kb = int(line.split()[1])
    return Usage(cpu_s=ticks * _TICK_S, memory_mb=memory_kb / 1024)


def of_tree(pid: int) -> Usage:
    """A process with all living descendants."""
    total = of_process(pid)
    for child in children(pid):
        total = total + of_tree(child)
    return total


def children(pid: int) -> Iterator[int]:
    """Direct children now."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def enterable(name: str) -> Path:
    """The folder, passable for the user the database runs as."""
    directory = Path(name)
    directory.chmod(directory.stat().st_mode | 0o011)
    return directory
