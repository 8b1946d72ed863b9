"""The courier: keeps connections to one SMTP server and hands batches of mail over them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tocsin.domain.answers import Begins
from tocsin.domain.channel import Answered
from tocsin.domain.errors import DeliveryError, TryAgain
from tocsin_channels.email import plain
from tocsin_channels.email.batch import Batch
from tocsin_channels.email.letter import Copy
from tocsin_channels.email.pipeline import Pipeline
from tocsin_channels.email.server import Patience, Server
from tocsin_channels.email.session import open_session
from tocsin_channels.email.wire import Wire

# Servers close idle connections after a minute or more, firewalls forget them: ours are gone before.
_IDLE_SECONDS = 20.0
_LOSSES = 3  # connections that ended without carrying a single mail, one after the other


class Courier:
    """`connections` are used at once by one `send`; those that are free are kept for the next for some seconds."""

    def __init__(self, server: Server, patience: Patience, connections: int) -> None:
        self._server = server
        self._patience = patience
        self._connections = connections
        self._idle: dict[Wire, asyncio.TimerHandle] = {}

    async def send(self, copies: Sequence[Copy], answered: Answered, begins: Begins) -> None:
        """Hand over `copies`; `answered` is told of each as soon as its outcome is known, `begins` before it goes."""
        batch = Batch(copies, answered, begins)
        async with asyncio.TaskGroup() as group:
            carriers = [group.create_task(self._carry(batch)) for _ in range(min(self._connections, len(copies)))]
        faults = [fault for fault in (carrier.result() for carrier in carriers) if fault is not None]
        if faults:
            batch.answer_rest(faults[0])

    async def close(self) -> None:
        for timer in self._idle.values():
            timer.cancel()
        for wire in self._idle:
            wire.quit()
        self._idle.clear()

    async def _carry(self, batch: Batch) -> DeliveryError | None:
        """Carry mails until all are answered for; return what keeps us from carrying more, None where nothing does."""
        losses = 0
        while await batch.more():
            try:
                wire = await self._obtain(batch)
            except DeliveryError as error:
                return error
            if wire is None:
                return None
            before = batch.open
            if "PIPELINING" in wire.features:
                await Pipeline(wire, batch, self._patience).run()
            else:
                await plain.carry(wire, batch, self._patience)
            if wire.is_usable:
                self._keep(wire)
                continue
            losses = losses + 1 if batch.open == before else 0
            if losses == _LOSSES:
                return wire.lost or TryAgain("The SMTP server keeps closing the connection.")
        return None

    async def _obtain(self, batch: Batch) -> Wire | None:
        """Return a connection, an idle one if there is; None where the batch is finished before one is open."""
        while self._idle:
            wire, timer = self._idle.popitem()
            timer.cancel()
            if wire.is_usable:
                return wire
        opening = asyncio.create_task(open_session(self._server, self._patience))
        either: set[asyncio.Future[Any]] = {opening, batch.finished}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return opening.result() if opening.done() else None
        finally:
            opening.cancel()

    def _keep(self, wire: Wire) -> None:
        self._idle[wire] = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._forget, wire)

    def _forget(self, wire: Wire) -> None:
        del self._idle[wire]
        wire.quit()
