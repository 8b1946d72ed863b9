"""How much a provider takes, in its own unit: the rates of its gates, and who of those that wait may pass now.

Each rate is a generic cell rate (ITU-T I.371): in any window of W seconds no more than W * `amount` / `seconds` +
`burst` units pass, whoever asks and in whatever order. All times are seconds of one clock, the broker's or our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, Self, runtime_checkable

from tocsin.domain.channel import Channel, Message


class Unit(StrEnum):
    """What a provider counts."""

    MESSAGES = "messages"
    SEGMENTS = "segments"
    POSTS = "posts"
    REQUESTS = "requests"


class Rate(NamedTuple):
    """`amount` units in `seconds`, and `burst` of them at once after a pause."""

    amount: float
    seconds: float
    burst: float

    @property
    def interval(self) -> float:
        return self.seconds / self.amount

    @classmethod
    def per_second(cls, amount: float) -> Self:
        """Return a rate that lets half a second's worth pass at once, so that a worker need not ask for each unit."""
        return cls(amount, 1.0, max(1.0, amount / 2))

    @classmethod
    def within(cls, amount: float, seconds: float) -> Self:
        """Return a rate that never lets more than `amount` pass in any window of `seconds`: half of it at once."""
        burst = max(1.0, amount // 2)
        return cls(max(amount - burst, amount / 2), seconds, burst)

    def shared(self, workers: int) -> Rate:
        """Return one worker's part, for when they cannot ask each other."""
        return Rate(self.amount, self.seconds * workers, max(1.0, self.burst / workers))


class Gate(NamedTuple):
    """What is paced and closed together: an account, a sender. `key` is its name within a channel, and no secret."""

    key: str
    rates: tuple[Rate, ...] = ()


class Asked(NamedTuple):
    """One message that wants to pass all of `gates` with `units`."""

    gates: tuple[Gate, ...]
    units: int = 1


Arrivals = dict[str, tuple[float, ...]]  # gate → its theoretical arrival times, a rate each


def pass_through(arrivals: Arrivals, asked: Sequence[Asked], now: float) -> list[float]:
    """Let pass what may, first come first served at each gate, and write that to `arrivals`.

    Return for each the seconds until its turn: 0 where it passes now, else when those before it have passed. Who asks
    for more than a gate's burst passes when the gate has rested, and is charged in full.
    """
    taken: Arrivals = {}  # with those counted that have to wait
    waits: list[float] = []
    for gates, units in asked:
        turns = [_turn(taken.get(gate.key) or _of(arrivals, gate), gate.rates, units, now) for gate in gates]
        turn = max(turns, default=now)
        if turn <= now:
            for gate in gates:
                arrivals[gate.key] = _after(_of(arrivals, gate), gate.rates, units, now)
        for gate, opens in zip(gates, turns, strict=True):
            if opens > now:  # it waits here, and so does who comes behind it
                taken[gate.key] = _after(taken.get(gate.key) or _of(arrivals, gate), gate.rates, units, turn)
        waits.append(turn - now)
    return waits


def _of(arrivals: Mapping[str, tuple[float, ...]], gate: Gate) -> tuple[float, ...]:
    found = arrivals.get(gate.key, ())
    return found if len(found) == len(gate.rates) else (0.0,) * len(gate.rates)


def _turn(arrivals: Sequence[float], rates: Sequence[Rate], units: int, now: float) -> float:
    turns = (
        arrival + (min(units, rate.burst) - rate.burst) * rate.interval
        for arrival, rate in zip(arrivals, rates, strict=True)
    )
    return max(now, max(turns, default=now))


def _after(arrivals: Sequence[float], rates: Sequence[Rate], units: int, at: float) -> tuple[float, ...]:
    return tuple(max(at, arrival) + units * rate.interval for arrival, rate in zip(arrivals, rates, strict=True))


@runtime_checkable
class Paced(Protocol):
    """A channel whose provider takes only so much at a time. Others pass one gate, named like their provider."""

    @property
    def is_paced(self) -> bool:
        """Whether any gate has a rate; where none has, nobody is asked."""
        ...

    @property
    def gates(self) -> Sequence[Gate]:
        """The gates of which every message passes one; () where they are as many as addresses."""
        ...

    def gates_of(self, address: str) -> tuple[Gate, ...]:
        """Return what a message to `address` passes, first what a refusal to take more at present closes."""
        ...

    def units_of(self, message: Message) -> int:
        """Return what `message` counts for, in the provider's unit."""
        ...


def gates_of(channel: Channel, address: str) -> tuple[Gate, ...]:
    """Return what a message to `address` passes; one at the least, and named, so that it can be closed."""
    return channel.gates_of(address) if isinstance(channel, Paced) else (Gate(channel.provider),)
