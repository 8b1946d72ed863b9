"""A TCP proxy between Tocsin and a provider that can be told to misbehave, as networks do.

It runs on a thread of its own, so that tests may block. What it does to a connection is its mood; a new mood holds for
bytes that come from then on, on connections that are open too.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Self

_CHUNK: Final = 65_536
_FINAL_DOT: Final = b"\r\n.\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_POST: Final = re.compile(rb"POST \S+ HTTP/1\.1\r\n")


class Mood(Enum):
    """What becomes of bytes."""

    PASS = auto()
    DELAY = auto()  # answers wait for `seconds`
    RESET = auto()  # connections are reset, and new ones at once
    BLACK_HOLE = auto()  # connections open, and nothing that is sent comes out anywhere
    SWALLOW = auto()  # a POST never arrives and is never answered; whoever asks for something is answered
    HALF_CLOSE = auto()  # the client hears that nothing more will be said, while it may still speak
    CUT_ANSWER = auto()  # what was asked arrives (a POST; a mail's final dot), and its answer never comes back
    HOLD_ANSWER = auto()  # the same, but the answer is kept, and comes when the mood passes
    ANSWER = auto()  # `canned` is answered to each request, and nothing arrives


@dataclass(eq=False)
class _Link:
    """One connection.

    `asked`: a request is on its way whose answer is the one to be cut; `spoilt`: it was answered here, and nothing that
    comes after reaches the provider; `swallowed`: nor is it answered.
    """

    client: asyncio.StreamWriter
    provider: asyncio.StreamWriter
    asked: bool = False
    spoilt: bool = False
    swallowed: bool = False
    tail: bytes = b""


class Proxy:
    """Listens on 127.0.0.1:`port` while it is entered, and speaks for 127.0.0.1:`target`."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.bitten = 0  # connections or answers that a mood has spoilt
        self.mood = Mood.PASS
        self.seconds = 0.0
        self.canned = b""
        self.swallowed: list[bytes] = []  # what was answered here and never arrived
        self._most = 0
        self._links: set[_Link] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(timeout=5)

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed, self._over = asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        self._end_all()

    def be(self, mood: Mood, *, seconds: float = 0.0, canned: bytes = b"", most: int = 1_000_000) -> None:
        """Take on a mood until told otherwise, or until it has bitten `most` times."""

        def change() -> None:
            self.mood, self.seconds, self.canned, self.bitten, self._most = mood, seconds, canned, 0, most
            self.swallowed = []
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()
            if mood is Mood.RESET:
                self.bitten += len(self._links)
                self._end_all()
            elif mood is Mood.HALF_CLOSE:
                for link in self._links:
                    self._half_close(link)

        self._call(change)

    def _call(self, what: Callable[[], None]) -> None:
        done = threading.Event()

        def call() -> None:
            try:
                what()
            finally:
                done.set()

        self._loop.call_soon_threadsafe(call)
        done.wait(5)

    def _bites(self) -> bool:
        if self.bitten >= self._most:
            return False
        self.bitten += 1
        return True

    def _end_all(self) -> None:
        for link in list(self._links):
            link.client.transport.abort()
            link.provider.transport.abort()

    def _half_close(self, link: _Link) -> None:
        self.bitten += 1
        if link.client.can_write_eof():
            link.client.write_eof()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self.mood is Mood.RESET:
            self.bitten += 1
            client.transport.abort()
            return
        try:
            provider_reader, provider = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            client.transport.abort()
            return
        link = _Link(client, provider)
        self._links.add(link)
        if self.mood is Mood.HALF_CLOSE:
            self._half_close(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry_requests(reader, link))
                both.create_task(self._carry_answers(provider_reader, link))
        except* OSError:
            pass
        finally:
            self._links.discard(link)
            client.transport.abort()
            provider.transport.abort()

    async def _carry_requests(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while data := await reader.read(_CHUNK):
            if not link.spoilt and self.mood is Mood.ANSWER and _POST.match(data) and self._bites():
                link.spoilt, link.tail = True, b""
            if link.spoilt:
                self._answer(link, data)
                continue
            if not await self._let_through() or self._swallows(link, data):
                continue
            seen = link.tail + data
            if _FINAL_DOT in seen or _POST.search(data):
                link.asked = True
            link.tail = seen[-len(_FINAL_DOT) + 1 :]
            link.provider.write(data)
            await link.provider.drain()
        link.provider.transport.abort()

    def _swallows(self, link: _Link, data: bytes) -> bool:
        """Take a request in for good, whatever more comes of it."""
        if self.mood is Mood.SWALLOW and _POST.match(data):
            link.swallowed = self._bites()
        return link.swallowed

    def _answer(self, link: _Link, data: bytes) -> None:
        """Take a request in, and answer it once it is whole."""
        link.tail += data
        head, end, body = link.tail.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and len(body) >= int(length[1] if length else 0):
            self.swallowed.append(link.tail)
            link.tail = b""
            link.client.write(self.canned)

    async def _carry_answers(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while data := await reader.read(_CHUNK):
            if self.mood is Mood.CUT_ANSWER and link.asked and self._bites():
                link.client.transport.abort()
                return
            if self.mood is Mood.HOLD_ANSWER and link.asked and self._bites():
                while self.mood is Mood.HOLD_ANSWER:
                    await self._changed.wait()
            if self.mood is Mood.DELAY:
                self.bitten += 1
                await asyncio.sleep(self.seconds)
            if self.mood is Mood.HALF_CLOSE or not await self._let_through():
                continue
            link.asked = False
            link.client.write(data)
            await link.client.drain()
        link.client.transport.abort()

    async def _let_through(self) -> bool:
        """Return whether bytes pass; in a black hole they are gone for good."""
        if self.mood is not Mood.BLACK_HOLE:
            return True
        self.bitten += 1
        return False
