"""The manage page: whose it is, how one leaves, and what becomes of an address."""

from __future__ import annotations

import json

import httpx
import pytest
from fastapi import FastAPI

from delivery.world import World
from joining import ADA, endpoint_of, press, words
from post_office import PostOffice
from tocsin.domain.channel import ChannelName
from tocsin.domain.tokens import Signer
from tocsin.services.sweep import keep_house
from tocsin.settings import Settings


@pytest.mark.parametrize("address", [ADA, "nobody@example.com"])
async def test_the_link_is_mailed_and_nobody_learns_who_is_subscribed(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, address: str
) -> None:
    await world.person(ADA)
    answer = await visitor.post("/manage", data={"address": address})
    assert answer.status_code == 200
    assert "If this address is subscribed, a message with your link is on its way." in words(answer)
    assert address not in answer.text
    assert len(await office.notices(address)) == (1 if address == ADA else 0)


async def test_what_came_lately_is_shown_with_its_why(visitor: httpx.AsyncClient, world: World, way_in: str) -> None:
    assert "Nothing has happened since you subscribed." in words(await visitor.get(way_in))
    await world.tell("It is down.", components={"checkout": "partial_outage"})
    shown = words(await visitor.get(way_in))
    assert "It went out, since it is for an audience that you belong to." in shown
    assert "Checkout is failing" in shown


