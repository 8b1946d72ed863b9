"""What every page and route may use: one frozen `Site`, made when the application starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import Channel, ChannelName
from tocsin.domain.errors import NotReady
from tocsin.domain.policy import Policy
from tocsin.services.canary import Canaries
from tocsin.services.hint import Hints
from tocsin.settings import Settings
from tocsin.store.engine import Pool


@dataclass(slots=True)
class _Later:
    """Audiences come from the database, which may be down when the web starts: pages are served all the same."""

    audiences: Audiences | None = None
    pool: Pool | None = None


@dataclass(frozen=True, slots=True)
class Site:
    settings: Settings
    policy: Policy
    engine: AsyncEngine
    hints: Hints
    channels: Mapping[ChannelName, Channel]
    canaries: Canaries = field(default_factory=lambda: Canaries({}, 0.0))
    later: _Later = field(default_factory=_Later)
    # Counted in each web process for itself: what slows a guesser need not be exact.
    tries: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    @property
    def audiences(self) -> Audiences:
        """Return the audiences; raise NotReady where the database has not answered since the start."""
        if self.later.audiences is None:
            raise NotReady(
                "The database does not answer yet. Try again in a few seconds; /readyz says what is missing."
            )
        return self.later.audiences

    @property
    def pool(self) -> Pool:
        """Return the driver's own connections, for what comes by the hundreds a second."""
        if self.later.pool is None:
            raise NotReady("The web is still starting. Try again in a few seconds.")
        return self.later.pool


async def site(request: Request) -> Site:  # a plain function would be run in a thread, at each request
    """Return the one Site of this application."""
    found = request.app.state.site
    assert isinstance(found, Site)
    return found


SiteDep = Annotated[Site, Depends(site)]
