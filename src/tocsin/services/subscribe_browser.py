"""Subscribes the browser that asks, by what only it can know: its subscription, keys and all.

It hears what the public hears. Nothing tells whoever asks whether a browser was known here.
"""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Conflict
from tocsin.domain.subscriber import NewEndpoint, NewSubscriber, Preference
from tocsin.domain.subscription import Subscription
from tocsin.services.subscribe import subscribe
from tocsin.services.unsubscribe import yielding
from tocsin.store import browsers as store
from tocsin.store import opt_out
from tocsin.store.engine import begin

log = structlog.get_logger()


async def subscribe_browser(
    engine: AsyncEngine, audiences: Audiences, browser: Subscription, locale: str, replaces: Subscription | None = None
) -> None:
    """Write to `browser` from now on, in `locale` where there are words in it; asking twice changes nothing.

    `replaces` is what the browser had before: its endpoint goes on with the new address and all that was chosen for it.
    """
    async with begin(engine) as connection:
        done = await _subscribe(connection, audiences, browser, locale, replaces)
    log.info("browser.subscribed", what=done)


async def end_browser(engine: AsyncEngine, browser: Subscription) -> None:
    """Stop writing to `browser`; where it is not known, or its keys are others, nothing happens."""
    async for attempt in yielding():
        with attempt:
            async with begin(engine) as connection:
                kept = await store.find(connection, browser)
                if kept is not None and kept.address == browser.written:
                    await opt_out.opt_out(connection, kept.id, "stopped in the browser")


async def _subscribe(
    connection: AsyncConnection, audiences: Audiences, browser: Subscription, locale: str, replaces: Subscription | None
) -> str:
    kept = await store.find(connection, browser)
    if kept is not None:
        if kept.address != browser.written:  # the same address with other keys: whoever this is, it is not that browser
            return "refused"
        await store.activate(connection, kept.id)
        return "known"
    before = await store.find(connection, replaces) if replaces is not None else None
    if before is not None and replaces is not None and before.address == replaces.written:
        await store.move(connection, before.id, browser)
        return "moved"
    endpoint = NewEndpoint(ChannelName.PUSH, browser.written, browser.endpoint, EndpointState.ACTIVE, Preference())
    try:
        await subscribe(connection, NewSubscriber("", locale, "UTC", audiences.widest.bit, (endpoint,)), audiences)
    except Conflict:
        return "known"  # it asked twice in the same moment
    return "new"
