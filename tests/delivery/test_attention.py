"""One incident can be snoozed, or followed alone; whoever heard that it began hears the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from delivery.world import World
from tocsin.services.change_subscriber import show_subscriber
from tocsin.services.follow import follow
from tocsin.services.publish import Published
from tocsin.services.snooze import snooze, unsnooze
from tocsin.store import incidents
from tocsin.store.engine import begin

WHO = "someone@example.com"


async def choose(world: World, what: str, about: Published, minutes: int | None = None) -> None:
    """Let the one person there is snooze or follow an incident."""
    [(public_id,)] = await world.rows("SELECT s.public_id FROM subscriber s WHERE public_id LIKE 'person%'")
    [(shift,)] = await world.rows("SELECT extract(epoch FROM shift)::float8 FROM clock")
    until = None if minutes is None else datetime.now(UTC) + timedelta(seconds=shift, minutes=minutes)
    async with begin(world.engine) as connection:
        who = await show_subscriber(connection, public_id)
        found = await incidents.find(connection, about.ref)
        assert found is not None
        match what:
            case "snooze":
                await snooze(connection, who.endpoints, found, until)
            case "unsnooze":
                await unsnooze(connection, who.endpoints, found)
            case _:
                await follow(connection, who.endpoints, found, only=True)


async def test_a_snoozed_incident_is_told_again_when_it_is_over(world: World) -> None:
    await world.person(WHO)
    opened = await world.tell("It is down.")
    await choose(world, "snooze", opened)
    await world.later(3600)
    await world.tell("Still down.", about=opened)
    await world.tell("Something else.")
    await world.tell("It is over.", about=opened, status="resolved")
    assert await world.ledger(WHO) == [
        (1, "accepted", None),
        (2, "skipped", "snoozed"),
        (1, "accepted", None),
        (3, "accepted", None),
    ]


async def test_a_snooze_until_a_time_tells_how_things_stand_then(world: World) -> None:
    await world.person(WHO)
    opened = await world.tell("It is down.")
    await choose(world, "snooze", opened, minutes=60)
    await world.later(1200)
    await world.tell("Still down.", about=opened, severity="sev1")
    assert (await world.ledger(WHO))[-1] == (2, "held", "snoozed")
    await world.tell("Something else.")
    await world.later(60)
    await world.deliver()
    assert world.email.texts_to(WHO)[-1] == ["Something else."], "what is snoozed does not come along"
    await world.later(2500)
    await world.deliver()
    assert world.email.texts_to(WHO)[-1] == ["Still down."]


async def test_what_is_under_way_when_it_is_snoozed_does_not_go_out(world: World) -> None:
    await world.person(WHO)
    opened = await world.say("It is down.")
    await world.spread()
    await choose(world, "snooze", opened)
    await world.deliver()
    assert await world.ledger(WHO) == [(1, "skipped", "snoozed")]
    await world.tell("It is over.", about=opened, status="resolved")
    assert (await world.ledger(WHO))[-1] == (2, "skipped", "snoozed")


async def test_ending_a_snooze_tells_what_it_kept_back(world: World) -> None:
    await world.person(WHO)
    opened = await world.tell("It is down.")
    await choose(world, "snooze", opened)
    await world.later(1200)
    await world.tell("Still down.", about=opened)
    await choose(world, "unsnooze", opened)
    await world.deliver()
    await world.later(60)
    await world.deliver()
    assert world.email.texts_to(WHO) == [["It is down."], ["Still down."]]
    await world.tell("It is over.", about=opened, status="resolved")
    assert (await world.ledger(WHO))[-1] == (3, "accepted", None)


async def test_who_follows_one_incident_alone_hears_all_of_it_and_of_nothing_else(world: World) -> None:
    await world.component("search")
    await world.component("checkout")
    await world.person(WHO, components=["search"], least="sev1")
    opened = await world.say("Slow.", components={"checkout": "partial_outage"})
    await world.spread()
    await choose(world, "follow", opened)
    await world.tell("Slower.", about=opened)
    await world.tell("Search is down.", severity="sev1", components={"search": "major_outage"})
    assert await world.ledger(WHO) == [
        (1, "skipped", "components_not_chosen"),
        (2, "accepted", None),
        (1, "skipped", "not_followed"),
    ]
    assert await world.rows("SELECT rule FROM delivery WHERE state = 'accepted' AND rule IS NOT NULL") == [
        ("followed",)
    ]


async def test_who_followed_one_incident_alone_hears_of_all_they_chose_once_it_is_over(world: World) -> None:
    await world.person(WHO)
    opened = await world.say("Slow.")
    await world.spread()
    await choose(world, "follow", opened)
    other = await world.tell("Search is down.")
    await world.tell("Fast again.", about=opened, status="resolved")
    await world.later(3600)
    await world.tell("Search is still down.", about=other)
    await world.tell("Slow again.", about=opened, status="investigating")
    await world.later(3600)
    await world.tell("Mail is down.")
    assert [row[1:] for row in (await world.ledger(WHO))[1:]] == [
        ("skipped", "not_followed"),
        ("accepted", None),
        ("accepted", None),
        ("accepted", None),
        ("skipped", "not_followed"),
    ]


async def test_a_component_of_a_group_that_was_chosen_is_heard_of(world: World) -> None:
    endpoint = await world.person(WHO, components=["none"])
    await world.run("INSERT INTO component_group (public_id, slug, name) VALUES ('g', 'payments', 'Payments')")
    await world.run("INSERT INTO endpoint_group SELECT :id, id FROM component_group", id=endpoint)
    await world.component("search")
    await world.component("cards")  # it joined the group later
    await world.run("UPDATE component SET group_id = (SELECT id FROM component_group) WHERE slug = 'cards'")
    await world.tell("Cards are down.", components={"cards": "major_outage"})
    await world.tell("Search is down.", components={"search": "major_outage"})
    assert [row[1:] for row in await world.ledger(WHO)] == [("accepted", None), ("skipped", "components_not_chosen")]


async def test_an_endpoint_has_a_language_of_its_own(world: World) -> None:
    await world.person(WHO)
    await world.run("UPDATE endpoint SET locale = 'de' WHERE address = :who", who=WHO)
    await world.tell("It is down.", texts={"customers.de": "Es geht nicht."})
    assert world.email.texts_to(WHO) == [["Es geht nicht."]]
