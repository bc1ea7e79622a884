"""The documents say what the code does: complete, fresh, equal in both languages, and runnable."""

import contextlib
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboards import publish
from monitor import health
from monitor.model import REASONS, Health, Observation, Reason
from monitor.settings import options
from monitor.web import api
from monitor.web.geo import LAYERS
from tests import documents
from tests.documents import DOCUMENTS, ROOT

README = DOCUMENTS["en"].read_text(encoding="utf-8")
CHINESE = DOCUMENTS["zh"].read_text(encoding="utf-8")
MANUALS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
FOLDER_READMES = [path for path in MANUALS if path.name == "README.md" and path.parent != ROOT]
LONG_RUNNING = {"run", "demo", "bench"}
ASKS_THE_NETWORK = {"probe"}  # the example addresses are of no real host
_MADE = {".venv", ".git", ".hypothesis", ".pytest_cache", "__pycache__", "data", "reports"}
# What the README lets an operator look for, and where the program says it.
_QUOTED = {
    "No collector is alive": "monitor/web/ready.py",
    "The database does not answer.": "monitor/web/ready.py",
    "standby: another process records": "monitor/polling.py",
    "database away": "db/session.py",
}
_BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ROOTS = "monitor|collectors|db|dashboards|tests|docker|docs"
_PATH = re.compile(rf"`((?:(?:{_ROOTS})/|\.ci/)[\w./*<>{{}}-]*)`")


def blocks(text: str) -> list[tuple[str, str]]:
    """(info string, content) of the fenced blocks."""
    return [(match["info"].strip(), match["body"]) for match in _BLOCK.finditer(text)]


def prose(text: str) -> str:
    """Without fenced blocks."""
    return _BLOCK.sub("", text)


def headings(text: str) -> list[int]:
    """Levels in order."""
    return [len(match[1]) for match in re.finditer(r"^(#+) ", prose(text), re.MULTILINE)]


def anchors(text: str) -> set[str]:
    """The names by which headings are linked to."""
    titles = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def tables(text: str) -> list[tuple[int, int]]:
    """(rows, columns) of each table, in order."""
    found: list[tuple[int, int]] = []
    rows = 0
    for line in [*prose(text).splitlines(), ""]:
        if line.startswith("|"):
            rows += 1
            columns = len(re.findall(r"(?<!\\)\|", line)) - 1
        elif rows:
            found.append((rows, columns))
            rows = 0
    return found


def commands(text: str) -> Iterator[list[str]]:
    """Every `camledger …` line of the shell blocks, as words after the program."""
    for info, body in blocks(text):
        for line in body.splitlines() if info == "sh" else ():
            words = shlex.split(line)
            named = [word for word in words if "=" not in word.partition("/")[0]]
            if named[:1] == ["camledger"]:
                yield named[1:]


def verb(words: list[str]) -> str:
    """The verb of a command, or its only option."""
    return next((each for each in words if each in documents.subparsers()), words[-1])


