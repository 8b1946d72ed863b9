"""A server that runs in a process of its own for as long as a block lasts: the sinks that are not Postfix's."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvloop

FORK = multiprocessing.get_context("fork")


async def _serve(port: int, make: Callable[[], asyncio.Protocol]) -> None:
    loop, parent = asyncio.get_running_loop(), multiprocessing.parent_process()
    assert parent is not None
    ended = asyncio.Event()
    loop.add_reader(parent.sentinel, ended.set)  # it does not outlive who asked for it, however that one ends
    async with await loop.create_server(make, "127.0.0.1", port):
        await ended.wait()


def _run(port: int, make: Callable[[], asyncio.Protocol]) -> None:
    uvloop.run(_serve(port, make))


@contextmanager
def served(port: int, make: Callable[[], asyncio.Protocol]) -> Generator[None]:
    """Serve connections to `port` with what `make` gives; begin before threads and children are there."""
    process = FORK.Process(target=_run, args=(port, make), daemon=True)
    process.start()
    time.sleep(0.2)
    try:
        yield
    finally:
        process.terminate()
        process.join()
