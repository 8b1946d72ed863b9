"""What providers said later, kept as it came, and what it makes of the ledger's rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import Receipt
from tocsin.domain.delivery import State
from tocsin.store import moving
from tocsin.store.fallbacks import TAKE_BACK

_KEEP = text("""
    INSERT INTO receipt (provider, update_id, endpoint_id, kind, code, note, event)
    VALUES (:provider, :message, :endpoint, :kind, :code, :note, :event)
    ON CONFLICT (provider, event) WHERE event <> '' DO NOTHING RETURNING id
""")
_ALIKE = text("""
    SELECT count(*) FROM receipt
    WHERE update_id = :message AND endpoint_id = :endpoint AND kind = :kind AND code = :code
""")
# A message is named by the newest update that it told; what else it told is among what its endpoint was told. The row
# of an answer that this receipt has overtaken does not carry the message's name yet. Where no attempt has named it
# since it became owed, a bounce is of what was tried before it is tried again, and does not end that.
_APPLY = text("""
    UPDATE delivery d SET state = CAST(:state AS delivery_state), due_at = NULL, receipt_at = tocsin_epoch(),
      done_at = coalesce(d.done_at, tocsin_epoch()), message = :message, note = :note,
      reason = CASE WHEN :state = 'bounced' THEN 'bounced_later' ELSE d.reason END
    FROM endpoint e JOIN pace p ON p.endpoint_id = e.id
    WHERE e.id = :endpoint AND d.bucket_id = e.bucket_id AND d.endpoint_id = e.id
      AND d.update_id = ANY(p.told || CAST(:message AS int)) AND (d.update_id = :message OR d.message = :message)
      AND d.state::text = ANY(:allowed)
      AND CASE WHEN :state = 'bounced' AND d.state IN ('pending', 'held') THEN EXISTS (
        SELECT FROM attempt a WHERE a.started_at >= d.since AND a.endpoints @> ARRAY[d.endpoint_id]) ELSE true END
    RETURNING d.update_id
""")
# The endpoint's rows lead to its receipts, which are indexed by update.
_SAID_BEFORE = text("""
    SELECT EXISTS (
      SELECT FROM endpoint e
      JOIN delivery d ON d.bucket_id = e.bucket_id AND d.endpoint_id = e.id
      JOIN receipt r ON r.update_id = d.update_id AND r.endpoint_id = e.id
      WHERE e.id = :endpoint AND r.update_id <> :message AND r.provider = :provider AND r.kind = 'bounced'
        AND r.code = :code AND r.received_at <= tocsin_now() - make_interval(secs => :apart)
        AND NOT EXISTS (
          SELECT FROM delivery l JOIN receipt well ON well.update_id = l.update_id AND well.endpoint_id = e.id
          WHERE l.bucket_id = e.bucket_id AND l.endpoint_id = e.id AND well.kind = 'delivered' AND well.id > r.id
        )
    )
""")
# Whoever has a fallback hears there at once, and nobody hears an older version after a newer one. A row that the answer
# has not reached yet would be taken for accepted by it. What bounced before was in a message of the same name or a
# newer one, since a message is named by the newest update that it told. What was taken before now does not count for
# the row any more, as where an operator tries it again.
_ONCE_MORE = text("""
    UPDATE delivery d SET state = 'held', reason = 'retrying', cleared = unknowns, done_at = NULL,
      since = tocsin_epoch(), due_at = tocsin_epoch() + :seconds
    FROM endpoint e, incident_update u
    WHERE e.id = :endpoint AND e.state = 'active' AND e.fallback_id IS NULL AND u.id = d.update_id
      AND d.bucket_id = e.bucket_id AND d.endpoint_id = e.id AND d.update_id = ANY(CAST(:updates AS int[]))
      AND d.provider IS NOT NULL
      AND NOT EXISTS (SELECT FROM incident_update n WHERE n.incident_id = u.incident_id AND n.version > u.version
        AND n.notify AND n.audiences & e.audiences <> 0)
      AND 1 = (
        SELECT count(*) FROM delivery l JOIN receipt r ON r.update_id = l.update_id AND r.endpoint_id = e.id
        WHERE l.bucket_id = e.bucket_id AND l.endpoint_id = e.id AND l.update_id >= d.update_id AND r.kind = 'bounced')
    RETURNING d.update_id, d.bucket_id
