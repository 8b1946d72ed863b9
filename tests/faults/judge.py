"""The judge of a fault: what the mail server took, against what the ledger says, with nothing in between."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lost` were accepted by the ledger and never seen by the server; `unlabelled` were seen twice without a label."""

    owed: int
    seen: int
    lost: list[str]
    twice: int
    unlabelled: list[str]
    most: int
    labelled: int
    different_ids: list[str]
    unfinished: int


def taken(home: Path, update: str) -> int:
    """Return how many messages that tell an update the mail server has taken so far."""
    with closing(outbox_of(home)) as outbox:
        told = outbox.execute("SELECT count(*) FROM message WHERE message_id LIKE ?", (f"{update}.%",))
        count: int = told.fetchone()[0]
        return count


def judge(home: Path, update: str) -> Verdict:
    """Compare the server's own record of one update with the ledger."""
    with closing(outbox_of(home)) as outbox:
        told = outbox.execute("SELECT recipient, message_id FROM message WHERE message_id LIKE ?", (f"{update}.%",))
        seen = told.fetchall()
    ledger = asyncio.run(_ask(home, _LEDGER, update))
    copies = Counter(recipient for recipient, _ in seen)
    ids: dict[str, set[str]] = {}
    for recipient, message_id in seen:
        ids.setdefault(recipient, set()).add(message_id)
    labelled = {row["address"] for row in ledger if row["unknowns"] > 0}
    owed = [row["address"] for row in ledger if row["state"] in {"accepted", "delivered", "bounced"}]
    return Verdict(
        owed=len(owed),
        seen=len(seen),
        lost=[address for address in owed if address not in copies],
        twice=sum(count > 1 for count in copies.values()),
        unlabelled=[address for address, count in copies.items() if count > 1 and address not in labelled],
        most=max(copies.values(), default=0),
        labelled=len(labelled),
        different_ids=[address for address, found in ids.items() if len(found) > 1],
        unfinished=sum(row["state"] in {"pending", "held", "unknown"} for row in ledger),
    )


def ask(home: Path, statement: str) -> list[Mapping[str, Any]]:
    """Ask the home's database."""
    return asyncio.run(_ask(home, statement))


_LEDGER = """
    SELECT e.address, d.state::text, d.reason, d.unknowns FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
    WHERE e.channel = 'email' AND d.update_id = (SELECT id FROM incident_update WHERE public_id = $1)
"""


async def _ask(home: Path, statement: str, *values: object) -> list[Mapping[str, Any]]:
    connection = await asyncpg.connect((home / "database.url").read_text().strip())
    try:
        return [dict(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


def outbox_of(home: Path) -> sqlite3.Connection:
    """Return what the practice providers took, to be read."""
    return sqlite3.connect(f"file:{home / 'practice' / 'outbox.sqlite'}?mode=ro", uri=True)
