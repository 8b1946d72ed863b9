"""What is told only if it lasts: until when it waits, what never waits, and what is not told at all."""

from __future__ import annotations

from dataclasses import replace

from delivery.planning import plan
from delivery.test_policy import cell
from delivery.world import World
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Severity
from tocsin.domain.policy import Cell


async def test_what_is_told_only_if_it_lasts_waits_and_is_told_as_it_stands_then(world: World) -> None:
    cell(world, "customers", ChannelName.EMAIL, Cell(lasts=1800))
    await world.person("someone@example.com")
    opened = await world.tell("It is down.")
    assert await world.ledger("someone@example.com") == [(1, "held", "lasting")]
    await world.later(1200)
    await world.tell("We are on it.", about=opened)
    assert (await world.ledger("someone@example.com"))[-1] == (2, "held", "lasting")
    await world.later(590)
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == []
    await world.later(15)  # half an hour from the first word, not from the last
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == [["We are on it."]]
    await world.tell("It is over.", about=opened, status="resolved")
    assert world.email.texts_to("someone@example.com")[-1] == ["It is over."]


async def test_what_did_not_last_is_not_told_nor_its_end(world: World) -> None:
    cell(world, "customers", ChannelName.EMAIL, Cell(lasts=1800))
    await world.person("someone@example.com")
    opened = await world.tell("It is down.")
    await world.later(600)
    await world.tell("It is over.", about=opened, status="resolved")
    await world.later(3600)
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == []
    assert (await world.ledger("someone@example.com"))[-1] == (2, "skipped", "already_over")


async def test_what_gets_worse_does_not_wait_to_last_and_real_time_that_was_chosen_beats_it(world: World) -> None:
    chosen = '{"mode": "realtime", "digest_at": null, "quiet_hours": null, "sev1_breaks_quiet": true}'
    await world.person("now@example.com")
    await world.run("UPDATE endpoint SET timing = CAST(:t AS jsonb)", t=chosen)
    await world.person("someone@example.com")
    cell(world, "customers", ChannelName.EMAIL, Cell(lasts=1800))
    opened = await world.tell("It is slow.")
    assert await world.ledger("now@example.com") == [(1, "accepted", None)]
    assert await world.ledger("someone@example.com") == [(1, "held", "lasting")]
    await world.tell("It is down.", about=opened, severity="sev1")
    assert world.email.texts_to("someone@example.com") == [["It is down."]]
    cell(world, "customers", ChannelName.EMAIL, Cell(lasts=1800, most=True))
    await world.tell("Search is slow.")
    assert (await world.ledger("now@example.com"))[-1] == (1, "held", "lasting")


async def test_it_waits_where_the_policy_says_nothing_else_of_an_audience(world: World) -> None:
    world.policy = replace(world.policy, cells={}, own_lanes={}, behind={})
    cell(world, "customers", ChannelName.EMAIL, Cell(lasts=1800))
    await world.person("someone@example.com")
    await world.tell("It is down.")
    assert await world.ledger("someone@example.com") == [(1, "held", "lasting")]


async def test_whoever_was_told_of_it_hears_how_it_goes_on(world: World) -> None:
    cell(world, "customers", ChannelName.EMAIL, Cell(lasts=1800))
    await world.person("someone@example.com")
    opened = await world.tell("It is down.", severity="sev1")
    await world.later(600)
    await world.tell("It is slow.", about=opened, severity="sev3")
    await world.later(60)  # which it waits in order to merge
    await world.deliver()
    assert world.email.texts_to("someone@example.com") == [["It is down."], ["It is slow."]]


async def test_what_is_over_when_it_is_first_told_and_what_is_planned_do_not_wait(world: World) -> None:
    cell(world, "customers", ChannelName.EMAIL, Cell(lasts=1800))
    cell(world, "customers", ChannelName.EMAIL, Cell(lasts=1800), Severity.SEV4)
    await world.person("someone@example.com")
    await world.tell("It was down, and is not any more.", status="resolved")
    await plan(world, "We replace the database.")
    told = [text for texts in world.email.texts_to("someone@example.com") for text in texts]
    assert sorted(told) == ["It was down, and is not any more.", "We replace the database."]
