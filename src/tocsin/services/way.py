"""One channel's way out in one worker process: what it sends through, the rules it keeps, and whether it is at work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import Channel, Content, Message, providers_of
from tocsin.domain.outline import Planned, Rules
from tocsin.domain.patience import Patience
from tocsin.domain.policy import Policy
from tocsin.domain.rows import Version
from tocsin.domain.terms import terms_of
from tocsin.journal.writer import Journal
from tocsin.services.compose import Versions
from tocsin.services.pacer import Pacer
from tocsin.services.providers import Providers
from tocsin.store.engine import Pool

Compose = Callable[[Sequence[Planned], Mapping[int, Version]], Awaitable[list[Message]]]


def rules_of(policy: Policy, audiences: Audiences, channel: Channel) -> Rules:
    """Return what holds for every endpoint of `channel`."""
    return Rules(
        lanes=policy.lanes.get(channel.name),
        waits=policy.waits,
        urgent=policy.urgent,
        merges=channel.limits.merges,
        on_unknown=channel.on_unknown,
        terms=terms_of(policy, audiences, channel.name),
        # The page shows how things stand, however late it is.
        deadlines={} if channel.content is Content.PAGE else policy.deadlines,
    )


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class Way:
    """One channel's way out in one worker process: what it sends through, and the rules it keeps.

    `pacer` is None where the provider takes whatever comes. `units` is what the largest message lately counted for,
    `put_off` in how many seconds the first of what waits for the pace has its turn, when `alarm` goes off.
    """

    channel: Channel
    pool: Pool
    compose: Compose
    rules: Rules
    patience: Patience
    lease_seconds: float
    batch: int
    worker: str
    journal: Journal | None = None
    pacer: Pacer | None = None
    units: int = 1
    put_off: float | None = None
    alarm: asyncio.TimerHandle | None = None
    woken: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    providers: Providers | None = None  # None: nobody carries this channel for us who could fail as a whole
    versions: Versions = field(default_factory=Versions)
    idle: asyncio.Event = field(default_factory=_set_event)
    tails: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    called: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False
    claims: int = 0  # how often this process has asked for work and was answered
    sending: int = 0  # batches that a provider has in hand

    def note_put_off(self, waits: Iterable[float]) -> None:
        """Take note of the seconds until what waits for the pace has its turn."""
        times = [wait for wait in waits if wait > 0]
        if times:
            self.put_off = min(*times, self.put_off or times[0])

    @property
    def only_gate(self) -> str:
        """Return the gate that everything on this channel passes, "" where there is none."""
        names = providers_of(self.channel)
        return names[0] if len(names) == 1 else ""

    @property
    def running(self) -> bool:
        return not self.idle.is_set()
