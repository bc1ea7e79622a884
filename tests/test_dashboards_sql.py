"""Every statement of every board, run as the read-only role on a real database."""

import re
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from dashboards import publish
from db import pool
from monitor.register import edition
from monitor.register.pages import Publisher
from tests.declared import declare_all
from tests.grafana import expand, panels, questions, sql_of
from tests.seed import seed
from tests.test_register import LI

BOARDS = {board["uid"]: board for board in publish.draw().values()}
CAMERA = "61000100001320000005"
HOSTILE = "x' OR '1'='1"
CHOICES = {
    "all": {"area": None, "kind": None, "camera": CAMERA},
    "one": {"area": ["610001"], "kind": ["street"], "camera": CAMERA},
    "several": {"area": ["610001", HOSTILE], "kind": ["street", HOSTILE], "camera": HOSTILE},
    "single": {"area": "610002", "kind": "school", "camera": "nobody"},
    "none": {"area": [], "kind": [], "camera": ""},
}
# types that Grafana shows as numbers, time, text or truth; all others become text by accident
SHOWN = {"int4", "int8", "float4", "float8", "numeric", "timestamptz", "text", "bool"}


def as_reader(database: str) -> str:
    return database.replace("postgres@", "camledger_bi@", 1)


async def ask(reader: asyncpg.Connection, question, board, choice, now):
    sql = expand(question.sql, board, choice, now - timedelta(days=30), now)
    statement = await reader.prepare(sql)
    return statement.get_attributes(), await statement.fetch()


def check_shape(question, attributes, rows):
    kinds = {each.name: each.type.name for each in attributes}
    assert len(kinds) == len(attributes), "two columns of one name"
    assert set(kinds.values()) <= SHOWN, f"{question.where}: {kinds}"
    if question.series:
        assert kinds["time"] == "timestamptz"
        assert [name for name, kind in kinds.items() if kind == "timestamptz"] == ["time"]
        assert {name for name, kind in kinds.items() if kind == "text"} <= {"metric"}
        assert "metric" not in kinds or len(kinds) == 3
        times = [row["time"] for row in rows]
        assert times == sorted(times)


def check_columns(question, attributes):
    panel, names = question.panel, {each.name for each in attributes}
    titled = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]}
    assert titled <= names, f"{question.where}: {titled - names}"
    if panel["type"] in ("table", "stat"):
        assert names == titled, f"{question.where}: no title for {names - titled}"
    linked = set(re.findall(r"\$\{__data\.fields\.(\w+)\}", str(panel["fieldConfig"])))
    assert linked <= names
    if panel["type"] == "geomap":
        [markers] = [each for each in panel["options"]["layers"] if each["type"] == "markers"]
        place, style = markers["location"], markers["config"]["style"]
        assert {place["latitude"], place["longitude"], style["color"]["field"]} <= names


@pytest.mark.parametrize("uid", BOARDS)
async def test_every_statement_runs_as_the_reader_with_every_choice(conn, database, uid):
    now = datetime.now(UTC)
    await seed(conn, now)
    reader = await asyncpg.connect(as_reader(database))
    for question in questions(BOARDS[uid]):
        for choice in CHOICES.values():
            attributes, rows = await ask(reader, question, BOARDS[uid], choice, now)
            check_shape(question, attributes, rows)
        if question.panel is not None:
            check_columns(question, attributes)
        elif question.where.startswith("$"):
            assert [each.name for each in attributes] == ["__text", "__value"]
        else:
            assert [each.name for each in attributes] == ["time", "text", "tags"]
    await reader.close(timeout=5)


@pytest.mark.parametrize("uid", BOARDS)
async def test_every_statement_runs_on_an_empty_database(database, uid):
    now = datetime.now(UTC)
    reader = await asyncpg.connect(as_reader(database))
    for question in questions(BOARDS[uid]):
        _, rows = await ask(reader, question, BOARDS[uid], CHOICES["all"], now)
        # no figure is invented: rates are null, so that the panel shows —
        for row in rows:
            assert all(row[name] is None for name in row.keys() if name.endswith("rate"))  # noqa: SIM118
    await reader.close(timeout=5)


async def registered(conn: asyncpg.Connection, now: datetime) -> None:
    """A camera with an overdue review, one undeclared, one taken away, and an edition."""
    add = (
        "INSERT INTO camera (code, name, intent, created_at, updated_at) "
        "VALUES ($1, $1, 'in_service', $2, $2)"
    )
    await conn.execute(add, "V1", now)
    await declare_all(conn, review_due=now.date() - timedelta(days=3))
    await conn.executemany(add, [("V2", now), ("V3", now)])
    await conn.execute("UPDATE camera SET intent = 'retired' WHERE code = 'V3'")
    await conn.execute(
        "INSERT INTO intent_change SELECT id, $1, 'retired' FROM camera WHERE code = 'V3'",
        now - timedelta(seconds=1),
    )
    said = Publisher(name="Port", licence="CC-BY-4.0", contact="port@x.example", attribution="")
    await edition.issue(conn, LI, now, said)


