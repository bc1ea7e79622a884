"""The verb audit: who looked at or changed what; listed, exported, and its chain followed."""

import argparse
import asyncio
import csv
import io
import json
import sys
from typing import Any

from db import audit
from monitor import settings
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note
from monitor.inventory.grid import protect
from monitor.opening import connected

_COLUMNS = ("seq", "at", "who", "role", "action", "subject", "detail", "digest")


async def trail(arguments: argparse.Namespace) -> int:
    """List, export or verify; 1 when the chain is broken."""
    async with connected(settings.load(arguments.config)) as conn:
        if arguments.action == "verify":
            return _tell(await audit.verify(conn), arguments)
        if arguments.action == "export":
            await note(conn, arguments, "audit.export", str(arguments.file or "-"))
        limit = arguments.limit if arguments.action == "list" else None
        rows = [dict(row) for row in await audit.rows(conn, limit=limit)]
    if arguments.action == "export":
        await _export(rows, arguments)
    elif arguments.json:
        show.as_json(rows)
    else:
        shown = ("seq", "at", "who", "role", "action", "subject")
        show.table(shown, [[row[name] for name in shown] for row in rows])
    return 0


def _tell(verdict: audit.Verdict, arguments: argparse.Namespace) -> int:
    sound = verdict.broken is None
    answer = {"rows": verdict.rows, "last": verdict.last.hex(), "broken": verdict.broken}
    if arguments.json:
        show.as_json(answer)
    elif sound:
        print(f"{verdict.rows} rows, each fits the one before. Last digest: {verdict.last.hex()}")
    else:
        print(
            f"Row {verdict.broken} does not fit: it, or one before it, was changed or taken out "
            "behind the program's back. Compare with an earlier export.",
            file=sys.stderr,
        )
    return 0 if sound else 1


async def _export(rows: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    """CSV, the oldest first."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(_COLUMNS)
    for row in reversed(rows):
        plain = {
            **row,
            "at": row["at"].isoformat(),
            "detail": json.dumps(row["detail"], ensure_ascii=False, sort_keys=True),
        }
        writer.writerow([protect(str(plain[name])) for name in _COLUMNS])
    if arguments.file is None:
        sys.stdout.write(written.getvalue())
        return
    try:
        await asyncio.to_thread(
            arguments.file.write_text, written.getvalue(), encoding="utf-8", newline=""
        )
    except OSError as exc:
        raise UnknownName(f"{arguments.file} cannot be written ({exc.strerror})") from exc
    print(f"{arguments.file}: {len(rows)} rows")
