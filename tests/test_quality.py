"""Style, types and layers are tests, so that there is one answer to "is it good"."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
        ["-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"],
    ],
    ids=["ruff", "format", "mypy", "layers"],
)
@pytest.mark.timeout(300)
def test_the_tree_passes(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


# Words of one programme that the product must not carry: its name (but for where it came from), the
# assessment of units, lists of trades, codes of police sheets.
PROGRAMME = re.compile(
    r"雪亮|考核|重点部位|重点区域|公安|派出所|排名|[Ss]harp[ _-]?[Ee]yes|SHARP_EYES"
    r"|point_class|area_type|police_unit"
)
TOLD = {  # where the origin is said, data of today carried over, or other people's files read
    "CHANGELOG.md",
    "README.md",
    "README.zh-CN.md",
    "db/embedded.py",
    "db/migrate.py",
    "docs/worklog.md",
    "monitor/settings.py",
    "pyproject.toml",
}


def texts() -> list[str]:
    """The program's own texts, as paths from the root."""
    ends = {".py", ".sql", ".js", ".html", ".css", ".json", ".toml", ".yaml", ".yml", ".md", ".sh"}
    tops = ("monitor", "collectors", "db", "dashboards", "docker", "docs")
    inner = [path for top in tops for path in (ROOT / top).rglob("*")]
    return [
        str(path.relative_to(ROOT))
        for path in (*ROOT.glob("*"), *inner)
        if path.is_file() and path.suffix in ends
    ]


def test_nothing_of_one_programme_is_built_in() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in texts()
        if path not in TOLD and not path.startswith(("tests/", "db/migrations/"))
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1)
        if PROGRAMME.search(line)
    ]
    assert found == []


def test_the_readmes_say_once_where_it_came_from() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text("utf-8")
        assert len(re.findall("雪亮", text)) == 1
        assert "考核" not in text
