"""Requests to a carrier's API: the time of each runs while it is under way, not while it waits for a connection."""

from __future__ import annotations

import asyncio

from tocsin_channels.email.web_wire import WebWire


async def test_who_waits_for_a_connection_has_all_its_time_before_it() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.3)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1")
    wire = WebWire("The carrier", 0.5, connections=1)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        answers = await asyncio.gather(*(wire.ask("GET", url, {}) for _ in range(4)))
        await wire.close()
    assert [one.status for one in answers] == [202] * 4
