"""Takes bounces by SMTP at the return address that each mail has, where no mail server posts them to us.

Only names that we made ourselves are let in, so there is nothing here for spam and nothing to relay. A bounce is taken
once it is in the database; before, the server that brings it keeps it and comes again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.asking import network_of
from tocsin.domain.channel import ChannelName
from tocsin.domain.tokens import Signer
from tocsin.services.receive import receive
from tocsin_channels.email import receipts

log = structlog.get_logger()

_OURS: Final = re.compile(r"bounce-([0-9a-f]{16,128})@([a-z0-9.-]{1,253})").fullmatch
_LARGEST: Final = 1_000_000  # a bounce carries a copy of our mail at the most
_MOST_RECIPIENTS: Final = 10
_MOST_COMMANDS: Final = 50
_MOST_OPEN: Final = 100
_MOST_FROM_ONE: Final = 25  # network, so that nobody alone keeps the others out
_SECONDS: Final = 60.0
_BUSY: Final = b"421 4.3.2 Too many are here already, come again later\r\n"


@dataclass(slots=True)
class Door:
    """`domains` are those that bounces come back to, each with the name of the provider whose mail does."""

    engine: AsyncEngine
    secret: str
    domains: Mapping[str, str]
    host: str
    open: set[_Dialogue] = field(default_factory=set["_Dialogue"])

    def is_full(self, network: str) -> bool:
        """Tell whether nobody more from `network` is let in."""
        here = sum(one.network == network for one in self.open)
        return len(self.open) >= _MOST_OPEN or here >= _MOST_FROM_ONE

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Let in what is for a delivery of ours."""
        del server, session, options
        found = _OURS(address.lower())
        if found is None or found[2] not in self.domains or Signer(self.secret, "delivery").read(found[1]) is None:
            return "550 5.1.1 No mail of ours came from this address"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients at once"
        envelope.rcpt_tos.append(address.lower())
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Write down what the bounce says; 250 promises that it is."""
        del server, session
        try:
            for address in envelope.rcpt_tos:
                await self._take(address, cast("bytes", envelope.content))
        except Exception:  # whatever stumbles here, the bounce is not lost: its server brings it again
            log.exception("bounce.not_taken")
            return "451 4.3.0 It could not be written down, bring it again later"
        return "250 2.0.0 Taken"

    async def _take(self, address: str, raw: bytes) -> None:
        # Whom it was brought for is surer than whatever stands in it.
        named = f"X-Original-To: {address}\r\n".encode() + raw
        told = await asyncio.to_thread(receipts.read, named)
        provider = self.domains[address.rpartition("@")[2]]
        await receive(self.engine, self.secret, provider, told, ChannelName.EMAIL)


class _Dialogue(SMTP):
    """One connection."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.network = ""
        super().__init__(
            door,
            hostname=door.host,
            ident="bounces only",
            data_size_limit=_LARGEST,
            timeout=_SECONDS,
            command_call_limit=_MOST_COMMANDS,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.network = network_of(str((transport.get_extra_info("peername") or ("",))[0]))
        if self._door.is_full(self.network):
            cast("asyncio.Transport", transport).write(_BUSY)
            transport.close()
            return
        self._door.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._door.open:
            self._door.open.discard(self)
            super().connection_lost(error)

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()


@asynccontextmanager
async def listening(listen: str, door: Door) -> AsyncGenerator[int]:
    """Take bounces at `listen`, "host:port", while this is entered; yield the port, 0 where `listen` is empty."""
    if not listen:
        yield 0
        return
    host, _, port = listen.rpartition(":")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Dialogue(door), host.strip("[]") or None, int(port))
    at: int = server.sockets[0].getsockname()[1]
    log.info("bounces.listening", host=host, port=at, domains=sorted(door.domains))
    try:
        yield at
    finally:
        server.close()
        for dialogue in list(door.open):
            dialogue.hang_up()
        await server.wait_closed()
