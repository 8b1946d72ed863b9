"""One SMTP connection: bytes in, whole replies out, whether they come in fragments, in bulk or over several lines."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from tocsin.domain.errors import TryAgain
from tocsin_channels.email.answers import Reply

_LONGEST_REPLY = 65_536

Hear = Callable[[int, bytes], None]  # the code, and the text of all lines


class Lost(TryAgain):
    """The connection ended, or what came over it was no SMTP."""


class Wire(asyncio.Protocol):
    """Replies go to `hear` while one is set, else to whoever awaits `command`; a connection's end goes to `end`."""

    def __init__(self) -> None:
        self.features: frozenset[str] = frozenset()
        self.mechanisms: frozenset[str] = frozenset()
        self.hear: Hear | None = None
        self.end: Callable[[Lost], None] | None = None
        self.lost: Lost | None = None
        self._transport: asyncio.Transport | None = None
        self._partial = b""
        self._lines: list[bytes] = []
        self._unasked: deque[Reply] = deque()
        self._waiter: asyncio.Future[Reply] | None = None

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    @property
    def is_usable(self) -> bool:
        """Tell whether a command may be sent: the connection stands and every reply on it was asked for."""
        return self.lost is None and not self._unasked and not self.transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def upgrade(self, transport: asyncio.Transport) -> None:
        """Go on over TLS. What came in clear before it may be an attacker's and ends the connection (RFC 3207, 6)."""
        self._transport = transport
        if self._partial or self._lines or self._unasked:
            self.abort("The SMTP server spoke out of turn before TLS began.")

    def data_received(self, data: bytes) -> None:
        if self._partial:
            data = self._partial + data
        *lines, self._partial = data.split(b"\n")
        if len(self._partial) > _LONGEST_REPLY or len(self._lines) > _LONGEST_REPLY // 80:
            self.abort("The SMTP server's reply has no end.")
        for line in lines:
            if self.lost is not None:
                return
            if line[3:4] == b"-":
                self._lines.append(line)
            else:
                self._whole(line)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(Lost("The SMTP server closed the connection." if exc is None else f"The connection broke: {exc}"))

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    async def command(self, line: bytes, seconds: float) -> Reply:
        """Send `line` and return the reply; raise Lost where none comes. Nothing to send: wait for a greeting."""
        if self._unasked and not line:
            return self._unasked.popleft()
        if self._unasked:
            self.abort(f"The SMTP server ended the session: {self._unasked[0].note}")
        if self.lost is not None:
            raise self.lost
        self._waiter = asyncio.get_running_loop().create_future()
        if line:
            self.write(line)
        try:
            async with asyncio.timeout(seconds):
                return await self._waiter
        except TimeoutError:
            self.abort(f"The SMTP server did not answer within {seconds:g} s.")
            assert self.lost is not None
            raise self.lost from None
        finally:
            self._waiter = None

    def quit(self) -> None:
        """Part politely, without waiting for the answer."""
        if self.is_usable:
            self.write(b"QUIT\r\n")
            self.transport.close()

    def abort(self, why: str) -> None:
        """End the connection at once."""
        self.transport.abort()
        self._lose(Lost(why))

    def _whole(self, line: bytes) -> None:
        try:
            code = int(line[:3])
        except ValueError:
            self.abort("What answers there does not speak SMTP.")
            return
        text = line[4:].rstrip(b"\r")
        if self._lines:
            text = b"\n".join([*(earlier[4:].rstrip(b"\r") for earlier in self._lines), text])
            self._lines.clear()
        if self.hear is not None:
            self.hear(code, text)
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(Reply(code, text.decode("utf-8", "replace")))
        else:  # a greeting that came before we waited for it, or a server that ends an idle session
            self._unasked.append(Reply(code, text.decode("utf-8", "replace")))

    def _lose(self, why: Lost) -> None:
        if self.lost is not None:
            return
        self.lost = why
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(why)
        if self.end is not None:
            self.end(why)
