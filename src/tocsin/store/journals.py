"""What workers say of their journals, which only they can read, and how many answers were ever read from those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.store.engine import Connection


class Kept(NamedTuple):
    """Whether a worker's journal could be written, and how many bytes its files hold."""

    worker: str
    is_kept: bool
    bytes: int


async def tell(connection: Connection, worker: str, bytes_: int, *, is_kept: bool) -> None:
    """Say how a worker's journal is now."""
    await connection.execute(
        """
        INSERT INTO journal (worker, is_kept, bytes, told_at) VALUES ($1, $2, $3, tocsin_now())
        ON CONFLICT (worker) DO UPDATE SET is_kept = $2, bytes = $3, told_at = tocsin_now()
        """,
        worker,
        is_kept,
        bytes_,
    )


async def count(connection: Connection, channel: str, answers: int) -> None:
    """Count answers that a dead worker had written down and nobody else knew."""
    if answers:
        await connection.execute(
            """
            INSERT INTO journal_answers AS j (channel, n) VALUES ($1, $2)
            ON CONFLICT (channel) DO UPDATE SET n = j.n + excluded.n
            """,
            channel,
            answers,
        )


async def kept(connection: AsyncConnection, seconds: float) -> Sequence[Kept]:
    """Return how journals are, as told within the last `seconds`: a worker that is gone tells nothing."""
    rows = await connection.execute(
        text("""
            SELECT worker, is_kept, bytes FROM journal WHERE told_at > tocsin_now() - make_interval(secs => :seconds)
            ORDER BY worker
        """),
        {"seconds": seconds},
    )
    return [Kept(*row) for row in rows]


async def answers(connection: AsyncConnection) -> dict[str, int]:
    """Return how many answers were ever recovered, by channel."""
    rows = await connection.execute(text("SELECT channel, n FROM journal_answers ORDER BY 1"))
    return {row.channel: row.n for row in rows}
