"""Those who see when a word arrives: a receiver of webhooks, and a visitor of the status page."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

_EVERY_SECONDS = 0.005


class Witness:
    """Takes webhooks on a port of its own, and knows when the first one after `begin` came."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._first = asyncio.Event()
        self._at = 0.0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def begin(self) -> None:
        self._first.clear()

    async def first(self) -> float:
        """Return when the first webhook came, in seconds since the epoch."""
        await asyncio.wait_for(self._first.wait(), 30)
        return self._at

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not self._first.is_set():
                    self._at = time.time()
                    self._first.set()
                await reader.readexactly(_length(head))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):  # at the end, too
            writer.close()


class Visitor:
    """Asks for a page again and again over one connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def sees(self, path: str) -> float:
        """Return when `path` was first there, in seconds since the epoch; a visit has a connection of its own."""
        await self.close()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if await self._get(path) == 200:  # noqa: PLR2004 - HTTP's own number
                return time.time()
            await asyncio.sleep(_EVERY_SECONDS)
        raise SystemExit(f"{path} was not there within 30 s.")

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _get(self, path: str) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length(head))
        return int(head[9:12])


def _length(head: bytes) -> int:
    _, _, length = head.lower().partition(b"content-length:")
    return int(length.partition(b"\r\n")[0].strip() or b"0")