""")
_QUARANTINE = text("""
    UPDATE endpoint SET state = 'quarantined', state_reason = :note, updated_at = tocsin_now()
    WHERE id = :endpoint AND state = 'active'
""")
_TAKE_BACK = text(TAKE_BACK.format(endpoints="CAST(:endpoints AS int[])", updates="CAST(:updates AS int[])"))
_OWE = text("""
    INSERT INTO fallback_debt (endpoint_id, update_id, audience, since)
    SELECT d.endpoint_id, d.update_id, d.audience, d.since
    FROM endpoint e JOIN delivery d ON d.endpoint_id = e.id AND d.bucket_id = e.bucket_id
    WHERE e.id = :endpoint AND e.fallback_id IS NOT NULL AND d.update_id = ANY(CAST(:updates AS int[]))
    ON CONFLICT DO NOTHING
""")


async def keep(connection: AsyncConnection, provider: str, message: int, endpoint: int, receipt: Receipt) -> bool:
    """Keep a receipt, whatever comes of it; return False where this very report was kept before."""
    values = {"provider": provider, "message": message, "endpoint": endpoint, "event": receipt.event}
    kept = await connection.execute(_KEEP, values | {"kind": receipt.kind, "code": receipt.code, "note": receipt.note})
    return kept.first() is not None


async def is_news(connection: AsyncConnection, message: int, endpoint: int, receipt: Receipt) -> bool:
    """Tell whether a receipt that was just kept is the first of its kind and code about its message."""
    values = {"message": message, "endpoint": endpoint, "kind": receipt.kind, "code": receipt.code}
    alike: int | None = await connection.scalar(_ALIKE, values)
    return alike == 1


async def is_said_again(
    connection: AsyncConnection, provider: str, message: int, endpoint: int, receipt: Receipt, apart: float
) -> bool:
    """Tell whether it was said `apart` seconds ago of another message to this endpoint, and none arrived since."""
    values = {"provider": provider, "message": message, "endpoint": endpoint, "code": receipt.code, "apart": apart}
    return bool(await connection.scalar(_SAID_BEFORE, values))


async def apply(
    connection: AsyncConnection, state: State, allowed: Sequence[State], message: int, endpoint: int, note: str
) -> list[int]:
    """Move the rows that a message told up to `state`; return their updates, none where it was known already."""
    values = {"state": state, "allowed": list(allowed), "message": message, "endpoint": endpoint, "note": note}
    return list((await connection.execute(_APPLY, values)).scalars())


async def take_back(connection: AsyncConnection, endpoint: int, updates: Sequence[int]) -> None:
    """Forget that an endpoint was told what did not reach it, and owe that to its fallback."""
    await connection.execute(_TAKE_BACK, {"endpoints": [endpoint] * len(updates), "updates": list(updates)})
    await connection.execute(_OWE, {"endpoint": endpoint, "updates": list(updates)})


async def lock_bucket(connection: AsyncConnection, endpoint: int) -> None:
    """Lock the bucket of an endpoint before its rows, in the order that everybody locks them."""
    await moving.lock_places(connection, [endpoint])


async def try_once_more(connection: AsyncConnection, endpoint: int, updates: Sequence[int], seconds: float) -> None:
    """Owe again in `seconds` what has just bounced for the first time and is still the latest of its incident."""
    values = {"endpoint": endpoint, "updates": list(updates), "seconds": seconds}
    rows = (await connection.execute(_ONCE_MORE, values)).all()
    for bucket in {row.bucket_id for row in rows}:
        await moving.wake(connection, bucket, [row.update_id for row in rows])


async def quarantine(connection: AsyncConnection, endpoint: int, note: str) -> None:
    """Stop writing to an address that bounced."""
    await connection.execute(_QUARANTINE, {"endpoint": endpoint, "note": note})
