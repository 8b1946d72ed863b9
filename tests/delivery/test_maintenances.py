"""Maintenances go by the clock from one state to the next, and their components with them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from delivery.planning import BEGINS_IN, HOUR, LASTS, more, now, plan, shown, states, step, tell, until
from delivery.world import World
from tocsin.domain.errors import Conflict, IllegalMove, Refused
from tocsin.domain.incident import Status
from tocsin.services.schedule import Asked
from tocsin.store import outbox

WHO = "someone@example.com"


async def test_it_reminds_begins_and_ends_by_itself_and_each_is_an_update(world: World) -> None:
    await world.component("shop")
    await world.person(WHO)
    await plan(world, touches=("shop",))
    assert await until(world, BEGINS_IN - HOUR - 100) == 0
    assert await until(world, 100) == 1
    assert await shown(world, "shop") == "operational"
    assert await until(world, HOUR) == 1
    assert await shown(world, "shop") == "under_maintenance"
    assert await until(world, LASTS) == 1
    assert await shown(world, "shop") == "operational"
    assert await states(world) == [
        "scheduled by test",
        "scheduled by clock",
        "in_progress by clock",
        "completed by clock",
    ]
    assert world.email.texts_to(WHO) == [
        ["We replace the database."],
        ["A reminder: this maintenance is about to begin."],
        ["This maintenance has begun."],
        ["This maintenance is complete."],
    ]
    assert {state for _, state, _ in await world.ledger(WHO)} == {"accepted"}
    assert await until(world, 30 * 24 * HOUR) == 0


async def test_however_many_workers_look_each_step_is_said_once(world: World) -> None:
    await plan(world, remind_before=0)
    await world.later(BEGINS_IN)
    looks = (step(world) for _ in range(4))
    assert sum(await asyncio.gather(*looks)) == 1
    assert await states(world) == ["scheduled by test", "in_progress by clock"]


async def test_a_clock_that_stood_still_says_how_things_are_now(world: World) -> None:
    await world.person(WHO)
    await plan(world)
    await world.later(BEGINS_IN + LASTS + HOUR)
    for _ in range(3):
        await step(world)
    await tell(world)
    assert await states(world) == ["scheduled by test", "in_progress by clock", "completed by clock"]
    assert world.email.texts_to(WHO)[1:] == [["This maintenance is complete."]]


async def test_one_that_cannot_be_moved_on_keeps_no_other_one_waiting(world: World) -> None:
    await plan(world, remind_before=0)
    await plan(world, remind_before=0)
    await world.run("UPDATE incident_update SET audiences = 1 << 29 WHERE id = 1")  # an audience that is not there
    await world.later(BEGINS_IN)
    assert await step(world) == 1
    assert await states(world) == ["scheduled by test", "scheduled by test", "in_progress by clock"]


async def test_the_sweeper_is_woken_when_a_step_is_due(world: World) -> None:
    await plan(world, remind_before=0)
    async with world.pool.acquire() as connection:
        seconds = await outbox.next_due(connection)
        assert seconds is not None
        assert BEGINS_IN - 200 < seconds <= BEGINS_IN
    await until(world, BEGINS_IN)
    await until(world, LASTS)
    async with world.pool.acquire() as connection:
        assert await outbox.next_due(connection) is None


async def test_what_waits_for_people_is_moved_on_by_them(world: World) -> None:
    await world.person(WHO)
    about = await plan(world, auto=False, remind_before=0)
    assert await until(world, BEGINS_IN + LASTS) == 0
    await more(world, about, "We begin.", status=Status.IN_PROGRESS)
    await more(world, about, "We look whether it works.", status=Status.VERIFYING)
    await more(world, about, "All is well.", status=Status.COMPLETED)
    assert world.email.texts_to(WHO)[-1] == ["All is well."]
    with pytest.raises(IllegalMove, match="From here it can become: completed"):
        await more(world, about, "Again.", status=Status.IN_PROGRESS)


async def test_one_that_begins_at_once_is_under_way_from_its_first_word_on(world: World) -> None:
    await world.component("shop")
    await plan(world, begins_in=-60, touches=("shop",))
    assert await states(world) == ["in_progress by test"]
    assert await shown(world, "shop") == "under_maintenance"
    assert await until(world, LASTS) == 1


async def test_one_whose_time_has_come_waits_for_people_all_the_same(world: World) -> None:
    await plan(world, begins_in=-60, auto=False)
    assert await step(world) == 0
    assert await states(world) == ["scheduled by test"]


async def test_whether_it_begins_by_itself_is_taken_back_and_wanted_again(world: World) -> None:
    about = await plan(world, remind_before=0)
    await more(world, about, "We begin by hand.", Asked(auto_start=False))
    assert await until(world, BEGINS_IN) == 0
    await more(world, about, "Let it begin.", Asked(auto_start=True))
    assert await step(world) == 1


async def test_what_is_said_before_a_worker_begins_it_is_taken_and_what_was_to_be_over_is_not(world: World) -> None:
    about = await plan(world, remind_before=0)
    await world.later(BEGINS_IN)
    await more(world, about, "It begins any moment.")
    assert await step(world) == 1
    await world.later(LASTS)
    with pytest.raises(Refused, match="This was to be over by now"):
        await more(world, about, "It goes on.")
    await more(world, about, "All is well.", status=Status.VERIFYING, asked=Asked(auto_complete=False))
    assert await step(world) == 0


async def test_one_that_moves_reminds_anew_and_begins_at_its_new_time(world: World) -> None:
    await world.person(WHO)
    about = await plan(world)
    await until(world, BEGINS_IN - HOUR)
    later = await now(world) + timedelta(days=1)
    await more(world, about, "A day later.", Asked(later, later + timedelta(hours=1)))
    assert await until(world, 2 * HOUR) == 0, "the old time has passed"
    assert await until(world, 24 * HOUR - 3 * HOUR) == 1
    assert (await states(world))[-1] == "scheduled by clock"
    assert await until(world, HOUR) == 1
    assert await until(world, HOUR) == 1
    assert (await states(world))[-2:] == ["in_progress by clock", "completed by clock"]


async def test_one_in_progress_takes_longer_and_ends_then(world: World) -> None:
    await world.component("shop")
    about = await plan(world, touches=("shop",), remind_before=0)
    await until(world, BEGINS_IN)
    ends_at = await now(world) + timedelta(seconds=LASTS + HOUR)
    with pytest.raises(Conflict, match="only scheduled_until moves"):
        await more(world, about, "Not yet.", Asked(starts_at=ends_at, ends_at=ends_at + timedelta(hours=1)))
    await more(world, about, "It takes an hour more.", Asked(ends_at=ends_at))
    assert await until(world, LASTS) == 0
    assert await shown(world, "shop") == "under_maintenance"
    assert await until(world, HOUR) == 1
    assert await shown(world, "shop") == "operational"


async def test_two_of_one_component_end_each_by_itself(world: World) -> None:
    await world.component("shop")
    await plan(world, touches=("shop",), remind_before=0)
    await plan(world, touches=("shop",), remind_before=0, begins_in=BEGINS_IN + HOUR)
    await until(world, BEGINS_IN)
    await until(world, HOUR)
    await until(world, HOUR)
    assert (await states(world))[-1] == "completed by clock"
    assert await shown(world, "shop") == "under_maintenance", "the other one goes on"
    await until(world, HOUR)
    assert await shown(world, "shop") == "operational"


async def test_an_incident_in_the_same_component_wins_and_hands_set_state_comes_back(world: World) -> None:
    await world.component("shop")
    await world.run("UPDATE component SET status = 'degraded_performance'")
    await plan(world, touches=("shop",), remind_before=0)
    await until(world, BEGINS_IN)
    assert await shown(world, "shop") == "degraded_performance"
    broken = await world.tell("It broke.", components={"shop": "major_outage"})
    assert await shown(world, "shop") == "major_outage"
    await until(world, LASTS)
    assert await shown(world, "shop") == "major_outage"
    await world.tell("Mended.", about=broken, status="resolved")
    assert await shown(world, "shop") == "degraded_performance"
