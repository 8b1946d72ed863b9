"""The manage page beside an open incident, and which address stands in for which."""

from __future__ import annotations

import httpx
import pytest

from delivery.world import World
from joining import ADA, endpoint_of, press, words
from post_office import PostOffice
from tocsin.domain.errors import AddressDead
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings

SECOND = "second@example.com"


async def incident_of(world: World, title: str) -> str:
    [(found,)] = await world.rows(
        "SELECT i.public_id FROM incident i JOIN incident_update u ON u.incident_id = i.id WHERE u.body = :b", b=title
    )
    return str(found)


async def test_one_incident_is_heard_of_alone_until_one_says_otherwise(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    opened = await world.tell("It is down.")
    shown = await press(visitor, way_in, "follow", incident=await incident_of(world, "It is down."))
    assert "You hear of this incident alone, until it is over." in words(shown)
    await world.tell("Search is down.")
    shown = await visitor.get(way_in)
    assert "You hear of what you follow alone, until it is over." in words(shown)
    assert "Not sent: you follow other incidents only." in words(shown)
    assert "Hear of this one as well" in words(shown)
    await world.later(3600)
    await world.tell("Still down.", about=opened)
    shown = await press(visitor, way_in, "hear-all")
    assert "You hear of everything you chose again." in words(shown)
    await world.later(3600)
    await world.tell("Mail is down.")
    assert world.email.texts_to(ADA) == [["It is down."], ["Still down."], ["Mail is down."]]


async def test_the_end_of_what_was_followed_ends_that_nothing_else_is_heard(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    opened = await world.tell("It is down.")
    await press(visitor, way_in, "follow", incident=await incident_of(world, "It is down."))
    await world.tell("It is over.", about=opened, status="resolved")
    assert "You hear of what you follow alone" not in words(await visitor.get(way_in))
    await world.later(3600)
    await world.tell("Search is down.")
    assert world.email.texts_to(ADA)[-1] == ["Search is down."]


async def test_an_incident_that_was_paused_is_heard_of_again_when_it_is_followed(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    opened = await world.tell("It is down.")
    name = await incident_of(world, "It is down.")
    assert "You hear no more of this incident." in words(await press(visitor, way_in, "snooze", incident=name))
    await world.tell("Still down.", about=opened, severity="sev1")
    assert world.email.texts_to(ADA) == [["It is down."]]
    await world.later(3600)
    await press(visitor, way_in, "follow", incident=name)
    await world.deliver()
    assert world.email.texts_to(ADA) == [["It is down."], ["Still down."]]


@pytest.mark.parametrize("do", ["snooze", "wake", "follow"])
async def test_whether_there_are_incidents_further_inside_is_told_to_nobody(
    visitor: httpx.AsyncClient, world: World, way_in: str, settings: Settings, do: str
) -> None:
    hidden = await world.tell("psp-gw-3 times out", audiences=["oncall"])
    name = await incident_of(world, "psp-gw-3 times out")
    [(number,)] = await world.rows("SELECT id FROM endpoint WHERE address = :a", a=ADA)
    leaving = f"/unsubscribe/{Signer(settings.secret.get_secret_value(), 'unsubscribe').make(number)}"
    for path, wish in ((way_in, do), (leaving, "incident")):
        answers = [
            await visitor.post(path, data={"do": wish, "incident": which}) for which in (name, hidden.ref, "nonsense")
        ]
        assert len({(answer.status_code, answer.text) for answer in answers}) == 1, "known or not, it is the same"
    assert await world.rows("SELECT snoozed, follows FROM endpoint WHERE address = :a", a=ADA) == [(None, [])]


async def test_where_an_address_has_failed_for_good_the_other_one_is_written_to(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, way_in: str
) -> None:
    assert "If nothing gets through here" not in words(await visitor.get(way_in)), "there is no other one yet"
    await press(visitor, way_in, "add", channel="email", address=SECOND)
    await visitor.post(await office.path(SECOND), data={"do": "yes"})
    first, second = await endpoint_of(world), await endpoint_of(world, SECOND)
    shown = words(await press(visitor, way_in, "fallback", endpoint=first, fallback=second))
    assert f"If nothing gets through here for good, we write to {SECOND}." in shown
    await world.run("UPDATE endpoint SET least = 1 WHERE address = :a", a=SECOND)
    world.email.answer = lambda message: AddressDead("550 no such user") if message.address == ADA else None
    await world.tell("It is down.")
    await world.stand_in()
    await world.deliver()
    assert world.email.texts_to(SECOND) == [["It is down."]]
    await press(visitor, way_in, "fallback", endpoint=first, fallback="")
    assert await world.rows("SELECT fallback_id FROM endpoint WHERE address = :a", a=ADA) == [(None,)]


async def test_addresses_do_not_stand_in_for_each_other_in_a_circle(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, way_in: str
) -> None:
    await press(visitor, way_in, "add", channel="email", address=SECOND)
    await visitor.post(await office.path(SECOND), data={"do": "yes"})
    first, second = await endpoint_of(world), await endpoint_of(world, SECOND)
    await press(visitor, way_in, "fallback", endpoint=first, fallback=second)
    for endpoint, fallback in ((second, first), (second, second)):
        refused = await press(visitor, way_in, "fallback", endpoint=endpoint, fallback=fallback)
        assert (refused.status_code, "in a circle" in words(refused)) == (422, True)
    assert await world.rows("SELECT count(*) FROM endpoint WHERE fallback_id IS NOT NULL") == [(1,)]


async def test_nobody_elses_address_stands_in(visitor: httpx.AsyncClient, world: World, way_in: str) -> None:
    await world.person("bob@example.com")
    mine, other = await endpoint_of(world), await endpoint_of(world, "bob@example.com")
    for endpoint, fallback in ((mine, other), (other, mine), (mine, "nonsense")):
        answer = await press(visitor, way_in, "fallback", endpoint=endpoint, fallback=fallback)
        assert answer.status_code == 404
    assert await world.rows("SELECT count(*) FROM endpoint WHERE fallback_id IS NOT NULL") == [(0,)]
