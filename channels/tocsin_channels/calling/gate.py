"""The gate: no connection is made but to an address that has just been looked at.

Names are resolved here and every address they have must be allowed; the socket is made here too, for the very address
that it connects to. A name that leads elsewhere a moment later (DNS rebinding) gains nothing by it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from tocsin.domain.reach import Reach

Lookup = Callable[[str, int], list[tuple[Any, ...]]]
_LOOKUPS = 16  # at once: the system's resolver blocks a thread each


class Forbidden(OSError):
    """The address is not one that may be called."""


def look_up(host: str, port: int) -> list[tuple[Any, ...]]:
    """Ask the system's resolver, as `socket.getaddrinfo` answers."""
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG))


class Resolver(AbstractResolver):
    """Resolves names to addresses that `reach` allows; one that it does not allow forbids the name."""

    def __init__(self, reach: Reach, lookup: Lookup = look_up) -> None:
        self._reach = reach
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._lookup, host, port)
        results: list[ResolveResult] = []
        for kind, _, protocol, _, place in found:
            address = str(place[0])
            if not self._reach.allows(address, port):
                raise Forbidden(f"{host} leads to {address}")
            results.append(
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        return results

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def make_socket(reach: Reach) -> Callable[[tuple[Any, ...]], socket.socket]:
    """Return what makes the sockets of a connector: literal addresses, which need no resolver, come by here too."""

    def make(found: tuple[Any, ...]) -> socket.socket:
        kind, type_, protocol, _, place = found
        address, port = str(place[0]), int(place[1])
        if not reach.allows(address, port):
            raise Forbidden(f"{address} may not be called")
        made = socket.socket(kind, type_, protocol)
        made.setblocking(False)  # noqa: FBT003 - the socket's own signature
        return made

    return make
