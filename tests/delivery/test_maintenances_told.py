"""Who hears of maintenances, in which words, how often, and that the ledger keeps its promises meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.planning import BEGINS_IN, HOUR, LASTS, broken, more, plan, step, until
from delivery.world import World
from tocsin.domain.errors import Conflict, NotFound
from tocsin.domain.incident import Kind, Severity, Status
from tocsin.domain.policy import Required

_MAINTENANCE = 16  # the phase
WHO = "someone@example.com"


async def test_everyone_reads_the_clocks_words_in_their_language(world: World) -> None:
    await world.person(WHO)
    await world.person("oncall@example.com", ("oncall",))
    await world.run("UPDATE subscriber SET locale = 'de'")
    await plan(world)
    await until(world, BEGINS_IN)
    assert world.email.texts_to(WHO)[-1] == ["Diese Wartung hat begonnen."]
    assert world.email.texts_to("oncall@example.com")[-1] == ["Diese Wartung hat begonnen."]


async def test_whoever_heard_of_it_hears_that_it_is_cancelled_and_nobody_else(world: World) -> None:
    await world.person(WHO)
    about = await plan(world)
    await world.person("new@example.com")
    await more(world, about, "It is off.", status=Status.CANCELLED)
    assert world.email.texts_to(WHO)[-1] == ["It is off."]
    assert world.email.texts_to("new@example.com") == []
    assert await world.ledger("new@example.com") == [(2, "skipped", "already_over")]
    assert await until(world, BEGINS_IN + LASTS) == 0


async def test_the_end_is_told_to_whoever_heard_the_beginning_whatever_they_choose_since(world: World) -> None:
    endpoint = await world.person(WHO, phases=_MAINTENANCE)
    await plan(world, remind_before=0)
    await world.run("UPDATE endpoint SET phases = 8 WHERE id = :id", id=endpoint)
    await until(world, BEGINS_IN)
    await until(world, LASTS)
    assert world.email.texts_to(WHO) == [["We replace the database."], ["This maintenance is complete."]]


async def test_who_chose_phases_hears_of_it_only_where_maintenance_is_among_them(world: World) -> None:
    await world.person(WHO, phases=1 | 2 | 4 | 8)
    await world.person("planner@example.com", phases=_MAINTENANCE)
    await plan(world, remind_before=0)
    await until(world, BEGINS_IN)
    assert await world.ledger(WHO) == [(1, "skipped", "phase_not_chosen"), (2, "skipped", "phase_not_chosen")]
    assert len(world.email.texts_to("planner@example.com")) == 2


async def test_who_asked_for_graver_incidents_hears_of_it_all_the_same(world: World) -> None:
    await world.person(WHO, least="sev1")
    await plan(world)
    assert await world.ledger(WHO) == [(1, "accepted", None)]


async def test_who_chose_other_components_hears_nothing_of_it(world: World) -> None:
    await world.component("shop")
    await world.component("search")
    await world.person(WHO, components=("search",))
    await plan(world, touches=("shop",))
    assert await world.ledger(WHO) == [(1, "skipped", "components_not_chosen")]


async def test_policy_has_it_as_the_least_severe_of_incidents(world: World) -> None:
    world.policy = replace(world.policy, addressed={**world.policy.addressed, Severity.SEV4: ("oncall",)})
    await world.person(WHO)
    await world.person("oncall@example.com", ("oncall",))
    await plan(world)
    assert await world.ledger(WHO) == []
    assert await world.ledger("oncall@example.com") == [(1, "accepted", None)]


async def test_it_is_never_urgent_and_required_of_nobody_whatever_the_policy_says(world: World) -> None:
    all_of_them = Required(frozenset(Severity), frozenset(Kind), ("customers",))
    world.policy = replace(world.policy, urgent=Severity.SEV4, required=(all_of_them,))
    await world.person(WHO)
    await world.person("other@example.com", phases=1 | 2 | 4 | 8)
    await plan(world, remind_before=0)
    await until(world, BEGINS_IN)
    assert await world.rows("SELECT bool_or(urgent) FROM outbox WHERE kind = 'fan_out'") == [(False,)]
    assert await world.rows("SELECT max(greatest(u1, u2)) FROM pace") == [(0.0,)]
    assert {state for _, state, _ in await world.ledger("other@example.com")} == {"skipped"}


async def test_flood_control_holds_what_the_clock_says(world: World) -> None:
    await world.person(WHO)
    for number in range(8):  # all at the same time: telling of each takes forty seconds
        await plan(world, f"Number {number}.", begins_in=2 * HOUR - 40 * number, lasts=60, remind_before=0)
    await world.later(2 * HOUR - 8 * 40)
    before = len(world.email.texts_to(WHO))
    for _ in range(4):
        await world.later(30)
        await step(world)
        await world.spread()
        await world.deliver()
    assert len(world.email.texts_to(WHO)) - before <= 3
    await world.later(3 * HOUR)
    await world.deliver()
    told = [text for texts in world.email.texts_to(WHO) for text in texts]
    assert told.count("This maintenance is complete.") == 8


async def test_words_for_the_inside_alone_do_not_keep_the_others_from_the_next_step(world: World) -> None:
    await world.person(WHO)
    both, german = ("oncall", "customers"), {"customers.de": "Neue Datenbank"}
    about = await plan(world, remind_before=0, audiences=both)
    await more(world, about, "Half of it.", title="Half a new database", titles=german)
    inside = "psp-gw-3 goes"
    await more(world, about, inside, title=inside, titles={"oncall": inside}, audiences=("oncall",), notify=False)
    await until(world, BEGINS_IN)
    assert world.email.texts_to(WHO)[-1] == ["This maintenance has begun."]
    said = await world.rows("SELECT title, titles, audiences, notify FROM incident_update ORDER BY version DESC")
    assert said[:1] == [("Half a new database", german, world.audiences.mask(both), True)]


async def test_of_what_nobody_was_told_the_clock_tells_nobody(world: World) -> None:
    await world.person(WHO)
    await plan(world, notify=False)
    await until(world, BEGINS_IN)
    assert await until(world, LASTS) == 1
    assert world.email.texts_to(WHO) == []
    assert await world.rows("SELECT DISTINCT notify FROM incident_update") == [(False,)]


async def test_an_incident_is_no_maintenance_and_the_other_way_round(world: World) -> None:
    incident, planned = await world.say("It is down."), await plan(world)
    with pytest.raises(NotFound, match="There is no maintenance"):
        await more(world, incident, "Later.")
    with pytest.raises(Conflict, match=f"POST /v1/maintenances/{planned.incident_id}/updates"):
        await world.say("Later.", about=planned)


async def test_the_promises_of_the_ledger_hold_in_a_whole_life(world: World) -> None:
    await world.person(WHO)
    await world.person("oncall@example.com", ("oncall",))
    about = await plan(world, remind_before=HOUR)
    await until(world, BEGINS_IN - HOUR)
    await until(world, HOUR)
    await more(world, about, "Half of it is done.")
    await until(world, LASTS)
    assert [one for one in await broken(world) if one.name != "what_is_due_is_worked_on"] == []


async def test_a_step_that_nobody_takes_is_a_broken_promise(world: World) -> None:
    await plan(world, remind_before=0)
    await world.later(BEGINS_IN + 300)
    found = {one.name: one.example for one in await broken(world)}
    assert "INC-1" in str(found["what_is_due_is_worked_on"])
