"""Every endpoint in the audience gets a row; every row that does not go out says why."""

from __future__ import annotations

import asyncio

import pytest

from delivery.world import World
from tocsin.domain.channel import Limits
from tocsin.domain.errors import Refused
from tocsin.domain.story import Story


async def test_each_endpoint_in_the_audience_has_a_row_with_a_reason_where_it_is_not_written_to(world: World) -> None:
    await world.component("checkout")
    await world.component("search")
    await world.person("all@example.com")
    await world.person("chose@example.com", components=["checkout"])
    await world.person("other@example.com", components=["search"])
    await world.person("grave@example.com", least="sev1")
    await world.person("ends@example.com", phases=8)
    for state in ("unconfirmed", "paused", "quarantined", "opted_out"):
        await world.person(f"{state}@example.com", state=state)
    await world.person("inside@example.com", ["oncall"])

    await world.tell(
        "Payments fail.", severity="sev2", audiences=["customers"], components={"checkout": "partial_outage"}
    )

    assert sorted(message.address for message in world.email.sent) == ["all@example.com", "chose@example.com"]
    assert await world.ledger("all@example.com") == [(1, "accepted", None)]
    assert await world.ledger("other@example.com") == [(1, "skipped", "components_not_chosen")]
    assert await world.ledger("grave@example.com") == [(1, "skipped", "below_least_severity")]
    assert await world.ledger("ends@example.com") == [(1, "skipped", "phase_not_chosen")]
    for state in ("unconfirmed", "paused", "quarantined", "opted_out"):
        assert await world.ledger(f"{state}@example.com") == [(1, "suppressed", state)]
    assert await world.ledger("inside@example.com") == []


async def test_an_update_that_names_no_component_concerns_everyone(world: World) -> None:
    await world.component("search")
    await world.person("chose@example.com", components=["search"])
    await world.tell("Something is wrong.")
    assert await world.ledger("chose@example.com") == [(1, "accepted", None)]


async def test_each_audience_reads_its_own_text_and_never_a_narrower_one(world: World) -> None:
    await world.person("core@example.com", ["oncall"])
    await world.person("desk@example.com", ["support", "customers"])
    await world.person("boss@example.com", ["leadership"])
    await world.person("customer@example.com")
    await world.tell(
        "We are looking into it.",
        severity="sev1",
        texts={"oncall": "psp-gw-3 times out", "support": "Say: we know.", "staff": "Use the other tills."},
    )
    assert world.email.texts_to("core@example.com") == [["psp-gw-3 times out"]]
    assert world.email.texts_to("desk@example.com") == [["Say: we know."]]
    assert world.email.texts_to("boss@example.com") == [["Use the other tills."]]
    assert world.email.texts_to("customer@example.com") == [["We are looking into it."]]


async def test_the_public_never_reads_the_name_of_an_internal_component(world: World) -> None:
    await world.component("checkout")
    await world.component("psp-gw-3", internal=True)
    await world.person("core@example.com", ["oncall"])
    await world.person("customer@example.com")
    await world.tell("It is down.", severity="sev1", components=dict.fromkeys(("checkout", "psp-gw-3"), "major_outage"))
    named = {
        message.address: {name for name, _ in message.rendered.chapters[0].components}
        for message in world.email.sent
        if isinstance(message.rendered, Story)
    }
    assert named == {"core@example.com": {"checkout", "psp-gw-3"}, "customer@example.com": {"checkout"}}


async def test_inner_audiences_are_claimed_before_outer_ones(world: World) -> None:
    for audience in ("customers", "staff", "oncall", "support", "leadership"):
        await world.person(f"{audience}@example.com", [audience])
    await world.say("It is down.", severity="sev1")
    await world.spread()
    world.email.limits = Limits(batch=1, in_flight=1, merges=True)
    await world.deliver()
    order = [message.address.split("@")[0] for message in world.email.sent]
    assert order == ["oncall", "support", "leadership", "staff", "customers"]


async def test_a_fan_out_that_runs_twice_at_once_writes_each_row_once(world: World) -> None:
    await world.crowd(1200)
    published = await world.say("It is down.", severity="sev1")
    await asyncio.gather(world.spread(), world.spread())
    await world.run(
        "UPDATE outbox SET done_at = NULL, due_at = tocsin_epoch(), lease = NULL WHERE update_id ="
        " (SELECT id FROM incident_update WHERE public_id = :id)",
        id=published.update_id,
    )
    assert await world.spread() == 1
    await world.deliver()
    assert await world.states() == {"accepted": 1200}
    assert world.email.most_to_one() == 1
    assert await world.rows("SELECT count(*) FROM bucket WHERE live <> '{}' AND channel = 'email'") == [(0,)]


async def test_a_silent_update_reaches_only_the_page(world: World) -> None:
    await world.person("someone@example.com")
    published = await world.tell("Quietly noted.", notify=False)
    assert world.email.sent == []
    assert await world.ledger("someone@example.com") == []
    assert await world.rows(
        "SELECT e.channel, d.state::text FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id"
    ) == [("status_page", "pending")]
    assert published.is_public


async def test_a_silent_end_takes_back_what_never_went_out(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.say("It is down.")
    await world.spread()
    await world.tell("It is over.", about=opened, status="resolved", notify=False)
    assert world.email.sent == []
    assert await world.ledger("someone@example.com") == [(1, "superseded", "newer_version")]


async def test_only_what_is_public_is_owed_to_the_page(world: World) -> None:
    await world.tell("Only inside.", audiences=["oncall"])
    assert await world.rows("SELECT count(*) FROM delivery") == [(0,)]


async def test_a_title_written_inside_is_never_handed_on_to_a_wider_audience(world: World) -> None:
    opened = await world.say("psp-gw-3 times out.", severity="sev1", audiences=["oncall"])
    with pytest.raises(Refused, match="customers should read"):
        await world.say("We look into it.", about=opened, audiences=["oncall", "customers"])
    everyone = await world.say("It is down.", severity="sev1")
    await world.say("Only inside.", about=everyone, audiences=["oncall"])
    await world.say("It is over.", about=everyone, audiences=["customers"], status="resolved")