async def test_words_for_those_further_inside_are_not_shown(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    await world.tell("psp-gw-3 times out", audiences=["oncall"])
    shown = words(await visitor.get(way_in))
    assert "psp-gw-3" not in shown
    assert "Checkout is failing" not in shown


async def test_stopping_and_starting_again(visitor: httpx.AsyncClient, world: World, way_in: str) -> None:
    assert "Nothing more is sent to you." in words(await press(visitor, way_in, "stop-all"))
    await world.tell("It is down.")
    assert world.email.sent == []
    assert "We write to this address again." in words(
        await press(visitor, way_in, "start", endpoint=await endpoint_of(world))
    )
    await world.tell("It is down again.")
    assert len(world.email.sent) == 1
    assert await world.rows("SELECT what FROM consent ORDER BY id") == [("withdrawn",), ("returned",)]


async def test_an_address_is_changed_once_the_new_one_says_yes(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, way_in: str
) -> None:
    asked = await press(visitor, way_in, "add", endpoint=await endpoint_of(world), address="new@example.com")
    assert "Look there" in words(asked)
    assert await world.rows("SELECT address FROM endpoint WHERE channel = 'email'") == [(ADA,)]
    link = await office.path("new@example.com")
    assert (await visitor.post(link, data={"do": "yes"})).status_code == 303
    assert await world.rows("SELECT address, state::text FROM endpoint WHERE channel = 'email'") == [
        ("new@example.com", "active")
    ]


async def test_an_address_that_somebody_else_has_is_not_taken_from_them(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, way_in: str
) -> None:
    await world.person("bob@example.com")
    await press(visitor, way_in, "add", endpoint=await endpoint_of(world), address="bob@example.com")
    await visitor.post(await office.path("bob@example.com"), data={"do": "yes"})
    assert await world.rows("SELECT count(DISTINCT subscriber_id) FROM endpoint WHERE channel = 'email'") == [(2,)]


async def test_quarantine_is_told_at_another_address_and_ends_when_the_address_says_so(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, way_in: str
) -> None:
    await press(visitor, way_in, "add", channel="email", address="second@example.com")
    await visitor.post(await office.path("second@example.com"), data={"do": "yes"})
    await world.run("UPDATE endpoint SET state = 'quarantined' WHERE address = :a", a=ADA)
    for _ in range(2):
        await keep_house(world.pool)
    notices = await office.notices("second@example.com")
    assert notices[-1].title == "a…@example.com takes no more messages from Acme"
    assert len(notices) == 2
    assert "takes no messages any more" in words(await visitor.get(way_in))
    await press(visitor, way_in, "return", endpoint=await endpoint_of(world))
    await visitor.post(await office.path(ADA), data={"do": "yes"})
    assert await world.rows("SELECT state::text FROM endpoint WHERE address = :a", a=ADA) == [("active",)]


@pytest.mark.parametrize(("failures", "locale", "says"), [
    (4, "en", "Nothing has come through there since 15 Jan, 08:00 UTC."),
    (4, "de", "Dort ist seit 15. Jan., 08:00 UTC nichts angekommen."),
    (3, "en", None),
])  # fmt: skip
async def test_an_address_that_takes_nothing_is_marked(
    visitor: httpx.AsyncClient, world: World, way_in: str, failures: int, locale: str, says: str | None
) -> None:
    await world.run("UPDATE subscriber SET locale = :locale WHERE name <> 'Status page'", locale=locale)
    await world.run(
        """
        INSERT INTO trouble SELECT id, 1800000000, 1800007200, :failures, 'Answered 500.' FROM endpoint
        WHERE address = :a
        """,
        failures=failures,
        a=ADA,
    )
    shown = words(await visitor.get(way_in))
    assert says in shown if says else "Nothing has come through" not in shown


async def test_everything_about_me_can_be_taken_along(visitor: httpx.AsyncClient, world: World, way_in: str) -> None:
    await world.tell("It is down.")
    answer = await visitor.get(f"{way_in}/data.json")
    assert "attachment" in answer.headers["content-disposition"]
    found = json.loads(answer.text)
    assert [one["address"] for one in found["addresses"]] == [ADA]
    assert [one["title"] for one in found["messages"]] == ["Checkout is failing"]
    [incident] = [public_id for (public_id,) in await world.rows("SELECT public_id FROM incident")]
    await press(visitor, way_in, "follow", incident=incident)
    await world.run("UPDATE endpoint SET snoozed = '{\"1\": 1900000000}' WHERE address = :a", a=ADA)
    [mine] = (await visitor.get(f"{way_in}/data.json")).json()["addresses"]
    assert (mine["followed_incidents"], mine["hears_of_these_alone"]) == ([incident], True)
    assert mine["paused_incidents"] == {incident: "2030-03-17T17:46:40Z"}
    assert (mine["written_to_instead_where_it_fails"], mine["language"]) == (None, "en")


async def test_who_is_deleted_is_gone_and_stays_gone(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, way_in: str, settings: Settings
) -> None:
    await world.tell("It is down.")
    [(number,)] = await world.rows("SELECT id FROM endpoint WHERE address = :a", a=ADA)
    unticked = await press(visitor, way_in, "forget")
    assert unticked.status_code == 422
    assert "You are deleted." in words(await press(visitor, way_in, "forget", agree="1"))
    assert (await visitor.get(way_in)).status_code == 404
    for table in ("subscriber", "endpoint", "opt_in", "notice", "link", "consent", "delivery", "asked", "suppression"):
        for (row,) in await world.rows(f"SELECT row_to_json(t)::text FROM {table} t"):
            assert "ada@" not in row
    assert await world.rows("SELECT count(*) FROM delivery WHERE endpoint_id = :n", n=number) == [(1,)]
    assert await world.rows("SELECT what FROM consent") == [("deleted",)]
    assert await world.rows("SELECT reason FROM suppression") == [("deleted",)]
    old = Signer(settings.secret.get_secret_value(), "unsubscribe").make(number)
    assert (await visitor.get(f"/unsubscribe/{old}")).status_code == 404
    # They themselves may come back.
    await visitor.post("/subscribe", data={"channel": "email", "address_email": ADA})
    await visitor.post(await office.path(ADA), data={"do": "yes"})
    assert await world.rows("SELECT count(*) FROM suppression") == [(0,)]


@pytest.mark.parametrize("do", ["", "nonsense", "__class__", "stop", "remove", "choose", "challenge"])
async def test_a_button_that_is_not_there_or_not_theirs_does_nothing(
    visitor: httpx.AsyncClient, world: World, way_in: str, do: str
) -> None:
    await world.person("bob@example.com")
    [(other,)] = await world.rows("SELECT public_id FROM endpoint WHERE address = 'bob@example.com'")
    before = await world.rows("SELECT state::text FROM endpoint ORDER BY id")
    answer = await press(visitor, way_in, do, endpoint=other)
    assert answer.status_code in {404, 422}
    assert await world.rows("SELECT state::text FROM endpoint ORDER BY id") == before


async def test_an_address_is_added_on_a_channel_that_visitors_may_choose_alone(
    visitor: httpx.AsyncClient, world: World, way_in: str, app: FastAPI
) -> None:
    app.state.site.channels[ChannelName.SOCIAL] = world.email
    answer = await press(visitor, way_in, "add", channel="social", address="x:acme")
    assert answer.status_code == 422
    assert "Choose where you want to hear from us." in words(answer)
    await press(visitor, way_in, "add", channel="email", address="more@example.com")
    assert await world.rows("SELECT address FROM opt_in") == [("more@example.com",)]


async def test_a_link_that_is_over_says_how_to_get_another(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    await world.later(31 * 86_400)
    answer = await visitor.get(way_in)
    assert answer.status_code == 410
    assert "Send me my link" in words(answer)
    assert (await visitor.post(way_in, data={"do": "stop-all"})).status_code == 410
