"""One attempt: a batch that is on record is handed to the provider, and what came of it is written down.

Whoever is not answered for within two seconds is moved to a bucket of their own, under the same lease, and waited for
there: one silent mailbox holds up nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from tocsin.domain.channel import Message, Result
from tocsin.domain.errors import Ambiguous, DeliveryError
from tocsin.domain.outline import Plan, Planned
from tocsin.domain.tally import Stopwatch
from tocsin.services.begun import Begun
from tocsin.services.compose import with_earlier
from tocsin.services.listen import Hold, Listener, seal_of_plan
from tocsin.services.outcome import Doubtful, Unwritten, outcome_of
from tocsin.services.pacing import turns
from tocsin.services.report_unlisted import report_apart, strange_answers
from tocsin.services.settle import end, settle, write_outcomes
from tocsin.services.way import Way
from tocsin.store import claim
from tocsin.store.claim import Lease
from tocsin.store.engine import DATABASE_TROUBLE, Connection
from tocsin.store.split import split

log = structlog.get_logger()

# Longer than this a batch does not wait for the slowest of its addresses …
_SLOW_SECONDS = 2.0
# … and so many slow ones are waited for at once, beside the work that goes on.
_MOST_TAILS = 32


async def attempt(way: Way, begun: Begun) -> None:
    """Send a batch and record it; return once its buckets are given back, though slow addresses may still be out."""
    planned = begun.plan.messages
    try:
        messages = with_earlier(await way.compose(planned, way.versions.by_id), planned, begun.lease.now)
    except Exception as error:  # broken words must not stop the channel: nothing has been sent, so all may go later
        log.exception("compose.failed", channel=way.channel.name)
        await _record(way, begun, planned, [Unwritten(f"The message could not be written: {error}") for _ in planned])
        return
    results = await turns(way, begun.by(way), messages)
    sending = asyncio.create_task(_send(way, begun, messages, results))
    await asyncio.wait({sending}, timeout=_SLOW_SECONDS)
    if sending.done():
        await _record(way, begun, planned, sending.result())
        return
    slow = {planned[at].rows[0].endpoint_id for at, result in enumerate(results) if result is None}
    answered = [at for at, message in enumerate(planned) if message.rows[0].endpoint_id not in slow]
    if len(way.tails) >= _MOST_TAILS or not (answered or _may_go_on(way, begun, sending)):
        await _record(way, begun, planned, await sending)
        return
    tail = await _part(way, begun, answered, results) if answered else begun
    task = asyncio.create_task(_finish(way, begun, tail, sending, set(answered)))
    way.tails.add(task)
    task.add_done_callback(way.tails.discard)


def _may_go_on(way: Way, begun: Begun, sending: asyncio.Task[list[Result]]) -> bool:
    """Pass over a provider that answers for nobody; tell whether others can carry what comes next meanwhile."""
    provider = begun.turn.provider
    return way.providers is not None and provider is not None and way.providers.pass_over(provider, sending)


async def _part(way: Way, begun: Begun, answered: Sequence[int], results: Sequence[Result | None]) -> Begun:
    """Record those who were answered for and give their buckets back; return the attempt that the others stay in."""
    planned = begun.plan.messages
    known = set(answered)
    slow = [message for at, message in enumerate(planned) if at not in known]
    out: list[Begun] = []

    async def write(connection: Connection, *, piecemeal: bool) -> None:
        endpoints = [message.rows[0].endpoint_id for message in slow]
        moved = await split(connection, begun.lease, begun.token, endpoints)
        now_known = [result for at in answered if (result := results[at]) is not None]
        there = [planned[at] for at in answered]
        await write_outcomes(way, connection, begun, there, now_known, piecemeal=piecemeal)
        lease = Lease(begun.lease.now, list(moved.values()), [])
        rest = Plan(messages=[_in_bucket(message, {old: new.id for old, new in moved.items()}) for message in slow])
        rest.waiting = {new.id: dict(begun.plan.waiting.get(old, {})) for old, new in moved.items()}
        out[:] = [Begun(begun.token, lease, rest, begun.turn, begun.part)]

    await settle(way, write)
    log.info("batch.split", channel=way.channel.name, attempt=begun.token, recorded=len(answered), slow=len(slow))
    return out[0]


async def _finish(way: Way, begun: Begun, tail: Begun, sending: asyncio.Task[list[Result]], recorded: set[int]) -> None:
    """Wait for the slow ones, and record them and the attempt as a whole."""
    results = await sending
    rest = [result for at, result in enumerate(results) if at not in recorded]

    async def write(connection: Connection, *, piecemeal: bool) -> None:
        now = await write_outcomes(way, connection, tail, tail.plan.messages, rest, piecemeal=piecemeal)
        await end(connection, begun.token, begun.plan.messages, results, now, piecemeal=piecemeal)

    try:
        await settle(way, write)
    except DATABASE_TROUBLE as error:  # the lease runs out, and whoever takes it over finds them unknown
        log.warning("tail.not_recorded", channel=way.channel.name, attempt=tail.token, error=str(error))
    else:
        _let_go(begun)
    await _report(way, begun, results)


def _in_bucket(message: Planned, moved: dict[int, int]) -> Planned:
    rows = tuple(row._replace(bucket_id=moved.get(row.bucket_id, row.bucket_id)) for row in message.rows)
    return message._replace(rows=rows)


async def _send(way: Way, begun: Begun, messages: Sequence[Message], results: list[Result | None]) -> list[Result]:
    """Hand over what has no result yet; what is never answered for is Ambiguous, or doubtful where the driver broke."""
    going = [at for at, result in enumerate(results) if result is None]
    if not going:
        return [result for result in results if result is not None]
    watch = Stopwatch(time.monotonic())
    hold = Hold(begun.asked_at + way.lease_seconds)
    listener = Listener(results, going, watch, begun.part, hold)
    unanswered: DeliveryError = Ambiguous("The channel gave no answer")
    keeping = asyncio.create_task(_keep_lease(way, begun.token, hold))
    try:
        if begun.part is not None:
            begun.part.opens(begun.token, seal_of_plan(begun.lease.now, begun.plan.messages), len(results))
        await begun.by(way).send([messages[at] for at in going], listener)
    except Exception as error:
        if hold.is_over:
            log.warning("lease.ran_out", channel=way.channel.name, attempt=begun.token)
            for at in going:
                if results[at] is None and not listener.may_have_begun(at):
                    results[at] = Unwritten("The lease ran out before it could be sent.")
        else:
            log.exception("send.failed", channel=way.channel.name)
            unanswered = Doubtful(f"The channel broke while sending: {type(error).__name__}: {error}")
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
    whole = [result if result is not None else unanswered for result in results]
    if way.providers is not None and not hold.is_over:
        await way.providers.count(begun.turn, [whole[at] for at in going], watch)
    return whole


async def _keep_lease(way: Way, token: int, hold: Hold) -> None:
    while True:
        await asyncio.sleep(way.lease_seconds / 3)
        asked_at = time.monotonic()
        try:
            async with way.pool.acquire() as connection:
                if not await claim.renew(connection, token, way.lease_seconds):
                    log.warning("lease.lost", channel=way.channel.name, attempt=token)
                    hold.until = asked_at
                    return
                hold.until = asked_at + way.lease_seconds
        except DATABASE_TROUBLE as error:
            log.warning("lease.not_renewed", channel=way.channel.name, attempt=token, error=str(error))


async def _record(way: Way, begun: Begun, planned: Sequence[Planned], results: Sequence[Result]) -> None:
    """Write down what came of messages, trying for minutes: what the provider took must not become unknown."""

    async def write(connection: Connection, *, piecemeal: bool) -> None:
        now = await write_outcomes(way, connection, begun, planned, results, piecemeal=piecemeal)
        await end(connection, begun.token, planned, results, now, piecemeal=piecemeal)

    await settle(way, write)
    _let_go(begun)
    counts = Counter(outcome_of(result) for result in results)
    log.info("batch.recorded", channel=way.channel.name, attempt=begun.token, **counts)
    await _report(way, begun, results)


async def _report(way: Way, begun: Begun, results: Sequence[Result]) -> None:
    addresses = [message.rows[0].address for message in begun.plan.messages]
    provider = begun.turn.provider or way.channel.provider
    await report_apart(way.pool, way.channel.name, strange_answers(way.channel, provider, addresses, results))


def _let_go(begun: Begun) -> None:
    if begun.part is not None:
        begun.part.is_over()
