"""Maintenances planned in a small world, told of, and moved on by its clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from delivery.world import World
from tocsin.domain.component import ComponentStatus
from tocsin.domain.maintenance import ByClock, Window
from tocsin.domain.update import Draft
from tocsin.languages import read_languages
from tocsin.services.audit import audit
from tocsin.services.keep_schedule import keep_schedule
from tocsin.services.publish import Published
from tocsin.services.schedule import Asked, say_more, schedule
from tocsin.store import components
from tocsin.store.audit import Finding
from tocsin.store.engine import begin

HOUR = 3600
_LANGUAGES = read_languages(Path("/nowhere")).languages
BEGINS_IN, LASTS = 3 * HOUR, 2 * HOUR


async def now(world: World) -> datetime:
    [(at,)] = await world.rows("SELECT tocsin_now()")
    return at  # type: ignore[no-any-return]


async def plan(
    world: World,
    body: str = "We replace the database.",
    *,
    begins_in: float = BEGINS_IN,
    lasts: float = LASTS,
    auto: bool = True,
    remind_before: float = HOUR,
    touches: tuple[str, ...] = (),
    **more: Any,
) -> Published:
    """Plan a maintenance, tell of it, and return it."""
    starts_at = await now(world) + timedelta(seconds=begins_in)
    draft = Draft(
        body=body,
        title="New database",
        components=dict.fromkeys(touches, ComponentStatus.OPERATIONAL),
        window=Window(starts_at, starts_at + timedelta(seconds=lasts)),
        **more,
    )
    wanted = ByClock(auto, auto, timedelta(seconds=remind_before))
    async with world.pool.acquire() as connection, connection.transaction():
        said = await schedule(connection, draft, wanted, world.policy, world.audiences, "test")
    await tell(world)
    return said


async def more(world: World, about: Published, body: str, asked: Asked | None = None, **said: Any) -> Published:
    draft = Draft(body=body, **said)
    async with world.pool.acquire() as connection, connection.transaction():
        answer = await say_more(
            connection, about.incident_id, draft, asked or Asked(), world.policy, world.audiences, "test"
        )
    await tell(world)
    return answer


async def tell(world: World) -> None:
    """Fan out and deliver, also what waits a moment for more."""
    await world.spread()
    await world.deliver()
    await world.later(40)
    await world.deliver()


async def until(world: World, seconds: float) -> int:
    """Let time pass and the clock do what is due; return how many steps that were."""
    await world.later(seconds)
    steps = await step(world)
    await tell(world)
    return steps


async def step(world: World) -> int:
    """Let the clock do what is due, as a worker does; return how many steps that were."""
    return await keep_schedule(world.pool, world.policy, world.audiences, _LANGUAGES)


async def states(world: World) -> list[str]:
    """Return what was said, and by whom."""
    return [f"{status} by {who}" for status, who in await world.rows(_SAID)]


_SAID = "SELECT status, created_by FROM incident_update ORDER BY id"


async def broken(world: World) -> list[Finding]:
    async with world.pool.acquire() as connection:
        return [one for one in await audit(connection) if one.n]


async def shown(world: World, slug: str) -> str:
    async with begin(world.engine) as connection:
        found = await components.find(connection, slug)
    assert found is not None
    return found.current.value
