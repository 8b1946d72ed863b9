"""What keeps a batch to its provider's pace: by what is known before it is on record, and by asking before it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from tocsin.domain.channel import Channel, Message, Result, providers_of, way_by
from tocsin.domain.delivery import Reason
from tocsin.domain.errors import TooFast
from tocsin.domain.gate import Asked, Gate, Paced, gates_of
from tocsin.domain.outline import Plan
from tocsin.domain.put_off import put_off
from tocsin.domain.turns import in_turn, waits_of
from tocsin.services.outcome import PutOff, closed_seconds
from tocsin.services.pacer import Pacer
from tocsin.services.way import Way
from tocsin.store.claim import Lease
from tocsin.store.closed_gates import Closing

log = structlog.get_logger()


def keep_to_pace(way: Way, channel: Channel, planned: Plan, lease: Lease) -> None:
    """Put off what the provider will not take now, by what this process knows; nobody is asked."""
    planned.messages = in_turn(planned.messages, lease.ids, way.versions.by_id, way.rules.urgent)
    gates = [gates_of(channel, message.rows[0].address) for message in planned.messages]
    foreseen = foresee(way.pacer, gates, way.units)
    way.note_put_off(foreseen)
    waits = waits_of(gates, foreseen, lease.closed, lease.now)
    put_off(planned, [lease.now + wait if wait > 0 else None for wait in waits], Reason.PROVIDER_PACED)


def foresee(pacer: Pacer | None, gates: Sequence[tuple[Gate, ...]], units: int = 1) -> list[float]:
    """Return for each message the seconds until it passes its gates, by what this process knows."""
    return [0.0] * len(gates) if pacer is None else pacer.foresee([Asked(passed, units) for passed in gates])


def full(channel: Channel, pacer: Pacer | None, closed: Mapping[str, float]) -> set[str]:
    """Return the providers that take nothing now, by what is closed and by what this process knows of their pace."""
    found: set[str] = set()
    providers = providers_of(channel)
    for provider in providers if len(providers) > 1 else ():
        way = way_by(channel, provider)
        shared = (isinstance(way, Paced) and way.gates) or (Gate(provider),)
        waits = [foresee(pacer, [(gate,)])[0] for gate in shared]
        if provider in closed or all(wait > 0 or gate.key in closed for gate, wait in zip(shared, waits, strict=True)):
            found.add(provider)
    return found


async def turns(way: Way, channel: Channel, messages: Sequence[Message]) -> list[Result | None]:
    """Ask for the pace, once for all messages; what has to wait after all is answered for, the others are not yet."""
    if way.pacer is not None and isinstance(channel, Paced):
        way.units = max(channel.units_of(message) for message in messages)
    answers = await ask(way.pacer, channel, messages)
    way.note_put_off(closed_seconds(answer) for answer in answers if answer is not None)
    return [*answers]


async def ask(pacer: Pacer | None, channel: Channel, messages: Sequence[Message]) -> list[PutOff | None]:
    """Ask for the pace, once for all messages; return what is to be said of those that have to wait."""
    if pacer is None or not isinstance(channel, Paced):
        return [None] * len(messages)
    waits = await pacer.ask([Asked(channel.gates_of(one.address), channel.units_of(one)) for one in messages])
    return [PutOff("Waits for the provider's pace.", retry_after=wait) if wait > 0 else None for wait in waits]


def closings(channel: Channel, addresses: Sequence[str], results: Sequence[Result], now: float) -> dict[str, Closing]:
    """Return the gates that the provider's answers close, each for as long as the longest asks for."""
    found: dict[str, Closing] = {}
    for address, result in zip(addresses, results, strict=True):
        if isinstance(result, TooFast):
            key = result.gate or gates_of(channel, address)[0].key
            closing = Closing(now + closed_seconds(result), result.note)
            found[key] = max(closing, found.get(key, closing))
    for key, closing in found.items():
        log.warning("gate.closed", channel=channel.name, gate=key, seconds=round(closing.until - now, 1))
    return found