@pytest.mark.parametrize("uid", BOARDS)
async def test_every_panel_shows_something_of_the_seeded_city(conn, uid):
    now = datetime.now(UTC)
    await seed(conn, now)
    await registered(conn, now)
    for question in questions(BOARDS[uid]):
        if question.panel is not None:
            _, rows = await ask(conn, question, BOARDS[uid], CHOICES["all"], now)
            assert rows, question.where


async def test_choosing_nothing_shows_no_camera(conn):
    now = datetime.now(UTC)
    await seed(conn, now)
    board = BOARDS["camledger-technicians"]
    for choice, expected in (("none", 0), ("all", 2)):
        sql = expand(sql_of(board, "Offline now, oldest first"), board, CHOICES[choice], now, now)
        assert (len(await conn.fetch(sql)) > 0) == bool(expected)


async def test_a_quote_in_a_value_does_not_widen_the_answer(conn):
    now = datetime.now(UTC)
    await seed(conn, now)
    board = BOARDS["camledger-camera"]
    sql = expand(sql_of(board, "State"), board, CHOICES["several"], now, now)
    assert await conn.fetch(sql) == []


async def test_the_reader_sees_no_base_table_and_cannot_write(conn, database):
    await seed(conn, datetime.now(UTC))
    reader = await asyncpg.connect(as_reader(database))
    schema = await conn.fetchval(
        "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'camera'::regclass"
    )
    for statement in (f"SELECT host FROM {schema}.camera", "DELETE FROM bi.report"):
        with pytest.raises(
            (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
        ):
            await reader.execute(statement)
    await reader.close(timeout=5)


async def test_variable_texts_are_unique(conn):
    now = datetime.now(UTC)
    await seed(conn, now)
    for board in BOARDS.values():
        for question in questions(board):
            if question.panel is None and "__text" in question.sql:
                _, rows = await ask(conn, question, board, CHOICES["all"], now)
                assert len({row["__text"] for row in rows}) == len(rows) > 0


async def test_each_board_answers_soon_on_a_large_network(database):
    now = datetime.now(UTC)
    admin = await pool.connect(database)
    await enlarge(admin, cameras=5_000, days=30)
    reader = await asyncpg.connect(as_reader(database))
    slow = {}
    for board in BOARDS.values():
        for question in questions(board):
            begin = datetime.now(UTC)
            _, rows = await ask(reader, question, board, CHOICES["all"], now)
            took_s = (datetime.now(UTC) - begin).total_seconds()
            if took_s > 5 or len(rows) > 50_000:
                slow[question.where] = (took_s, len(rows))
    assert not slow
    await reader.close(timeout=5)
    await admin.close(timeout=5)


async def enlarge(conn: asyncpg.Connection, *, cameras: int, days: int) -> None:
    await conn.execute("INSERT INTO area (code, name) VALUES ('1', 'City')")
    await conn.execute(
        """
        INSERT INTO camera (code, name, area_code, intent, host, lon, lat, created_at, updated_at)
        SELECT lpad(n::text, 20, '0'), 'Camera ' || n, '1', 'in_service', 'camera-' || n,
          109.9 + n / 1e6, 33.8, now() - interval '60 days', now()
        FROM generate_series(1, $1) n
        """,
        cameras,
    )
    await conn.execute(
        """
        INSERT INTO camera_state (camera_id, health, since, health_reason, last_at, last_reason,
          changed_at)
        SELECT id, CASE WHEN id % 10 = 0 THEN 'down' ELSE 'up' END::health, now() - interval '2 h',
          'refused', now(), 'refused', now()
        FROM camera
        """
    )
    await conn.execute(
        """
        INSERT INTO ledger_day (camera_id, day, starts_at, ends_at, up_s, down_s, unreachable_s,
          planned_s, exempt_s, unobserved_s, out_of_service_s)
        SELECT id, current_date - d, (current_date - d)::timestamptz,
          (current_date - d)::timestamptz + interval '24 h', 86000, 400, 0, 0, 0, 0, 0
        FROM camera, generate_series(1, $1) d
        """,
        days,
    )
    await conn.execute(
        """
        INSERT INTO observation_failed (camera_id, at, reason, took_ms)
        SELECT id, now() - make_interval(mins => m), 'refused', 3 FROM camera,
          generate_series(1, 120) m WHERE id % 10 = 0
        """
    )
    await conn.execute("ANALYZE")


def test_the_expansion_refuses_what_grafana_refuses():
    board = BOARDS["camledger-camera"]
    now = datetime.now(UTC)
    with pytest.raises(AssertionError):
        expand("SELECT $__unknown(x)", board, CHOICES["one"], now, now)
    assert list(panels(board))
