"""What every test may use: a real PostgreSQL (one cluster a run, a clone per test) and a clock."""

import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from db import embedded, migrate, pool

_TEMPLATE = "camledger_template"
_ENV = "CAMLEDGER_TEST_POSTGRES"  # "socket directory" of the cluster of this run


def pytest_configure(config: pytest.Config) -> None:
    """Start one cluster in the controlling process; workers find it by the environment."""
    if hasattr(config, "workerinput") or os.environ.get(_ENV):
        return
    directory = Path(tempfile.mkdtemp(prefix="se-test-"))
    directory.chmod(0o711)
    server = embedded.start(directory, durable=False)
    os.environ[_ENV] = str(server.sockets)

    def stop() -> None:
        del os.environ[_ENV]
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)

    config.add_cleanup(stop)


def dsn(database: str, user: str = "postgres") -> str:
    """Address of a database of this run's cluster."""
    return f"postgresql://{user}@/{database}?host={os.environ[_ENV]}&port=5432"


@pytest.fixture(scope="session")
def template() -> str:
    """A migrated database to clone; one per worker, made once."""
    import asyncio

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{_TEMPLATE}_{worker}"

    async def make() -> None:
        admin = await pool.connect(dsn("postgres"))
        # roles and catalogues belong to the whole server: one worker at a time
        await admin.execute("SELECT pg_advisory_lock(1)")
        await admin.execute(f'CREATE DATABASE "{name}"')
        conn = await pool.connect(dsn(name))
        await migrate.migrate(conn)
        await conn.close()
        await admin.close()

    asyncio.run(make())
    return name


@pytest.fixture
async def database(template: str) -> AsyncIterator[str]:
    """Address of a fresh migrated database of this test alone."""
    name = f"test_{uuid.uuid4().hex}"
    admin = await pool.connect(dsn("postgres"))
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    yield dsn(name)
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
async def empty_database() -> AsyncIterator[str]:
    """Address of a database with nothing in it."""
    name = f"test_{uuid.uuid4().hex}"
    admin = await pool.connect(dsn("postgres"))
    await admin.execute(f'CREATE DATABASE "{name}"')
    yield dsn(name)
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
async def conn(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a fresh migrated database."""
    connection = await pool.connect(database)
    yield connection
    await connection.close(timeout=5)
