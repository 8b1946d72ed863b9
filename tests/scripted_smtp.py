"""An SMTP server that does exactly what a test tells it, for all that good servers never do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

# What the server says: a reply, "" for silence from then on, None to end the connection.
# It is given the command's line.
Answer = Callable[[str], str | None]


class _Silent(Exception):
    """From now on nothing is said, until the client has enough."""


@dataclass
class Scripted:
    """An SMTP server that answers as told, and otherwise as any good one does."""

    answers: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    features: Sequence[str] = ("PIPELINING", "8BITMIME")
    fragments: bool = False
    tls: ssl.SSLContext | None = None
    port: int = 0
    sessions: int = 0
    ended: int = 0
    lines: list[str] = field(default_factory=list[str])
    mails: list[bytes] = field(default_factory=list[bytes])

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        try:
            try:
                await self._converse(reader, writer)
            except _Silent:
                while await reader.read(65_536):
                    pass
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.ended += 1
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, self._answer("GREETING", "", "220 scripted ready"))
        in_mail = False
        while line := (await reader.readline()).decode("utf-8", "replace").rstrip("\r\n"):
            self.lines.append(line)
            verb = line.partition(" ")[0].upper()
            usual = "503 5.5.1 nested MAIL command" if verb == "MAIL" and in_mail else self._usual(verb)
            await self._say(writer, usual if usual.startswith("503") else self._answer(verb, line, usual))
            in_mail = (in_mail or verb == "MAIL") and verb != "RSET"
            if verb == "QUIT":
                break
            if verb == "DATA" and self._last.startswith("354"):
                await self._take(reader, writer)
                in_mail = False
            if verb == "STARTTLS" and self._last.startswith("220"):
                assert self.tls is not None
                await writer.start_tls(self.tls)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mail = b""
        while not (mail == b".\r\n" or mail.endswith(b"\r\n.\r\n")):
            line = await reader.readline()
            mail += line
            if not line or self._answer("BODY", "", "") is None:
                raise ConnectionResetError
        usual = "250 2.0.0 Ok: queued as 4XyZ9" if mail != b".\r\n" else "554 5.5.1 No valid recipients"
        answer = self._answer("DOT", mail.decode("utf-8", "replace"), usual)
        if answer is not None and answer.startswith("250"):
            self.mails.append(mail)
        await self._say(writer, answer)

    def _answer(self, verb: str, line: str, usual: str) -> str | None:
        return self.answers[verb](line) if verb in self.answers else usual

    def _usual(self, verb: str) -> str:
        if verb == "EHLO":
            return "\r\n".join(["250-scripted", *(f"250-{feature}" for feature in self.features), "250 HELP"])
        return {"DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 go on"}.get(verb, "250 ok")

    async def _say(self, writer: asyncio.StreamWriter, answer: str | None) -> None:
        if answer is None:
            raise ConnectionResetError
        self._last = answer
        if not answer:
            raise _Silent
        raw = f"{answer}\r\n".encode()
        for piece in [raw[at : at + 1] for at in range(len(raw))] if self.fragments else [raw]:
            writer.write(piece)
            await asyncio.sleep(0)
        await writer.drain()


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as `condition` holds; a test that waits in vain meets its time limit."""
    while not condition():  # noqa: ASYNC110 - what is waited for knows no events
        await asyncio.sleep(0.01)


@asynccontextmanager
async def served(scripted: Scripted, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Scripted]:
    """Run `scripted` on its port, or on a free one; `tls` is spoken from the first byte on."""
    tasks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await scripted.talk(reader, writer)
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(talk, "127.0.0.1", scripted.port, ssl=tls)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
