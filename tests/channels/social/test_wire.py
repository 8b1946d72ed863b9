"""The HTTP beneath the libraries that block: an answer without an end keeps no thread for good."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator

import pytest

from tocsin_channels.social.wire import Wire

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LENGTH, CHUNKED = b"Content-Length: 1000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=[(LENGTH, b" "), (CHUNKED, b"1\r\n \r\n")], ids=["length", "chunked"])
async def trickle(request: pytest.FixtureRequest) -> AsyncGenerator[str]:
    head, piece = request.param

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + head)
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.05)

    server = await asyncio.start_server(answer, "127.0.0.1")
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_an_answer_that_trickles_on_is_read_for_a_while_only(trickle: str) -> None:
    def ask() -> str:
        with Wire(trickle, 0.3) as wire:
            wire.get(f"{trickle}/statuses")
            assert wire.heard is not None
            return f"{wire.heard.status} {wire.heard.text.strip()}"

    began = time.monotonic()
    assert await asyncio.wait_for(asyncio.to_thread(ask), 3) == "200 "
    assert time.monotonic() - began < 1


async def test_an_answer_that_is_too_long_is_read_as_far_as_it_is_worth() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"Connection: close\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(400):
                writer.write(b" " * 100_000)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1")
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def ask() -> int:
        with Wire(url, 5.0) as wire:
            return len(wire.get(f"{url}/statuses").content)

    async with server:
        assert await asyncio.to_thread(ask) <= 1_100_000
