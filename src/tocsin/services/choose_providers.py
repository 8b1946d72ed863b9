"""What operators see of a channel's providers, and what they decide about them, on record with who did."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import Carried, Channel
from tocsin.domain.errors import NotFound
from tocsin.domain.judge import Judgement
from tocsin.domain.provider import FULL_HEALTH, Breaker, Condition, Share, Wish
from tocsin.domain.tally import NOTHING, Tally
from tocsin.store import provider_changes
from tocsin.store import providers as store
from tocsin.store.engine import bare
from tocsin.store.provider_changes import Changed


@dataclass(frozen=True, slots=True)
class Carrier:
    """One provider: what it is meant to carry, how it fares, its tally of the last minute, its newest changes first.

    `turned` is the change since which messages go to it, or do not; None where nothing was changed yet.
    """

    share: Share
    condition: Condition
    tally: Tally
    changes: list[Changed]
    turned: Changed | None = None

    @property
    def weight(self) -> int:
        return self.share.weight if self.condition.weight is None else self.condition.weight

    @property
    def state(self) -> str:
        """Return what operators want where they want something, else what health decided."""
        return self.condition.breaker if self.condition.wish is Wish.AUTO else self.condition.wish


async def carriers(connection: AsyncConnection, channel: Channel, changes: int = 10) -> list[Carrier]:
    """Return who carries a channel, with so many changes of each; nobody where nothing is carried for it."""
    if not isinstance(channel, Carried):
        return []
    driver = await bare(connection)
    seen = await store.add_and_read(driver, channel.name, {})
    newest = await provider_changes.newest_changes(driver, channel.name, changes)
    turned = await provider_changes.turning_points(driver, channel.name)
    return [
        Carrier(
            share,
            seen.conditions.get(share.provider, Condition(share.provider)),
            seen.tallies.get(share.provider, NOTHING),
            newest.get(share.provider, []),
            turned.get(share.provider),
        )
        for share in channel.shares
    ]


async def choose(
    connection: AsyncConnection, channel: Channel, provider: str, by: str, weight: int | None, wish: Wish | None
) -> None:
    """Set the weight of a provider, or whether it is used; raise NotFound where there is no such one.

    Whatever health had decided of it is forgotten with the second: it begins anew.
    """
    if provider not in _names(channel):
        raise no_provider(channel, provider)
    driver = await bare(connection)
    await store.register(driver, channel.name, [provider])
    before = await store.lock(driver, channel.name, provider)
    after = before if weight is None else replace(before, weight=weight)
    if wish is not None:
        after = replace(after, wish=wish, health=FULL_HEALTH, breaker=Breaker.CLOSED, trips=0, next_try=0.0)
    if after != before:
        await store.write(driver, channel.name, before, Judgement(after, "an operator decided so"), by)


def no_provider(channel: Channel, provider: str) -> NotFound:
    """Return what is raised where a channel has no provider so named."""
    names = _names(channel)
    there = f"There are: {', '.join(names)}." if names else "Nothing is carried for this channel."
    return NotFound(f"There is no provider {provider!r} here. {there}")


def _names(channel: Channel) -> list[str]:
    return [share.provider for share in channel.shares] if isinstance(channel, Carried) else []
