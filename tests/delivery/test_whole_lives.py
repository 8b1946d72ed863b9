"""Fifty lives on PostgreSQL, with two workers at once, keep all promises; whatever breaks one is caught."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import pytest

from delivery.whole_lives import lead
from delivery.world import World
from tocsin.domain import tell, told, waiting
from tocsin.domain.rows import Version
from tocsin.domain.timing import Held, held
from tocsin.store import claim, opt_out

LIVES = 50
FLOORS = {
    "updates": 200,
    "messages": 200,
    "merged": 10,
    "quiet_hours": 5,
    "digest": 30,
    "paced": 4,
    "try again": 5,
    "no answer": 3,
    "dead": 2,
    "stood in": 2,
    "opt out": 10,
    "opted_out": 5,
    "snooze": 10,
    "snoozed": 3,
    "already_over": 3,
}


async def led(world: World, seeds: range) -> tuple[dict[str, list[int]], Counter[str]]:
    """Lead many lives; return the seeds of those that broke a guarantee, and how often what happened."""
    happened: Counter[str] = Counter()
    broken: dict[str, list[int]] = {}
    for seed in seeds:
        found, counts = await lead(world, seed)
        happened.update(counts)
        for name in found:
            broken.setdefault(name, []).append(seed)
    print(f"{len(seeds)} lives: " + ", ".join(f"{n} {what}" for what, n in sorted(happened.items())))  # noqa: T201
    return broken, happened


@pytest.mark.timeout(900)
async def test_the_guarantees_hold_the_whole_way(world: World) -> None:
    broken, happened = await led(world, range(LIVES))
    assert broken == {}
    assert {name: happened[name] for name, floor in FLOORS.items() if happened[name] < floor} == {}


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_the_guarantees_hold_in_five_hundred_lives(world: World) -> None:
    broken, happened = await led(world, range(1000, 1500))
    assert broken == {}
    assert {name: happened[name] for name, floor in FLOORS.items() if happened[name] < 8 * floor} == {}


async def caught(world: World, name: str, lives: int = 20) -> bool:
    """Tell whether some life breaks the guarantee `name`."""
    for seed in range(lives):
        found, _ = await lead(world, seed)
        if name in found:
            return True
    return False


async def test_a_lost_lock_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    source = inspect.getsource(claim.lease)
    for locked, open_ in [
        (" AND lease_until <= $2", ""),
        ("FOR UPDATE SKIP LOCKED", ""),
        ("silent = sorted(", "silent = [] and sorted("),
    ]:
        assert locked in source
        source = source.replace(locked, open_)
    names = dict(vars(claim))
    exec(compile(source, "lease", "exec"), names)
    monkeypatch.setattr(claim, "lease", names["lease"])
    try:
        assert await caught(world, "D2 the same thing twice")
    except asyncpg.CheckViolationError as refused:  # one worker ends what another has under way: the table refuses it
        assert refused.table_name == "bucket"  # noqa: PT017 - either will do


async def test_quiet_hours_and_digests_that_never_end_are_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*args: Any, **how: Any) -> Held | None:
        found = held(*args, **how)
        return found and found._replace(until=found.until + 100 * 86_400)

    monkeypatch.setattr(waiting, "held", endless)
    assert await caught(world, "G4 something is owed for ever")


async def test_forgetting_what_a_merged_message_told_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(before: Sequence[int], now: Sequence[int], versions: Mapping[int, Version]) -> list[int]:
        return told.told_after(before, [max(now)], versions)

    monkeypatch.setattr(tell, "told_after", forgetful)
    assert await caught(world, "G4 told open and never closed")


async def test_writing_after_an_opt_out_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(*_: Any) -> bool:
        await asyncio.sleep(0)
        return True

    monkeypatch.setattr(opt_out, "opt_out", deaf)
    assert await caught(world, "written to after opting out")
