"""The practice HTTP server: one port on loopback, where each provider's look-alike answers under its own paths."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from aiohttp import web

_LARGEST = 10_000_000


class LookAlike(Protocol):
    """One provider: it adds its paths, and is closed when the server ends."""

    def add_to(self, app: web.Application) -> None: ...

    async def close(self) -> None: ...


class PracticeHttp:
    """Answers on 127.0.0.1 while it is entered; `port` is where. Port 0 asks for any that is free."""

    def __init__(self, look_alikes: Sequence[LookAlike], port: int = 0) -> None:
        self.port = port
        self._look_alikes = look_alikes
        app = web.Application(client_max_size=_LARGEST)
        for look_alike in look_alikes:
            look_alike.add_to(app)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)

    @property
    def host(self) -> str:
        """Return where it is, as an address has it: 127.0.0.1:40123."""
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        for look_alike in self._look_alikes:
            await look_alike.close()
