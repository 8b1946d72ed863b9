"""What a subscriber chose about when is kept on the whole way: held, merged and told, never dropped."""

from __future__ import annotations

import json
from typing import Any

from delivery.world import World


async def choose(world: World, address: str, **timing: Any) -> None:
    stored = {"mode": "realtime", "digest_at": None, "quiet_hours": None, "sev1_breaks_quiet": True} | timing
    await world.run(
        "UPDATE endpoint SET timing = CAST(:timing AS jsonb) WHERE address = :address",
        timing=json.dumps(stored),
        address=address,
    )


async def noon(world: World) -> None:
    """Let it be noon, UTC, of the day after tomorrow."""
    await world.run(
        "UPDATE clock SET shift = date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') + interval '60 hours'"
        " - (clock_timestamp() AT TIME ZONE 'UTC')"
    )


async def test_a_daily_digest_tells_of_everything_in_one_message_at_its_hour(world: World) -> None:
    await world.person("reader@example.com")
    await choose(world, "reader@example.com", mode="daily", digest_at="18:00")
    await noon(world)
    first = await world.tell("The shop is slow.", severity="sev3")
    await world.tell("Search is down.", severity="sev3")
    await world.tell("The shop is fast again.", about=first, status="resolved")
    assert world.email.sent == []
    assert await world.ledger("reader@example.com") == [
        (1, "superseded", "newer_version"),
        (1, "held", "digest"),
        (2, "skipped", "already_over"),
    ]
    await world.later(6 * 3600 + 1)
    await world.deliver()
    assert world.email.texts_to("reader@example.com") == [["Search is down."]]


async def test_quiet_hours_hold_routine_news_and_let_the_gravest_through(world: World) -> None:
    quiet = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "11:00", "to": "14:00"}]
    for name in ("sleeper", "deep"):
        await world.person(f"{name}@example.com")
        await choose(world, f"{name}@example.com", quiet_hours=quiet, sev1_breaks_quiet=name == "sleeper")
    await noon(world)
    await world.tell("The shop is slow.", severity="sev3")
    assert world.email.sent == []
    assert await world.ledger("deep@example.com") == [(1, "held", "quiet_hours")]
    await world.tell("Everything is down.", severity="sev1")
    assert world.email.texts_to("sleeper@example.com") == [["Everything is down.", "The shop is slow."]]
    assert world.email.texts_to("deep@example.com") == []
    await world.later(2 * 3600 + 1)
    await world.deliver()
    assert world.email.texts_to("deep@example.com") == [["Everything is down.", "The shop is slow."]]


async def test_the_hours_are_those_of_the_readers_own_time_zone(world: World) -> None:
    await world.person("far@example.com")
    await world.run("UPDATE subscriber SET time_zone = 'Asia/Tokyo'")
    night = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "20:00", "to": "23:00"}]
    await choose(world, "far@example.com", quiet_hours=night)
    await noon(world)  # 21:00 in Tokyo
    await world.tell("The shop is slow.", severity="sev3")
    assert world.email.sent == []
    await world.later(2 * 3600 + 1)
    await world.deliver()
    assert len(world.email.sent) == 1
