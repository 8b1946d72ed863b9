"""What the policy says holds where a subscriber chose nothing else, and what they chose beats it, up to the most."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from delivery.provider import Provider
from delivery.world import World
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import ALL_PHASES, Phase, Severity
from tocsin.domain.incident import Kind as IncidentKind
from tocsin.domain.policy import Cell, Required
from tocsin.domain.terms import Digest
from tocsin.domain.timing import Timing
from tocsin.store.evaluation import Kind, statement

FIRST_AND_LAST = Phase.OPENED | Phase.ESCALATED | Phase.RESOLVED


def cell(world: World, audience: str, channel: ChannelName, cell: Cell, severity: Severity = Severity.SEV3) -> None:
    """Let the policy have one more cell."""
    world.policy = replace(world.policy, cells={**world.policy.cells, (audience, channel, severity): cell})


async def test_customers_get_the_first_and_the_last_by_text_message(world: World) -> None:
    await world.person("+1", channel=ChannelName.SMS)
    await world.person("+2", channel=ChannelName.SMS, phases=int(ALL_PHASES))
    opened = await world.say("It is down.")
    await world.spread()
    await world.say("We are on it.", about=opened, status="identified")
    await world.spread()
    assert await world.ledger("+1") == [(1, "superseded", "newer_version"), (2, "pending", None)], "its first word"
    phone = Provider(name=ChannelName.SMS)
    await world.deliver(world.way(provider=phone))
    await world.say("Soon.", about=opened, status="monitoring")
    await world.spread()
    assert (await world.ledger("+1"))[-1] == (3, "skipped", "policy")
    assert (await world.ledger("+2"))[-1] == (3, "pending", None)
    await world.say("It is over.", about=opened, status="resolved")
    await world.spread()
    assert (await world.ledger("+1"))[-1] == (4, "pending", None)


async def test_a_cell_that_is_the_most_allowed_beats_what_was_chosen(world: World) -> None:
    await world.person("someone@example.com", phases=int(ALL_PHASES))
    cell(world, "customers", ChannelName.EMAIL, Cell(FIRST_AND_LAST, most=True))
    opened = await world.tell("It is down.")
    await world.tell("We are on it.", about=opened)
    assert await world.ledger("someone@example.com") == [(1, "accepted", None), (2, "skipped", "policy")]


async def test_a_severity_that_was_chosen_beats_a_cell_with_nothing_in_it(world: World) -> None:
    cell(world, "customers", ChannelName.EMAIL, Cell(Phase(0)))
    await world.person("silent@example.com")
    await world.person("asked@example.com", least="sev3")
    await world.tell("It is slow.")
    assert await world.ledger("silent@example.com") == [(1, "skipped", "policy")]
    assert await world.ledger("asked@example.com") == [(1, "accepted", None)]


async def test_updates_come_as_often_as_the_cadence_says_and_the_end_does_not_wait(world: World) -> None:
    await world.person("boss@example.com", ["leadership"])
    opened = await world.tell("It is down.", severity="sev1")
    await world.later(200)
    await world.tell("We are on it.", about=opened)
    assert (await world.ledger("boss@example.com"))[-1] == (2, "held", "cadence")
    await world.tell("Soon.", about=opened)
    await world.later(1650)
    await world.deliver()
    assert world.email.texts_to("boss@example.com") == [["It is down."], ["Soon."]]
    await world.tell("Any minute.", about=opened)
    await world.later(200)
    await world.tell("It is over.", about=opened, status="resolved")
    assert world.email.texts_to("boss@example.com")[-1] == ["It is over."]


async def test_real_time_that_was_chosen_beats_the_cadence_and_quiet_hours_alone_do_not(world: World) -> None:
    for name, mode in (("chose", '"realtime"'), ("quiet", "null")):
        await world.person(f"{name}@example.com", ["leadership"])
        timing = f'{{"mode": {mode}, "digest_at": null, "quiet_hours": null, "sev1_breaks_quiet": false}}'
        await world.run(
            "UPDATE endpoint SET timing = CAST(:timing AS jsonb) WHERE address = :who",
            timing=timing,
            who=f"{name}@example.com",
        )
    opened = await world.tell("It is down.", severity="sev1")
    await world.later(200)
    await world.tell("We are on it.", about=opened)
    assert (await world.ledger("chose@example.com"))[-1] == (2, "held", "merging")
    assert (await world.ledger("quiet@example.com"))[-1] == (2, "held", "cadence")


async def test_whoever_is_further_out_hears_after_the_head_start_of_those_inside(world: World) -> None:
    world.policy = replace(world.policy, behind={"customers": 120.0})
    await world.person("desk@example.com", ["support"])
    await world.person("customer@example.com")
    await world.tell("It is down.", severity="sev1")
    assert await world.ledger("desk@example.com") == [(1, "accepted", None)]
    assert await world.ledger("customer@example.com") == [(1, "held", "head_start")]
    await world.later(121)
    await world.deliver()
    assert await world.ledger("customer@example.com") == [(1, "accepted", None)]


async def test_a_digest_that_policy_sets_holds_all_but_what_is_urgent_until_its_hour(world: World) -> None:
    cell(world, "customers", ChannelName.EMAIL, Cell(digest="hourly"))
    await world.person("someone@example.com")
    first = await world.tell("It is slow.")
    second = await world.tell("Search is slow too.")
    assert await world.ledger("someone@example.com") == [(1, "held", "cadence"), (1, "held", "cadence")]
    await world.tell("All is down.", severity="sev1")
    assert world.email.texts_to("someone@example.com") == [["All is down.", "It is slow.", "Search is slow too."]]
    await world.later(900)
    await world.tell("Half is up.", about=first, status="resolved")
    await world.tell("So is the rest.", about=second, status="resolved")
    assert (await world.ledger("someone@example.com"))[-1] == (2, "held", "cadence")
    await world.later(3600)
    await world.deliver()
    assert world.email.texts_to("someone@example.com")[1:] == [["Half is up.", "So is the rest."]]


async def test_when_one_chose_to_hear_beats_a_digest_unless_it_is_the_most(world: World) -> None:
    chosen = '{"mode": "realtime", "digest_at": null, "quiet_hours": null, "sev1_breaks_quiet": true}'
    await world.person("now@example.com")
    await world.run("UPDATE endpoint SET timing = CAST(:t AS jsonb)", t=chosen)
    cell(world, "customers", ChannelName.EMAIL, Cell(digest="hourly"))
    await world.tell("It is slow.")
    assert await world.ledger("now@example.com") == [(1, "accepted", None)]
    cell(world, "customers", ChannelName.EMAIL, Cell(digest="hourly", most=True))
    await world.tell("Search is slow.")
    assert (await world.ledger("now@example.com"))[-1] == (1, "held", "cadence")


async def test_a_cell_for_those_who_chose_is_for_nobody_who_hears_of_everything(world: World) -> None:
    cell(world, "customers", ChannelName.EMAIL, Cell(chosen=True))
    await world.component("search")
    await world.component("checkout")
    await world.person("all@example.com")
    await world.person("checkout@example.com", components=["checkout"])
    await world.person("search@example.com", components=["search"])
    follows = await world.person("follows@example.com")
    opened = await world.tell("It is down.", components={"checkout": "major_outage"})
    [(incident,)] = await world.rows("SELECT max(id) FROM incident")
    await world.run("UPDATE endpoint SET follows = ARRAY[:i]::int[] WHERE id = :id", i=incident, id=follows)
    assert await world.ledger("all@example.com") == [(1, "skipped", "policy")]
    assert await world.ledger("checkout@example.com") == [(1, "accepted", None)]
    assert await world.ledger("search@example.com") == [(1, "skipped", "components_not_chosen")]
    await world.tell("We are on it.", about=opened)
    assert (await world.ledger("follows@example.com"))[-1] == (2, "accepted", None)
    assert (await world.ledger("all@example.com"))[-1] == (2, "skipped", "policy")
    await world.tell("All is down.", severity="sev1", components={"checkout": "major_outage"})
    assert world.email.texts_to("all@example.com") == [["All is down."]]  # the cell is that of another severity


async def test_whoever_was_told_that_it_began_is_told_the_end_by_a_cell_for_those_who_chose(world: World) -> None:
    await world.component("checkout")
    await world.person("all@example.com")
    opened = await world.tell("It is down.", severity="sev1", components={"checkout": "major_outage"})
    cell(world, "customers", ChannelName.EMAIL, Cell(chosen=True))
    await world.tell("It is slow.", about=opened, severity="sev3")
    await world.tell("It is over.", about=opened, status="resolved")
    assert world.email.texts_to("all@example.com") == [["It is down."], ["It is over."]]


def test_nobody_pays_for_a_cell_that_no_policy_has(world: World) -> None:
    assert "choosers" not in statement(world.audiences, Kind(follows=True, required=1, stands_in=True))
    assert "choosers" in statement(world.audiences, Kind(follows=True, required=1, stands_in=True, by_choice=True))


async def test_of_what_is_required_everyone_hears_on_one_endpoint_at_least(world: World) -> None:
    required = Required(frozenset({Severity.SEV1}), frozenset(IncidentKind), ("oncall",))
    world.policy = replace(world.policy, required=(required,))
    await world.component("search")
    choosy = await world.person("choosy@example.com", ["oncall"], components=["search"])
    [(who,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=choosy)
    await world.person("second@example.com", ["oncall"], components=["search"], subscriber=who)
    await world.person("paused@example.com", ["oncall"], state="paused")
    await world.person("customer@example.com", phases=8)
    await world.component("checkout")
    await world.tell("Down.", severity="sev1", components={"checkout": "major_outage"})
    assert await world.ledger("choosy@example.com") == [(1, "accepted", None)]
    assert await world.ledger("second@example.com") == [(1, "skipped", "components_not_chosen")]
    assert await world.ledger("paused@example.com") == [(1, "suppressed", "paused")]
    assert await world.ledger("customer@example.com") == [(1, "skipped", "phase_not_chosen")]
    assert await world.rows("SELECT rule FROM delivery WHERE endpoint_id = :id", id=choosy) == [("required",)]


async def test_who_is_owed_an_earlier_word_is_owed_the_next_by_a_cell_for_those_who_chose(world: World) -> None:
    cell(world, "customers", ChannelName.EMAIL, Cell(chosen=True))
    await world.component("search")
    await world.person("all@example.com")
    opened = await world.say("It is down.", severity="sev1", components={"search": "major_outage"})
    await world.spread()
    await world.say("It is slow.", about=opened, severity="sev3")
    await world.spread()
    assert (await world.ledger("all@example.com"))[-1] == (2, "pending", None)


def test_who_chose_one_hour_of_the_day_keeps_it_where_news_come_hourly_at_the_most() -> None:
    chosen = Timing("daily", time(8), chosen=True)
    assert Digest(Timing("hourly"), most=True).over(chosen) == chosen
    assert Digest(Timing("hourly"), most=True).over(Timing(chosen=True)).mode == "hourly"
