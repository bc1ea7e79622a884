"""The public register: what is shown, editions that show every later change, folder and pages."""

import asyncio
import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from db import audit
from db.audit import Act
from db.editions import version_digest
from monitor import declaring
from monitor.entry import Declaration
from monitor.model import Camera, Intent
from monitor.register import edition, folder, witness
from monitor.register.edition import Issue
from monitor.register.folder import FolderRefused
from monitor.register.labels import COLUMNS
from monitor.register.pages import Book, Publisher
from monitor.register.witness import Witnesses
from tests import taking
from tests.running import ROOT
from tests.served import served
from tests.test_register import FIELDS, LI, WU

NOW = datetime.now(UTC)
HOSTILE = "<script>alert(1)</script> & =1+1 {{ 7 * 7 }}"
PUBLISHER = Publisher(
    name="Port & Co", licence="CC-BY-4.0", contact="port@x.example", attribution=""
)


async def estate(conn: asyncpg.Connection) -> None:
    """One of each: declared, shared, withheld, undeclared, hostile, without a position, retired."""
    known = [
        Camera(code="A1", name="Gate", lon=8.54321, lat=47.37654, direction="N", address="Quay 1"),
        Camera(code="A2", name="Shelter", lon=8.54321, lat=47.37654, direction="S", address="Q 2"),
        Camera(code="A3", name=HOSTILE, host="127.0.0.9"),
        Camera(code="a3", name="Case", lon=8.5, lat=47.3, sheet={"installed_at": "2024-05-31"}),
        Camera(code="x/../ü", name="Odd code"),
        Camera(code="Z", name="Gone", intent=Intent.RETIRED),
    ]
    await taking.take_cameras(conn, known, now=NOW)
    hidden = {"position_grid_m": 500.0, "position_reason": "near a shelter", "cost_year": 913.25}
    rows = [
        Declaration(
            camera="A1", entry="Q", values={**FIELDS, "cost_year": 7.0, "cost_public": True}
        ),
        Declaration(camera="A2", values={**FIELDS, **hidden}),
        Declaration(camera="a3", entry="Q", values={}),
    ]
    await declaring.declare(conn, rows, LI, NOW)
    await declaring.approve(conn, ["Q", "A2"], WU, NOW)


async def issued(conn: asyncpg.Connection, after_s: float = 1) -> Issue:
    return await edition.issue(conn, WU, NOW + timedelta(seconds=after_s), PUBLISHER)


async def written(conn: asyncpg.Connection, out: Path, after_s: float = 1) -> Issue:
    issue = await issued(conn, after_s)
    book = Book(edition=issue.edition, facts=issue.facts, before=issue.before, publisher=PUBLISHER)
    folder.write(book, out)
    return issue


