"""Mirrors the audiences of policy.toml in the database; an audience's id is for good, its rank may move."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tocsin.domain.audience import Audience, Audiences
from tocsin.domain.errors import Refused
from tocsin.domain.policy import Policy
from tocsin.store import audiences as store
from tocsin.store.engine import begin

_HIGHEST_ID = 30


async def sync_audiences(engine: AsyncEngine, policy: Policy) -> Audiences:
    """Write the policy's audiences and the status page's own endpoint; raise Refused where one in use is gone."""
    async with begin(engine) as connection:
        await store.one_at_a_time(connection)
        there = {audience.name: audience.id for audience in await store.read(connection)}
        await _refuse_missing(connection, policy, there)
        free = iter(sorted(set(range(_HIGHEST_ID + 1)) - set(there.values())))
        wanted = [Audience(there[name] if name in there else next(free), name, rank)
                  for rank, name in enumerate(policy.audiences)]  # fmt: skip
        await store.write(connection, wanted)
        audiences = Audiences.of(wanted)
        await store.keep_page_endpoint(connection, audiences.widest)
        return audiences


async def read_audiences(connection: AsyncConnection) -> Audiences:
    """Return the audiences as `sync_audiences` last wrote them."""
    return Audiences.of(await store.read(connection))


async def _refuse_missing(connection: AsyncConnection, policy: Policy, there: dict[str, int]) -> None:
    for name, audience_id in there.items():
        if name in policy.audiences:
            continue
        if await store.in_use(connection, 1 << audience_id):
            raise Refused(
                f"policy.toml no longer has the audience {name!r}, but subscribers or updates belong to it. "
                "Put it back, or move them to another audience first.",
                field="audiences",
            )
        await store.remove(connection, audience_id)
