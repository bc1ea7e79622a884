"""The database is brought to the code's version, once, and never by a program that does not fit."""

import asyncpg
import pytest

from db import migrate, pool
from monitor.model import REASONS, CameraKind, Cause, Health, Intent, PlaceKind

# name, and the first digits of its digest: a new migration adds a line, no line ever changes
RELEASED = """
0001_inventory.sql e3ef2481b4ec8d3b
0002_health.sql 93035ebcdbdc99ce
0003_figures.sql 2559dfd44f653932
0004_views.sql 07baa94c6e5fba51
0005_names.sql 8adf16f3b25ad66d
0006_opaque.sql 80ec5826c49d9ac0
0007_requirement.sql 2d96549d4b63056e
0008_figures.sql f1c8615fcc57d8fd
0009_register.sql 8c41562e7341ade6
0010_undeclared.sql a54f5399bb32128f
0011_audit.sql bab63db52e812c7d
0012_edition.sql 90e11d9094aacd4c
0013_groups.sql a5f1ce0024a7dc55
0014_by_undeclared.sql c0c9b701ab98db41
0015_change_sets.sql db182857dfb244e0
0016_place_defect.sql 512e4c651c415bc7
0017_protected.sql bdb9ad908d16ba72
0018_outages_and_faults.sql 79b4156a744bc036
0019_platforms.sql 71934a69fda96e5f
0020_retention.sql 6b2174c9949a1978
"""


async def test_migrating_twice_changes_nothing(conn: asyncpg.Connection) -> None:
    assert await migrate.migrate(conn) == []


async def test_a_migrated_database_passes_the_check(conn: asyncpg.Connection) -> None:
    await migrate.check(conn)


async def test_it_refuses_a_database_newer_than_the_program(conn: asyncpg.Connection) -> None:
    await conn.execute("INSERT INTO migration VALUES (9999, '9999_future.sql', 'x')")
    with pytest.raises(migrate.SchemaMismatch, match="newer than this program"):
        await migrate.check(conn)


async def test_it_refuses_a_migration_whose_text_has_changed(conn: asyncpg.Connection) -> None:
    await conn.execute("UPDATE migration SET checksum = 'other' WHERE number = 1")
    with pytest.raises(migrate.SchemaMismatch, match="another text"):
        await migrate.migrate(conn)


async def test_it_says_what_to_run_when_migrations_are_pending(conn: asyncpg.Connection) -> None:
    await conn.execute("DELETE FROM migration WHERE number = 4")
    with pytest.raises(migrate.SchemaMismatch, match="camledger migrate"):
        await migrate.check(conn)


def test_a_migration_that_was_released_never_changes() -> None:
    released = dict(line.split() for line in RELEASED.strip().splitlines())
    assert {each.name: each.checksum[:16] for each in migrate.migrations()} == released


async def old_database(dsn: str) -> asyncpg.Connection:
    """As version 0.1 left it: other names, and one area."""
    conn = await pool.connect(dsn)
    await conn.execute(
        """
        CREATE SCHEMA sharp_eyes;
        SET search_path = sharp_eyes, public;
        CREATE TABLE migration (number integer PRIMARY KEY, name text NOT NULL,
          checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
        """
    )
    for each in migrate.migrations()[:4]:
        await conn.execute(each.sql)
        await conn.execute(
            "INSERT INTO migration VALUES ($1, $2, $3)", each.number, each.name, each.checksum
        )
    await conn.execute(
        """
        INSERT INTO area (code, name) VALUES ('A', 'Old town');
        INSERT INTO camera (code, name, intent, created_at, updated_at)
          SELECT code, 'Gate', 'in_service', now(), now() FROM unnest(ARRAY['C1', 'C2']) code;
        INSERT INTO camera_change (camera_id, at, source, change)
          SELECT id, '2026-02-01Z'::timestamptz, 'list.csv', '{"name": ["Door", "Gate"]}'::jsonb
            FROM camera
          UNION ALL SELECT min(id), '2026-01-01Z', '', '{"pole": [null, "P1"]}' FROM camera
        """
    )
    await conn.close()
    return await pool.connect(dsn)


async def test_data_of_version_0_1_is_carried_over_under_its_new_names(
    empty_database: str,
) -> None:
    conn = await old_database(empty_database)
    assert "0005_names.sql" in await migrate.migrate(conn)
    assert await conn.fetchval("SELECT name FROM area") == "Old town"
    sets = await conn.fetch("SELECT number, source, changed FROM change_set ORDER BY number")
    assert [tuple(row) for row in sets] == [(1, "—", 1), (2, "list.csv", 2)]
    kept = await conn.fetch("SELECT key, before, after FROM change WHERE number = 2 ORDER BY key")
    assert [tuple(row) for row in kept] == [
        (code, {"name": "Door"}, {"name": "Gate"}) for code in ("C1", "C2")
    ]
    await conn.close()
    reader = await pool.connect(empty_database.replace("postgres@", "camledger_bi@"))
    assert await reader.fetchval("SELECT area FROM bi.area") == "Old town"
    await reader.close()


@pytest.mark.parametrize(
    ("name", "enum"),
    [
        ("intent", Intent),
        ("health", Health),
        ("cause", Cause),
        ("camera_kind", CameraKind),
        ("place_kind", PlaceKind),
    ],
)
async def test_each_enum_equals_its_twin_in_the_database(
    conn: asyncpg.Connection, name: str, enum: type
) -> None:
    labels = await conn.fetchval(f"SELECT enum_range(NULL::{name})::text[]")
    assert labels == [member.value for member in enum]


async def test_every_reason_is_explained_in_the_database(conn: asyncpg.Connection) -> None:
    codes = await conn.fetch("SELECT code FROM reason")
    assert {row["code"] for row in codes} == {reason.value for reason in REASONS}


async def test_every_index_says_which_query_needs_it() -> None:
    for migration in migrate.migrations():
        lines = migration.sql.splitlines()
        for number, line in enumerate(lines):
            if "INDEX" in line and line.startswith("CREATE"):
                assert lines[number - 1].startswith("--"), line


async def test_the_read_only_role_reads_views_and_nothing_else(database: str) -> None:
    reader = await pool.connect(database.replace("postgres@", "camledger_bi@"))
    try:
        assert await reader.fetch("SELECT * FROM bi.camera_now") == []
        for statement in (
            "SELECT * FROM camledger.camera",
            "SELECT * FROM camledger.camera_state",
            "CREATE TABLE public.mine (a int)",
        ):
            with pytest.raises(asyncpg.PostgresError):
                await reader.execute(statement)
    finally:
        await reader.close()


async def test_no_column_is_about_people_or_pictures(conn: asyncpg.Connection) -> None:
    columns = await conn.fetch(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema IN ('bi', 'camledger')"
    )
    forbidden = ("person", "face", "ethnic", "religio", "gender", "plate", "picture", "snapshot")
    names = {row["column_name"] for row in columns}
    assert [name for name in names if any(word in name for word in forbidden)] == []
