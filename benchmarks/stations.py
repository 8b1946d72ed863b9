"""Where the milliseconds of a first word go: what the ledger and the folder say of when each step was done."""

from __future__ import annotations

from pathlib import Path

import asyncpg


class Stations:
    """Reads of one incident when its rows were written, when they were leased, and when the page's stamp was there."""

    def __init__(self, watch: asyncpg.Connection, page: Path) -> None:
        self._watch = watch
        self._page = page

    async def message(self, incident: str, said_at: float, there_at: float) -> dict[str, float]:
        """Return the milliseconds of each step of the on-call people's webhook."""
        written, leased = await self._in_ledger(incident, "webhook")
        steps = {"rows": written - said_at, "lease": leased - written, "provider": there_at - leased}
        return {f"message: {step}": seconds * 1e3 for step, seconds in steps.items()}

    async def page(self, incident: str, said_at: float, seen_at: float) -> dict[str, float]:
        """Return the milliseconds of each step of the page."""
        stamped = (self._page / "stamp.json").stat().st_mtime
        written, leased = await self._in_ledger(incident, "status_page")
        steps = {"row": written - said_at, "lease": leased - written, "file": stamped - leased}
        return {f"page: {step}": seconds * 1e3 for step, seconds in [*steps.items(), ("seen", seen_at - stamped)]}

    async def _in_ledger(self, incident: str, channel: str) -> tuple[float, float]:
        row = await self._watch.fetchrow(
            """SELECT min(d.since) AS written, min(a.started_at) AS leased
            FROM incident i JOIN incident_update u ON u.incident_id = i.id JOIN delivery d ON d.update_id = u.id
            JOIN bucket b ON b.id = d.bucket_id AND b.channel = $2
            JOIN attempt a ON a.channel = $2 AND u.id = ANY(a.updates)
            WHERE i.public_id = $1 AND d.state NOT IN ('skipped', 'suppressed')""",
            incident,
            channel,
        )
        assert row is not None
        return row["written"], row["leased"]
