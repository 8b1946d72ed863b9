"""What keeps a batch to its provider's pace: by what is known before it is on record, and by asking before it goes."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from tocsin.domain.channel import Message, Result
from tocsin.domain.errors import TooFast
from tocsin.domain.gate import Asked, Paced, gates_of
from tocsin.domain.outline import Plan, Planned
from tocsin.domain.turns import in_turn, put_off, waits_of
from tocsin.services.outcome import PutOff, closed_seconds
from tocsin.services.way import Way
from tocsin.store.claim import Lease
from tocsin.store.closed_gates import Closing

log = structlog.get_logger()


def keep_to_pace(way: Way, planned: Plan, lease: Lease) -> None:
    """Put off what the provider will not take now, by what this process knows; nobody is asked."""
    planned.messages = in_turn(planned.messages, lease.ids, way.versions.by_id, way.rules.urgent)
    gates = [gates_of(way.channel, message.rows[0].address) for message in planned.messages]
    foreseen = [0.0] * len(gates)
    if way.pacer is not None:
        foreseen = way.pacer.foresee([Asked(passed, way.units) for passed in gates])
        way.note_put_off(foreseen)
    put_off(planned, waits_of(gates, foreseen, lease.closed, lease.now), lease.now)


async def turns(way: Way, messages: Sequence[Message]) -> list[Result | None]:
    """Ask for the pace, once for all messages; what has to wait after all is answered for, the others are not yet."""
    channel = way.channel
    if way.pacer is None or not isinstance(channel, Paced):
        return [None] * len(messages)
    asked = [Asked(channel.gates_of(message.address), channel.units_of(message)) for message in messages]
    way.units = max(one.units for one in asked)
    waits = await way.pacer.ask(asked)
    way.note_put_off(waits)
    return [PutOff("Waits for the provider's pace.", retry_after=wait) if wait > 0 else None for wait in waits]


def closings(way: Way, planned: Sequence[Planned], results: Sequence[Result], now: float) -> dict[str, Closing]:
    """Return the gates that the provider's answers close, each for as long as the longest asks for."""
    found: dict[str, Closing] = {}
    for message, result in zip(planned, results, strict=True):
        if isinstance(result, TooFast):
            key = result.gate or gates_of(way.channel, message.rows[0].address)[0].key
            closing = Closing(now + closed_seconds(result), result.note)
            found[key] = max(closing, found.get(key, closing))
    for key, closing in found.items():
        log.warning("gate.closed", channel=way.channel.name, gate=key, seconds=round(closing.until - now, 1))
    return found