def tracked() -> list[Path]:
    """Every file that belongs to the project; in an unpacked archive everything there is."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    with contextlib.suppress(FileNotFoundError):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return [ROOT / name for name in done.stdout.split("\0") if (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not _MADE & {*path.parts}]


@pytest.mark.parametrize("language", DOCUMENTS)
def test_generated_sections_are_fresh(language: str) -> None:
    text = DOCUMENTS[language].read_text(encoding="utf-8")
    assert documents.renewed(text, language) == text, "run: python -m tests.documents"


@pytest.mark.parametrize("language", DOCUMENTS)
def test_every_generated_section_is_in_the_readme_once(language: str) -> None:
    text = DOCUMENTS[language].read_text(encoding="utf-8")
    assert sorted(documents.sections_of(text)) == sorted(documents.SECTIONS)


@pytest.mark.parametrize("text", [README, CHINESE], ids=["en", "zh"])
def test_every_verb_setting_reason_and_address_is_documented(text: str) -> None:
    wanted = [
        *documents.subparsers(),
        *(f"{each.section}.{each.key}" for each in options()),
        *(each.variable for each in options()),
        *(reason.value for reason in Reason),
        *(endpoint.path for endpoint in api.ENDPOINTS),
        *LAYERS,
    ]
    missing = [each for each in wanted if f"`{each}`" not in text]
    assert not missing


def test_every_reason_has_its_meaning_and_next_step_in_the_readme() -> None:
    assert [card for card in REASONS.values() if card.meaning not in README] == []
    assert [card for card in REASONS.values() if card.advice not in README] == []


@pytest.mark.parametrize("text", [README, CHINESE], ids=["en", "zh"])
def test_words_to_look_for_are_those_the_program_says(text: str) -> None:
    for words, module in _QUOTED.items():
        assert f'"{words}"' in text
        assert words in (ROOT / module).read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [README, CHINESE], ids=["en", "zh"])
def test_metrics_to_look_at_exist(text: str) -> None:
    source = (ROOT / "monitor/metrics.py").read_text(encoding="utf-8")
    named = set(re.findall(r"`camledger_(\w+)`", text)) - {"bi"}
    assert named
    assert [each for each in named if each.removesuffix("_total") not in source] == []


def test_the_chinese_readme_has_the_same_headings() -> None:
    assert headings(CHINESE) == headings(README)


def test_the_chinese_readme_has_the_same_blocks() -> None:
    assert blocks(CHINESE) == blocks(README)


def test_the_chinese_readme_has_tables_of_the_same_size() -> None:
    assert tables(CHINESE) == tables(README)


def test_the_chinese_readme_links_to_the_same_files() -> None:
    def files(text: str) -> list[str]:
        # each links to the other, and to headings in its own language
        own = {path.name for path in DOCUMENTS.values()}
        return sorted(
            link for link in _LINK.findall(text) if link not in own and not link.startswith("#")
        )

    assert files(CHINESE) == files(README)


def test_the_chinese_readme_is_chinese() -> None:
    paragraphs = [each for each in prose(CHINESE).split("\n\n") if each.strip()]
    foreign = [
        each
        for each in paragraphs
        if not re.search(r"[\u4e00-\u9fff]", each) and not each.startswith("<!--")
    ]
    assert foreign == []


@pytest.mark.parametrize("path", MANUALS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in _LINK.findall(prose(text)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("path", MANUALS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist(path: Path) -> None:
    for name in _PATH.findall(prose(path.read_text(encoding="utf-8"))):
        if re.search(r"[<{]|NNNN", name):
            continue  # a pattern, not a file
        found = [*ROOT.glob(name)] if "*" in name else [ROOT / name]
        # names of packages that must not be made are allowed: they end in a slash
        assert any(each.exists() for each in found) or name in ("tests/db/", "tests/monitor/"), name


@pytest.mark.parametrize("path", FOLDER_READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_readme_of_a_folder_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("folder", ["monitor", "collectors", "db", "dashboards", "tests"])
def test_every_folder_has_a_readme(folder: str) -> None:
    assert (ROOT / folder / "README.md").exists()


def test_pictures_are_small() -> None:
    for picture in (ROOT / "docs").iterdir():
        assert picture.stat().st_size <= 400_000, picture


def test_commands_of_the_readme_are_understood() -> None:
    for words in commands(README):
        if words != ["--help"]:
            documents.parser().parse_args(words)


def test_every_verb_that_is_shown_is_one_of_ours() -> None:
    # in sentences, too: `camledger status --offline`
    for path in MANUALS:
        for each in re.findall(r"`camledger ([a-z]+)", path.read_text(encoding="utf-8")):
            assert each in documents.subparsers(), f"{path}: camledger {each}"


_PLAY = """
import json, sys
from monitor.cli import main
for argv in json.load(sys.stdin):
    code = main(argv)
    print(f"{code} {' '.join(argv)}", file=sys.stderr)
    if code:
        sys.exit(code)