class Page(HTMLParser):
    """Text, links, what is fetched, and whether elements nest."""

    VOID = frozenset(("meta", "link", "input", "br"))

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append(given["href"] or "")
        elif given.get("src") or given.get("href"):
            self.fetched.append(given.get("src") or given["href"] or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def html_files(out: Path) -> Iterator[tuple[Path, Page]]:
    for path in sorted(out.rglob("*.html")):
        yield path, Page(path.read_text("utf-8"))


# ---- what is public


async def test_nothing_of_the_network_and_no_name_of_a_person_is_public(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    await written(conn, tmp_path / "r")
    for path in (tmp_path / "r").rglob("*"):
        if path.is_file() and "assets" not in path.parts:
            text = path.read_text("utf-8")
            assert "127.0.0.9" not in text
            assert not {"Li", "Wu"} & set(text.replace(",", " ").replace('"', " ").split())


async def test_what_is_withheld_says_so_and_cannot_be_found_elsewhere(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    issue = await written(conn, tmp_path / "r")
    shown, hidden = issue.facts["A1"], issue.facts["A2"]
    assert (shown["lon"], shown["cost_year"], shown["withheld"]) == (8.54321, 7.0, {})
    assert hidden["withheld"]["position"] == "near a shelter"
    assert (hidden["address"], hidden["direction"], hidden["cost_year"]) == (None, None, None)
    assert abs(hidden["lat"] - 47.37654) * 111_320 <= 260
    page = Page((tmp_path / "r/camera/A2.html").read_text("utf-8")).text
    assert "on a grid of 500 m" in page
    assert "near a shelter" in page
    for text in (page, json.dumps(hidden)):
        assert "47.37654" not in text
        assert "913.25" not in text


async def test_who_guesses_names_and_costs_cannot_confirm_it_with_what_is_published(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    await audit.append(
        conn, [Act(who="Li", role="operator", action="camera.read", subject="A1")] * 2, NOW
    )
    salts = await conn.fetch("SELECT salt FROM entry_version UNION ALL SELECT salt FROM audit")
    assert len({row["salt"] for row in salts}) == len(salts) >= 6
    await written(conn, tmp_path / "r")
    for file in (each for each in (tmp_path / "r").rglob("*") if each.is_file()):
        body = file.read_bytes()
        assert not any(row["salt"].encode() in body for row in salts), file
    # the same words, stated again by the same persons at the same instant: another digest
    row = await conn.fetchrow("SELECT * FROM entry_version LIMIT 1")
    known = {**dict(row), "salt": ""}
    assert version_digest(known) != version_digest(row)


async def test_shared_entries_and_repeated_words_are_counted_on_the_page(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    issue = await written(conn, tmp_path / "r")
    assert (issue.facts["A1"]["shared_by"], issue.facts["A1"]["same_words"]) == (2, 3)
    page = Page((tmp_path / "r/camera/A1.html").read_text("utf-8")).text
    assert "This entry speaks for 2 cameras." in page
    assert "The same words justify 3 cameras in all." in page
    assert "Z" not in issue.facts


async def test_pages_are_whole_bilingual_safe_and_lead_somewhere(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    out = tmp_path / "r"
    await written(conn, out)
    found = dict(html_files(out))
    assert len(found) == 4 + 5
    for path, page in found.items():
        assert "摄像机公开登记" in page.text
        assert "2026" in page.text or "20" in page.text
        for address in [*page.links, *page.fetched]:
            if address.startswith("#"):
                continue
            target = address.partition("#")[0]
            assert "://" not in target
            assert (path.parent / target.replace("%2F", "/")).resolve().is_file(), (path, target)
        if path.parent.name == "camera":
            assert page.fetched == ["../assets/register.css"]
    hostile = found[out / "camera" / "A3.html"].text
    assert HOSTILE in hostile
    assert "Undeclared" in hostile
    # codes that differ by case alone, or that no file may be called, have pages of their own
    assert len({path.name.lower() for path in found if path.parent.name == "camera"}) == 5


async def test_open_data_says_the_same_in_each_form(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    issue = await written(conn, tmp_path / "r")
    data = tmp_path / "r/data"
    rows = list(csv.DictReader(io.StringIO((data / "cameras.csv").read_text("utf-8-sig"))))
    assert [row["camera"] for row in rows] == sorted(issue.facts)
    assert list(rows[0]) == [each.name for each in COLUMNS]
    assert rows[1]["withheld"].startswith("cost: the operator has not")
    assert not [v for row in rows for v in row.values() if v[:1] in ("=", "+", "@")]
    points = json.loads((data / "cameras.geojson").read_text("utf-8"))["features"]
    assert {each["id"] for each in points} == {"A1", "A2", "a3"}
    assert (tmp_path / "r" / points[0]["properties"]["page"]).is_file()
    korean = list(csv.DictReader(io.StringIO((data / "cameras-kr.csv").read_text("utf-8-sig"))))
    assert (korean[0]["관리번호"], korean[0]["보관일수"], korean[0]["설치목적구분"]) == (
        "A1",
        "2",
        "기타",
    )
    assert next(r["설치연월"] for r in korean if r["관리번호"] == "a3") == "202405"
    columns = json.loads((data / "dictionary.json").read_text("utf-8"))["columns"]
    assert [each["name"] for each in columns] == [each.name for each in COLUMNS]
    assert set(issue.facts["A1"]) == {each.name for each in COLUMNS}


# ---- editions and their checks


async def test_editions_are_chained_and_nothing_new_makes_no_new_one(
    conn: asyncpg.Connection,
) -> None:
    await estate(conn)
    first = await issued(conn, 1)
    again = await issued(conn, 2)
    assert (again.fresh, again.edition) == (False, first.edition)
    await declaring.withdraw(conn, ["A2"], LI, NOW + timedelta(seconds=3), reason="gone")
    second = await issued(conn, 4)
    assert (second.edition.number, second.fresh) == (2, True)
    assert second.edition.previous == first.edition.digest
    changed = await conn.fetch("SELECT camera_code FROM edition_camera WHERE edition = 2")
    # the one that was withdrawn, and those whose words it no longer shares
    assert sorted(row[0] for row in changed) == ["A1", "A2", "a3"]
    assert await edition.follow(conn) == []
    retired = Camera(code="A3", name=HOSTILE, intent=Intent.RETIRED)
    await taking.take_cameras(conn, [retired], now=NOW + timedelta(seconds=4))
    third = await issued(conn, 5)
    assert "A3" not in third.facts
    assert await edition.follow(conn) == []


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE entry_version SET purpose = 'x' WHERE approved_at IS NOT NULL", "entry Q is not"),
        ("UPDATE entry_version SET approved_by = 'Zhao'", "not what edition 1 rested on"),
        ('UPDATE edition_camera SET facts = facts || \'{"name": "x"}\'', "was changed"),
        ("DELETE FROM edition_camera WHERE camera_code = 'A1'", "not those it was made of"),
        ("UPDATE edition SET made_at = made_at + interval '1 s'", "Edition 1 was changed"),
        ("UPDATE audit SET who = 'Zhao' WHERE seq = 1", "Row 1 of the audit trail"),
        ("TRUNCATE audit", "is gone"),
    ],
)
async def test_one_row_changed_behind_the_programs_back_is_found(
    conn: asyncpg.Connection, statement: str, says: str
) -> None:
    await estate(conn)
    await issued(conn)
    assert await edition.follow(conn) == []
    with pytest.raises(asyncpg.RestrictViolationError):
        await conn.execute(statement)
    for table in ("entry_version", "edition_camera", "edition", "audit"):
        await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await conn.execute(statement)
    assert says in " ".join(await edition.follow(conn))


async def test_an_approval_after_an_edition_is_no_forgery(conn: asyncpg.Connection) -> None:
    await estate(conn)
    await declaring.declare(conn, [Declaration(camera="A3", values=FIELDS)], LI, NOW)
    await issued(conn, 1)
    await declaring.approve(conn, ["A3"], WU, NOW + timedelta(seconds=2))
    assert await edition.follow(conn) == []
    await issued(conn, 3)
    assert await edition.follow(conn) == []


def _swap(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


async def test_a_folder_that_was_tampered_with_says_where(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    good = tmp_path / "good"
    issue = await written(conn, good)
    digest = issue.edition.digest.hex()
    assert folder.check(good) == []
    assert folder.check(good, witnessed=digest) == []
    assert "in no edition" in " ".join(folder.check(good, witnessed="00" * 32))
    trials: list[tuple[str, Any]] = [
        ("camera/A1.html does not follow", lambda p: _swap(p / "camera/A1.html", "Gate", "Door")),
        ("facts are not those", lambda p: _swap(p / "data/facts.jsonl", "Gate", "Door")),
        ("camera/A1.html is missing", lambda p: (p / "camera/A1.html").unlink()),
        ("extra.html belongs to no register", lambda p: (p / "extra.html").write_text("x")),
        ("facts are not those", lambda p: _swap(p / "data/publisher.json", "port@", "spam@")),
        ("Edition 1 does not fit", lambda p: _swap(p / "data/editions.json", ": 5,", ": 6,")),
    ]  # fmt: skip
    for number, (says, tamper) in enumerate(trials):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(good, copy)
        tamper(copy)
        assert says in " ".join(folder.check(copy)), says


async def test_a_folder_that_is_no_register_is_left_alone(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.txt").write_text("mine")
    with pytest.raises(FolderRefused, match="nothing was touched"):
        await written(conn, tmp_path / "photos")
    assert (tmp_path / "photos/a.txt").read_text() == "mine"
    with pytest.raises(FolderRefused, match="cannot be read as a register"):
        folder.check(tmp_path / "photos")
    (tmp_path / "file").touch()
    with pytest.raises((FolderRefused, NotADirectoryError)):
        await written(conn, tmp_path / "file", 2)


async def test_writing_again_replaces_the_folder_and_leaves_nothing_else(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    await written(conn, tmp_path / "r")
    (tmp_path / "r.new").mkdir()  # left by a run that was killed
    await declaring.withdraw(conn, ["A1"], LI, NOW + timedelta(seconds=2), reason="gone")
    await written(conn, tmp_path / "r", 3)
    assert os.listdir(tmp_path) == ["r"]
    assert folder.check(tmp_path / "r") == []


# ---- witnesses


async def test_witnesses_get_the_digest_and_those_that_do_not_are_told(
    conn: asyncpg.Connection,
) -> None:
    await estate(conn)
    made = (await issued(conn)).edition
    got: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=500 if request.path == "/bad" else 204)

    mails: list[str] = []

    async def smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode().upper():
            if line.startswith("DATA"):
                writer.write(b"354 go\r\n")
                mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"221 bye\r\n" if line.startswith("QUIT") else b"250 ok\r\n")
            if line.startswith("QUIT"):
                break
        writer.close()

    app = web.Application()
    app.router.add_post("/{any}", take)
    server = await asyncio.start_server(smtp, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with TestServer(app) as hook, server:
        base = f"http://127.0.0.1:{hook.port}"
        whom = Witnesses(
            urls=(f"{base}/good?token=hush", f"{base}/bad", "http://127.0.0.1:1/", "nonsense"),
            mails=("auditor@x.example",),
            smtp=f"127.0.0.1:{port}",
        )
        sent = await witness.tell(made, "Port", whom)
    assert [each.taken for each in sent] == [True, False, False, False, True]
    assert len(witness.lost(sent)) == 3
    assert "hush" not in "".join(each.witness for each in sent)
    assert got[0]["digest"] == made.digest.hex()
    mail = message_from_string(mails[0])
    assert made.digest.hex() in str(mail["Subject"])


# ---- command line and server


def say(dsn: str, folder: Path, *words: str, **given: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "monitor", "register", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CAMLEDGER_DATABASE_URL": dsn, **given},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_person_publishes_and_anybody_checks_it_without_a_database(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    done = say(database, tmp_path, "publish", "public", "--by", "Wu", "--as", "oversight")
    assert done.returncode == 0, done.stderr
    assert "Edition 1: 5 cameras, 3 declared" in done.stdout
    digest = done.stdout.split("Digest ")[1].split()[0]
    done = say("postgresql://127.0.0.1:1/none", tmp_path, "verify", "public", "--witnessed", digest)
    assert (done.returncode, "every file follows" in done.stdout) == (0, True), done.stderr
    assert say(database, tmp_path, "verify").returncode == 0
    await conn.execute("ALTER TABLE entry_version DISABLE TRIGGER USER")
    await conn.execute("UPDATE entry_version SET need = 'none' WHERE approved_at IS NOT NULL")
    done = say(database, tmp_path, "verify")
    assert (done.returncode, "not what edition 1 rested on" in done.stderr) == (1, True)
    given = {"CAMLEDGER_DECLARATION_WITNESS_URLS": "http://127.0.0.1:1/"}
    done = say(database, tmp_path, "publish", "p2", **given)
    assert (done.returncode, "DID NOT TAKE IT" in done.stdout) == (1, True)


async def test_the_server_shows_the_same_and_a_changed_entry_at_once(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await estate(conn)
    async with served(database, publisher=PUBLISHER) as (client, _):

        async def text(path: str) -> str:
            answer = await client.get(path)
            assert answer.status == 200, path
            return await answer.text()

        assert "UNPUBLISHED" in await text("/register/camera/A1.html")
        issue = await written(conn, tmp_path / "r")
        page = await text("/register/camera/A1.html")
        assert page == (tmp_path / "r/camera/A1.html").read_text("utf-8")
        for path in ("", "list-1.html", "map.html", "dictionary.html", "data/cameras.csv"):
            file = tmp_path / "r" / (path or "index.html")
            assert (await text(f"/register/{path}")).encode() == file.read_bytes(), path
        book = Book(edition=issue.edition, facts=issue.facts, before=(), publisher=PUBLISHER)
        for path, _ in folder.texts(book):
            assert (await client.get(f"/register/{path}")).status == 200, path
        await declaring.withdraw(conn, ["A1"], LI, NOW + timedelta(seconds=2), reason="gone")
        assert "Withdrawn" in await text("/register/camera/A1.html")
        assert (await client.get("/register/camera/none.html")).status == 404
        assert (await client.get("/register/../etc/passwd")).status == 404
        assert await conn.fetchval("SELECT count(*) FROM audit WHERE role = 'web'") == 0
