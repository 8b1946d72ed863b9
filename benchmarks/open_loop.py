"""Asks at a fixed rate, whatever the answers take: what is late waits in the open, and counts as late.

    python benchmarks/open_loop.py < plan.json

A process of its own, so that its work is not counted as the server's. Each request has its time; how long it took is
counted from then, also where it waited for a connection: a server that stops for a second cannot hide it by being asked
less. The plan is `{"host", "port", "rate", "seconds", "connections", "requests": ["raw HTTP/1.1 in latin-1", …]}`, the
requests being taken in turns; `{n}` in them is the number of the request. Prints `{"sent", "answered", "statuses":
{status: n}, "seconds_each": [least … most], "lasted", "busy"}`, where `busy` is the part of a core that it took.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from contextlib import suppress
from typing import Any, cast

import uvloop

_PATIENCE_SECONDS = 20.0


class Asker(asyncio.Protocol):
    """One connection, which has one request under way."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._transport: asyncio.WriteTransport | None = None
        self._got = b""
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by its type
        self._run.is_free(self)

    def ask(self, due: float, request: bytes) -> None:
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        _, _, length = head.lower().partition(b"content-length: ")
        if len(body) < int(length.partition(b"\r\n")[0] or b"0"):
            return
        self._got = b""
        self._run.is_answered(self, self._due, int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._run.is_lost()


class Run:
    """All requests of one plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._free: deque[Asker] = deque()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self.statuses: Counter[str] = Counter()
        self.took: list[float] = []
        self.sent = 0
        self.lasted = self._began = 0.0
        self._total = int(plan["rate"] * plan["seconds"])
        self._all_told = asyncio.Event()

    async def ask_all(self) -> None:
        """Ask for as long as the plan says, then wait for what is still to be answered."""
        loop = asyncio.get_running_loop()
        plan = self._plan
        for _ in range(plan["connections"]):
            await loop.create_connection(lambda: Asker(self), plan["host"], plan["port"])
        requests = [request.encode("latin-1") for request in plan["requests"]]
        total, rate = self._total, plan["rate"]
        began = self._began = loop.time() + 0.05
        while self.sent < total:
            due = began + self.sent / rate
            await asyncio.sleep(due - loop.time())
            while self.sent < total and (due := began + self.sent / rate) <= loop.time():
                self._waiting.append((due, requests[self.sent % len(requests)].replace(b"{n}", b"%d" % self.sent)))
                self.sent += 1
            self._go_on()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._all_told.wait(), _PATIENCE_SECONDS)

    def is_free(self, asker: Asker) -> None:
        self._free.append(asker)
        self._go_on()

    def is_answered(self, asker: Asker, due: float, status: int) -> None:
        now = asyncio.get_running_loop().time()
        self.took.append(now - due)
        self.lasted = now - self._began
        self._came(str(status))
        self.is_free(asker)

    def is_lost(self) -> None:
        self._came("lost")

    def _came(self, status: str) -> None:
        self.statuses[status] += 1
        if self.statuses.total() == self._total:
            self._all_told.set()

    def _go_on(self) -> None:
        while self._waiting and self._free:
            self._free.popleft().ask(*self._waiting.popleft())


def main() -> None:
    run = Run(json.load(sys.stdin))
    began, busy = time.monotonic(), time.process_time()
    uvloop.run(run.ask_all())
    lasted = time.monotonic() - began
    told = {
        "sent": run.sent,
        "statuses": dict(run.statuses),
        "seconds_each": [round(one, 6) for one in sorted(run.took)],
        "lasted": round(run.lasted, 3),
        "busy": round((time.process_time() - busy) / lasted, 3),
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
