"""A receiver that takes nothing for days, on the real store with the time shifted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from delivery.provider import Provider
from delivery.world import World
from post_office import PostOffice
from tocsin.domain.channel import Accepted, ChannelName, Limits, OnUnknown, Result
from tocsin.domain.errors import TryAgain
from tocsin.services.sweep import keep_house
from tocsin.settings import Settings

HOOK = "https://hooks.example.com/tocsin"
HOUR = 3600.0
REFUSED = TryAgain("Answered 500: the receiver stumbled.", code=500)


def receivers(answer: Callable[[], Result], name: ChannelName = ChannelName.WEBHOOK) -> Provider:
    """Return a channel all of whose receivers answer alike."""
    return Provider(
        answer=lambda _: answer(),
        name=name,
        limits=Limits(batch=500, in_flight=2, merges=False, disables=True),
        on_unknown=OnUnknown.RESEND_FREELY,
    )


@dataclass
class Days:
    """Days of an incident with an update every few hours, and one webhook that answers as `answer` says."""

    world: World
    answer: Result = REFUSED
    provider: Provider = field(init=False)
    office: PostOffice = field(init=False)

    def __post_init__(self) -> None:
        self.provider = receivers(lambda: self.answer)
        settings = Settings(brand="Acme", home=Path("/nowhere"), secret=SecretStr("s" * 32))
        self.office = PostOffice(self.world.engine, settings)

    async def somebody(self, *, mail: bool = True, locale: str = "en") -> int:
        """Add somebody with a webhook and, where they have one, an e-mail address; return the webhook's id."""
        hook = await self.world.person(HOOK, channel=ChannelName.WEBHOOK)
        [(subscriber,)] = await self.world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=hook)
        await self.world.run("UPDATE subscriber SET locale = :locale WHERE id = :id", locale=locale, id=subscriber)
        if mail:
            await self.world.person("ada@example.com", subscriber=subscriber)
        return hook

    async def go_on(self, hours: float, every: float = 6.0) -> None:
        """Let hours pass with an update, a look at what is due and the housekeeping, each so many hours."""
        for _ in range(round(hours / every)):
            await self.world.later(every * HOUR)
            await self.update()

    async def update(self) -> None:
        await self.world.say("It is down.", severity="sev1")
        await self.world.spread()
        await self.world.deliver(self.world.way(provider=self.provider))
        await keep_house(self.world.pool)
        await self.office.send()

    async def state(self) -> str:
        [(state,)] = await self.world.rows("SELECT state::text FROM endpoint WHERE address = :hook", hook=HOOK)
        return str(state)

    async def because(self) -> str:
        [(reason,)] = await self.world.rows("SELECT state_reason FROM endpoint WHERE address = :hook", hook=HOOK)
        return str(reason)


TOOK: Result = Accepted(code=200)
