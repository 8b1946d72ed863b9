"""What keeps a batch to its provider's pace: by what is known before it is on record, and by asking before it goes."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from tocsin.domain.channel import Channel, Message, Result, providers_of, way_by
from tocsin.domain.errors import TooFast
from tocsin.domain.gate import Asked, Gate, Paced, gates_of
from tocsin.domain.outline import Plan, Planned
from tocsin.domain.turns import in_turn, put_off, waits_of
from tocsin.services.outcome import PutOff, closed_seconds
from tocsin.services.way import Way
from tocsin.store.claim import Lease
from tocsin.store.closed_gates import Closing

log = structlog.get_logger()


def keep_to_pace(way: Way, channel: Channel, planned: Plan, lease: Lease) -> None:
    """Put off what the provider will not take now, by what this process knows; nobody is asked."""
    planned.messages = in_turn(planned.messages, lease.ids, way.versions.by_id, way.rules.urgent)
    gates = [gates_of(channel, message.rows[0].address) for message in planned.messages]
    foreseen = [0.0] * len(gates)
    if way.pacer is not None:
        foreseen = way.pacer.foresee([Asked(passed, way.units) for passed in gates])
        way.note_put_off(foreseen)
    put_off(planned, waits_of(gates, foreseen, lease.closed, lease.now), lease.now)


def full(way: Way, lease: Lease) -> set[str]:
    """Return the providers that take nothing now, by what is closed and by what this process knows of their pace."""
    found: set[str] = set()
    providers = providers_of(way.channel)
    for provider in providers if len(providers) > 1 else ():
        channel = way_by(way.channel, provider)
        shared = (isinstance(channel, Paced) and channel.gates) or (Gate(provider),)
        waits = [0.0 if way.pacer is None else way.pacer.foresee([Asked((gate,))])[0] for gate in shared]
        if provider in lease.closed or all(
            wait > 0 or gate.key in lease.closed for gate, wait in zip(shared, waits, strict=True)
        ):
            found.add(provider)
    return found


async def turns(way: Way, channel: Channel, messages: Sequence[Message]) -> list[Result | None]:
    """Ask for the pace, once for all messages; what has to wait after all is answered for, the others are not yet."""
    if way.pacer is None or not isinstance(channel, Paced):
        return [None] * len(messages)
    asked = [Asked(channel.gates_of(message.address), channel.units_of(message)) for message in messages]
    way.units = max(one.units for one in asked)
    waits = await way.pacer.ask(asked)
    way.note_put_off(waits)
    return [PutOff("Waits for the provider's pace.", retry_after=wait) if wait > 0 else None for wait in waits]


def closings(channel: Channel, planned: Sequence[Planned], results: Sequence[Result], now: float) -> dict[str, Closing]:
    """Return the gates that the provider's answers close, each for as long as the longest asks for."""
    found: dict[str, Closing] = {}
    for message, result in zip(planned, results, strict=True):
        if isinstance(result, TooFast):
            key = result.gate or gates_of(channel, message.rows[0].address)[0].key
            closing = Closing(now + closed_seconds(result), result.note)
            found[key] = max(closing, found.get(key, closing))
    for key, closing in found.items():
        log.warning("gate.closed", channel=channel.name, gate=key, seconds=round(closing.until - now, 1))
    return found
