"""The practice SMTP server: the real protocol on loopback, with addresses that misbehave on purpose.

aiosmtpd does the talking. Overridden is what is slow in it (reading a message line by line, parsing addresses with the
e-mail package), and PIPELINING is announced, which its reading of commands already fits.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from tocsin.practice.behaviour import Dot, behaviour_of
from tocsin.practice.outbox import Outbox
from tocsin.practice.reports import Reporter

_LARGEST = 10_000_000
_PLAIN_ADDRESS = re.compile(r"\s*<([^\s<>@\"\\()]+@[^\s<>@\"\\()]+)>(.*)", re.DOTALL).fullmatch
_HOST = "practice.localhost"


class PracticeServer:
    """Takes mail on 127.0.0.1 while it is entered; `port` is where. Port 0 asks for any that is free."""

    def __init__(
        self,
        outbox: Path,
        port: int = 0,
        reporter: Reporter | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.port = port
        self._path = outbox
        self._reporter = reporter
        self._tls = tls
        self._tries: Counter[tuple[str, str]] = Counter()
        self._server: asyncio.Server | None = None
        self._open: set[_Dialogue] = set()

    async def __aenter__(self) -> Self:
        self.outbox = Outbox(self._path)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Dialogue(self, loop, self._tls), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        if self._reporter is not None:
            self._reporter.start(self.outbox)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for dialogue in list(self._open):
            dialogue.hang_up()
        if self._reporter is not None:
            await self._reporter.stop()
        await self._server.wait_closed()
        self.outbox.close()

    def refusal(self, sender: str, recipient: str) -> str:
        """Return the answer to RCPT, "" for a welcome; the envelope sender tells one message from another."""
        behaviour = behaviour_of(recipient)
        if not behaviour.refusals:
            return ""
        self._tries[sender, recipient] += 1
        return behaviour.refusal(self._tries[sender, recipient])

    async def take(self, envelope: Envelope, raw: bytes) -> str:
        """Return the answer to the final dot, "" where there is to be none and the connection ends."""
        behaviour = behaviour_of(envelope.rcpt_tos[0])  # our mail has one recipient
        if behaviour.refusal_of_data:
            return behaviour.refusal_of_data
        if behaviour.dot is Dot.NEVER_ANSWERED:
            await asyncio.Event().wait()  # until the client hangs up, which cancels us
        if behaviour.seconds:
            await asyncio.sleep(behaviour.seconds)
        reported = behaviour.report is not None and self._reporter is not None
        await self.outbox.keep(envelope.mail_from or "", envelope.rcpt_tos, raw, report=reported)
        if reported:
            assert self._reporter is not None
            self._reporter.wake()
        return "" if behaviour.dot is Dot.HUNG_UP else "250 2.0.0 OK, queued as practice"

    def opened(self, dialogue: _Dialogue) -> None:
        self._open.add(dialogue)

    def closed(self, dialogue: _Dialogue) -> None:
        self._open.discard(dialogue)


class _Answers:
    """aiosmtpd's hooks."""

    def __init__(self, practice: PracticeServer) -> None:
        self._practice = practice

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        del server, envelope
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if refusal := self._practice.refusal(envelope.mail_from or "", address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"


class _Dialogue(SMTP):
    """One connection."""

    line_length_limit = _LARGEST  # of the stream; a command may still have 512 bytes only

    def __init__(self, practice: PracticeServer, loop: asyncio.AbstractEventLoop, tls: ssl.SSLContext | None) -> None:
        self._practice = practice
        super().__init__(
            _Answers(practice),
            hostname=_HOST,
            ident="Tocsin practice, nothing leaves this machine",
            enable_SMTPUTF8=True,
            data_size_limit=_LARGEST,
            tls_context=tls,
            loop=loop,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._practice.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._practice.closed(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if self.transport is not None:
            cast("asyncio.Transport", self.transport).abort()  # uvloop's is one by its manners alone

    async def push(self, status: str | bytes) -> None:
        """Answer; a 421 is the last word (RFC 5321, 3.8)."""
        line = status.encode() if isinstance(status, str) else status
        self._writer.write(line + b"\r\n")
        if line.startswith(b"421"):
            self._writer.close()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        found = _PLAIN_ADDRESS(arg)
        return (found[1], found[2]) if found else super()._getaddr(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        assert self.envelope is not None
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 5.5.4 DATA takes nothing" if arg else "503 5.5.1 No valid recipient")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        # As if a line had ended just before, so that one search finds the end of an empty message too.
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            raw = await self._reader.readuntil(b"\r\n.\r\n")
        except asyncio.LimitOverrunError:
            await self.push("421 4.3.4 This message is larger than we take, closing")
            return
        answer = await self._practice.take(self.envelope, raw[2:-3].replace(b"\r\n..", b"\r\n."))
        self.envelope = Envelope()
        if answer:
            await self.push(answer)
        else:
            self.hang_up()

    async def handle_exception(self, error: Exception) -> str:
        return f"451 4.3.0 The practice server stumbled: {error}"
