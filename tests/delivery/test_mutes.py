"""Operators silence an incident, a component or a channel; what is owed afterwards is told when that ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from delivery.world import World
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.services.mute import NewMute, end_mutes, mute, unmute
from tocsin.store.engine import begin

WHO = "someone@example.com"


async def silence(world: World, **what: Any) -> str:
    """Mute for ten minutes; return the mute's id."""
    [(shift,)] = await world.rows("SELECT extract(epoch FROM shift)::float8 FROM clock")
    until = datetime.now(UTC) + timedelta(seconds=shift + 600)
    async with begin(world.engine) as connection:
        return (await mute(connection, NewMute("maintenance of the mail relay", until, **what), "test")).public_id


async def over(world: World) -> None:
    """Let the mute end by itself, as the sweeper sees to it."""
    await world.later(601)
    await end_mutes(world.engine)
    await world.spread()
    await world.deliver()


async def test_what_is_muted_reaches_nobody_and_says_so(world: World) -> None:
    await world.component("search")
    await world.person(WHO)
    await world.person("stopped@example.com", state="opted_out")
    await silence(world, component="search")
    await world.tell("Search is down.", components={"search": "major_outage"})
    await world.tell("Something else.")
    assert await world.ledger(WHO) == [(1, "suppressed", "muted"), (1, "accepted", None)]
    assert (await world.ledger("stopped@example.com"))[0] == (1, "suppressed", "opted_out"), "a hard stop comes first"


async def test_the_end_is_owed_when_the_mute_ends(world: World) -> None:
    await world.person(WHO)
    opened = await world.tell("It is down.")
    await silence(world, incident=opened.ref)
    await world.tell("Still down.", about=opened)
    await world.tell("It is over.", about=opened, status="resolved")
    assert world.email.texts_to(WHO) == [["It is down."]]
    await over(world)
    assert world.email.texts_to(WHO) == [["It is down."], ["It is over."]]
    assert (await world.ledger(WHO))[1:] == [(2, "superseded", "newer_version"), (3, "accepted", None)]


async def test_what_began_and_ended_while_it_was_muted_is_not_told(world: World) -> None:
    await world.person(WHO)
    await silence(world, channel=ChannelName.EMAIL)
    opened = await world.tell("It is down.")
    await world.tell("It is over.", about=opened, status="resolved")
    await over(world)
    assert world.email.sent == []
    assert (await world.ledger(WHO))[-1] == (2, "skipped", "already_over")


async def test_rows_that_waited_when_the_mute_began_wait_for_its_end(world: World) -> None:
    await world.component("search")
    await world.person(WHO)
    await world.person("choosy@example.com", components=["search"])
    opened = await world.say("It is down.")
    await world.spread()
    name = await silence(world, incident=opened.ref)
    await world.deliver()
    assert await world.ledger(WHO) == [(1, "suppressed", "muted")]
    await world.run("UPDATE endpoint SET least = 1 WHERE address = 'choosy@example.com'")
    async with begin(world.engine) as connection:
        ended = await unmute(connection, name, "somebody")
        again = await unmute(connection, name, "somebody else")
    assert (ended.ended_by, again.ended_by) == ("somebody", "somebody")
    await world.spread()
    await world.deliver()
    assert await world.ledger(WHO) == [(1, "accepted", None)]
    assert await world.ledger("choosy@example.com") == [(1, "skipped", "below_least_severity")]


async def test_the_page_is_never_muted_and_neither_is_everything(world: World) -> None:
    await world.person(WHO)
    for what in ({"channel": ChannelName.STATUS_PAGE}, {}):
        with pytest.raises(Refused):
            await silence(world, **what)
    opened = await world.say("It is down.")
    await silence(world, incident=opened.ref)
    await world.spread()
    rows = await world.rows(
        "SELECT e.channel, d.state::text FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id ORDER BY 1"
    )
    assert rows == [("email", "suppressed"), ("status_page", "pending")]
