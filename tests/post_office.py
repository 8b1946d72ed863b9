"""Notices on their way to people: the real desk of a worker, over a provider that keeps what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from delivery.provider import Provider
from tocsin.domain.channel import ChannelName, Limits
from tocsin.domain.notice import Notice
from tocsin.domain.patience import Patience
from tocsin.languages import read_languages
from tocsin.services.desk import Desk
from tocsin.services.send_notices import send_notices
from tocsin.settings import Settings


@dataclass
class Carrier(Provider):
    """A channel that carries notices as they are."""

    def render_notice(self, notice: Notice) -> object:
        return notice


@dataclass
class PostOffice:
    """One desk a channel; `notices` are what each address got, oldest first."""

    engine: AsyncEngine
    settings: Settings
    carriers: dict[ChannelName, Carrier] = field(default_factory=dict[ChannelName, Carrier])

    def desk(self, channel: ChannelName) -> Desk:
        carrier = self.carriers.setdefault(
            channel, Carrier(name=channel, limits=Limits(batch=50, in_flight=1, merges=True))
        )
        return Desk(
            engine=self.engine,
            channel=carrier,
            languages=read_languages(Path("/nowhere")).languages,
            patience=Patience(),
            brand=self.settings.brand,
            url=self.settings.url,
            secret=self.settings.secret.get_secret_value(),
            confirm_hours=self.settings.subscribe.confirm_hours,
            manage_days=self.settings.subscribe.manage_days,
        )

    async def send(self, channel: ChannelName = ChannelName.EMAIL) -> int:
        return await send_notices(self.desk(channel))

    async def notices(self, address: str, channel: ChannelName = ChannelName.EMAIL) -> list[Notice]:
        """Send what is due and return all that `address` got."""
        await self.send(channel)
        sent = self.carriers[channel].sent
        return [m.rendered for m in sent if m.address == address and isinstance(m.rendered, Notice)]

    async def path(self, address: str, channel: ChannelName = ChannelName.EMAIL) -> str:
        """Return where the newest notice's link leads, without the host."""
        return (await self.notices(address, channel))[-1].url.removeprefix(self.settings.url)
