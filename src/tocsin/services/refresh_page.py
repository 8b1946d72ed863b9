"""Renders the status page anew when something on it changed that is no update, and now and then as time passes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tocsin.domain.channel import Accepted, Channel, Message, Result
from tocsin.domain.outline import Planned
from tocsin.domain.page import Page
from tocsin.domain.rows import Version
from tocsin.domain.tokens import Signer
from tocsin.store import canaries, outbox
from tocsin.store.engine import Pool

# Days turn and promised times pass without any update; a file that was lost comes back.
LONGEST_SECONDS = 300.0


@dataclass(slots=True)
class PageDesk:
    """What it takes to show the page: where it is read from, and the channel that shows it."""

    channel: Channel
    pool: Pool
    read: Callable[[], Awaitable[Page]]
    secret: str
    rendered_at: float = field(default=float("-inf"))

    async def compose(self, planned: Sequence[Planned], versions: Mapping[int, Version]) -> list[Message]:
        """Return the page as it stands as the message of each of `planned`: there is one page endpoint."""
        self.rendered_at = asyncio.get_running_loop().time()
        rendered = await self.render()
        sign = Signer(self.secret, "delivery")
        return [
            Message(
                id=f"{versions[message.message].public_id}.{message.rows[0].endpoint}",
                address=message.rows[0].address,
                name="",
                rendered=rendered,
                endpoint=message.rows[0].endpoint,
                token="",
                delivery=sign.make(message.message, message.rows[0].endpoint_id),
            )
            for message in planned
        ]

    async def render(self) -> object:
        """Return the page as it stands; in a thread, since whoever else works in this process need not wait for it."""
        return await asyncio.to_thread(self.channel.render, await self.read())


async def refresh_page(desk: PageDesk) -> bool:
    """Render the page where a promise says so or it is old; return whether it was rendered."""
    now = asyncio.get_running_loop().time()
    async with desk.pool.acquire() as connection:
        promises = await outbox.page_is_due(connection)
        flying = await canaries.flying(connection, desk.channel.name)
    if not (promises or flying) and now - desk.rendered_at < LONGEST_SECONDS:
        return False
    results: list[Result] = []
    message = Message("page", "page", "", await desk.render(), "page", "", "")
    await desk.channel.send([message], lambda _, result: results.append(result))
    if not results or not isinstance(results[0], Accepted):
        raise OSError(f"The status page could not be written: {results[0] if results else 'no answer'}")
    desk.rendered_at = now
    async with desk.pool.acquire() as connection:
        await outbox.page_is_rendered(connection, promises)
        await canaries.arrive(connection, flying)
    return True