"""


@pytest.fixture
def own_city(tmp_path: Path) -> Path:
    """A folder with the files that the README shows: their names stand behind the language."""
    for info, body in blocks(README):
        _, _, name = info.partition(" ")
        if name:
            (tmp_path / name).write_text(body, encoding="utf-8")
    return tmp_path


def play(folder: Path, argvs: list[list[str]], database: str) -> subprocess.CompletedProcess[str]:
    """Runs commands one after the other, in one process, until one is not good."""
    return subprocess.run(
        [sys.executable, "-c", _PLAY],
        input=json.dumps(argvs),
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "CAMLEDGER_DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(300)
def test_the_commands_of_the_readme_work_on_its_files(own_city: Path, database: str) -> None:
    left_out = LONG_RUNNING | ASKS_THE_NETWORK | {"--help", "push"}
    argvs = [
        words for words in commands(README) if verb(words) not in left_out and "push" not in words
    ]
    shown = {verb(words) for words in argvs}
    assert {"migrate", "import", "status", "coverage", "ledger", "report", "export"} <= shown
    done = play(own_city, [words for words in argvs if verb(words) != "doctor"], database)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (own_city / "all-cameras.csv").read_text("utf-8-sig").count("\n") == 3
    assert [*(own_city / "reports").glob("weekly-*.html")]


@pytest.mark.timeout(300)
def test_what_is_exported_is_imported_without_a_change(own_city: Path, database: str) -> None:
    config = ["--config", "my.toml"]
    done = play(
        own_city,
        [
            [*config, "import", "areas", "areas.csv"],
            [*config, "import", "cameras", "cameras.csv"],
            [*config, "export", "cameras", "again.csv"],
            [*config, "import", "cameras", "again.csv"],
            [*config, "import", "protected", "protected.geojson"],
            [*config, "import", "places", "places.geojson"],
            [*config, "import", "places", "places.geojson", "--dry-run"],
        ],
        database,
    )
    assert done.returncode == 0, done.stderr
    assert "Stored cameras: 0 new, 0 changed; 2 unchanged" in done.stdout
    assert "Would store places: 0 new, 0 changed; 2 unchanged" in done.stdout


def test_the_example_configuration_keeps_away_from_the_demo(own_city: Path) -> None:
    shown = tomllib.loads((own_city / "my.toml").read_text(encoding="utf-8"))
    default = next(each.default for each in options() if each.key == "data_dir")
    assert shown["database"]["data_dir"] != default


def _table_below(path: Path, head: str) -> list[list[str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(head))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


_EVIDENCE = {"good": Reason.OK, "bad": Reason.CONNECT_TIMEOUT}
_EVERY = timedelta(seconds=10)


def _reached(start: Health, seen: Reason) -> tuple[str, int, float] | None:
    """(health, observations in a row, seconds they span) of the first transition, if any comes."""
    policy = health.Policy()
    began = datetime(2026, 1, 1, tzinfo=UTC)
    since = None if start is Health.UNKNOWN else began
    state = health.State(camera_id=1, health=start, since=since)
    for number in range(100):
        at = began + number * _EVERY
        observation = Observation(camera_id=1, at=at, reason=seen, took=timedelta(0))
        step = health.step(state, observation, policy)
        if step.transition:
            assert step.transition.at == began
            return step.transition.to_health.value, number + 1, (at - began).total_seconds()
        state = step.state
    return None


def test_the_state_table_is_the_one_of_the_code() -> None:
    written = {
        (start, seen): (int(row), float(spans.removesuffix(" s")), to)
        for start, seen, row, spans, to in _table_below(
            ROOT / "monitor/README.md", "| from | seen |"
        )
    }
    for start in Health:
        for word, reason in _EVIDENCE.items():
            reached = _reached(start, reason)
            expected = written.pop((start.value, word), None)
            if reached is None:
                assert expected is None, (start, word)
                continue
            to, count, spanning_s = reached
            assert expected is not None, (start, word)
            assert to == expected[2]
            # both rules must hold: enough of them, and long enough
            assert count == max(expected[0], expected[1] / _EVERY.total_seconds() + 1)
            assert spanning_s >= expected[1]
    assert not written


def test_no_evidence_changes_no_health() -> None:
    silent = [reason for reason, card in REASONS.items() if card.says is None]
    assert all(_reached(start, reason) is None for start in Health for reason in silent)


def test_every_view_is_listed_in_the_readme_of_db() -> None:
    paths = sorted((ROOT / "db/migrations").glob("*.sql"))
    sql = "".join(path.read_text(encoding="utf-8") for path in paths)
    views: set[str] = set()
    for verb, names in re.findall(r"^(CREATE|DROP)(?: OR REPLACE)? VIEW (bi\.[\w., ]+)", sql, re.M):
        named = set(re.findall(r"bi\.(\w+)", names))
        views = views | named if verb == "CREATE" else views - named
    text = (ROOT / "db/README.md").read_text(encoding="utf-8")
    assert len(views) > 30
    assert sorted(each for each in views if f"`{each}`" not in text) == []


def test_the_versions_in_the_decisions_are_those_of_the_locks() -> None:
    locks = (ROOT / "requirements.lock").read_text() + (ROOT / "requirements-dev.lock").read_text()
    rows = _table_below(ROOT / "DECISIONS.md", "| package | version |")
    named = {row[0].removesuffix(" (extra)"): row[1].split()[0] for row in rows}
    for name, version in named.items():
        assert re.search(rf"^{name}==v?{re.escape(version)}\b", locks, re.MULTILINE), name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for some in project["optional-dependencies"].values() for each in some]
    direct = {re.split(r"[<>=; ]", each)[0] for each in [*project["dependencies"], *extras]}
    assert direct == {*named}


def test_the_decisions_are_numbered() -> None:
    text = (ROOT / "DECISIONS.md").read_text(encoding="utf-8")
    numbers = [int(each) for each in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]
    assert numbers == [*range(1, len(numbers) + 1)]


def test_the_changelog_has_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", _changelog(), re.M)


def test_the_changelog_names_every_verb() -> None:
    assert [name for name in documents.subparsers() if f"`{name}`" not in _changelog()] == []


def _changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_board_is_in_the_readme_of_the_dashboards() -> None:
    text = (ROOT / "dashboards/README.md").read_text(encoding="utf-8")
    boards = [path.stem for path in publish.JSON_DIR.rglob("*.json")]
    assert boards
    assert [each for each in boards if f"`{each}`" not in text] == []


def test_every_test_helper_is_in_the_readme_of_the_tests() -> None:
    text = (ROOT / "tests/README.md").read_text(encoding="utf-8")
    helpers = [
        path.name for path in (ROOT / "tests").glob("*.py") if not path.name.startswith("test_")
    ]
    assert [each for each in helpers if f"`{each}`" not in text] == []


# Taken apart, so that this file does not hold what it forbids.
_FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.])/(?:wo"
    r"rk|ro"
    r"ot|ho"
    r"me/\w+)/|\.\./sha"
    r"red/",
    "a temporary folder": r"/tm" r"p/(?:v|brief)\b",
    "a package index of somebody": r"(?<!no-emit-)index" r"-url[ =]|trusted" r"-host|PIP_IND" r"EX",
    "a private mirror": r"https?://[\w.-]*(?:artif" r"actory|nex" r"us|pypi-?prox" r"y)",
}


@pytest.mark.parametrize("what", _FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(_FORBIDDEN[what])
    found = []
    for path in tracked():
        with contextlib.suppress(UnicodeDecodeError):
            if match := pattern.search(path.read_text(encoding="utf-8")):
                found.append(f"{path.relative_to(ROOT)}: {match[0]}")
    assert found == []
