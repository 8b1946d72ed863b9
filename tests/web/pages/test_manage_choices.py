"""Choices on the manage page: said in a sentence, followed, never overwritten, and nothing that was typed is lost."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from delivery.world import World
from joining import ADA, endpoint_of, press, sentence, version, words


async def checkout_alone(visitor: httpx.AsyncClient, world: World, way_in: str) -> dict[str, Any]:
    """Return the form of whoever wants to hear of checkout alone."""
    return {
        "endpoint": await endpoint_of(world),
        "version": version(await visitor.get(way_in)),
        "scope": "some",
        "component": ["checkout"],
        "breaks": "1",
    }


async def test_the_page_says_what_one_gets(visitor: httpx.AsyncClient, way_in: str) -> None:
    shown = await visitor.get(way_in)
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["cache-control"] == "no-store"
    assert sentence(shown) == "You get an e-mail when anything has any problem, as often as is usual here."


async def test_choices_are_followed_and_rewrite_the_sentence(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    fields: dict[str, Any] = {
        "endpoint": await endpoint_of(world),
        "version": version(await visitor.get(way_in)),
        "scope": "some",
        "component": ["checkout", "api"],
        "least": "sev2",
        "moments": "chosen",
        "phase": ["opened"],
        "mode": "daily",
        "digest_at": "08:00",
        "quiet_0_day": ["sat", "sun"],
        "quiet_0_from": "22:00",
        "quiet_0_to": "07:00",
        "breaks": "1",
    }
    told = (
        "You get an e-mail when checkout or api has a severe problem, when it begins and when it is over, gathered "
        "once a day at 08:00, never between 22:00 and 07:00 on Saturday and Sunday unless it is very severe."
    )
    preview = await visitor.post(f"{way_in}/sentence/{fields['endpoint']}", data=fields)
    assert preview.text == told
    assert "Saved." in words(await visitor.get(way_in + "?done=chosen"))
    saved = await press(visitor, way_in, "choose", **fields)
    assert sentence(saved) == told
    await world.tell("Search is down.", severity="sev1", components={})
    rows = await world.rows(
        "SELECT least, phases, timing->>'mode', all_components FROM endpoint WHERE address = :a", a=ADA
    )
    assert rows == [(2, 9, "daily", False)]  # that it is over can't be chosen away


async def test_a_whole_day_is_said_as_one(visitor: httpx.AsyncClient, world: World, way_in: str) -> None:
    fields = {"endpoint": await endpoint_of(world), "version": version(await visitor.get(way_in)), "breaks": "1"}
    days = {"quiet_0_day": ["sat", "sun"], "quiet_0_from": "00:00", "quiet_0_to": "00:00"}
    saved = await press(visitor, way_in, "choose", **fields, **days)
    assert sentence(saved).endswith("never on Saturday and Sunday unless it is very severe.")


async def test_choosing_only_what_was_removed_meanwhile_widens_nothing(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    mine = await checkout_alone(visitor, world, way_in) | {"mode": "hourly"}
    assert (await press(visitor, way_in, "choose", **mine | {"component": ["api"], "mode": ""})).status_code == 200
    mine["version"] = version(await visitor.get(way_in))
    await world.run("DELETE FROM component WHERE slug = 'checkout'")
    refused = await press(visitor, way_in, "choose", **mine)
    assert refused.status_code == 422
    assert "What you chose was removed meanwhile, and nothing was changed." in words(refused)
    assert '<option value="hourly" selected>' in refused.text  # nothing that was typed is lost
    assert sentence(await visitor.get(way_in)).startswith("You get an e-mail when api has any problem")
    preview = await visitor.post(f"{way_in}/sentence/{mine['endpoint']}", data=mine)
    assert "anything" not in preview.text
    some = await press(visitor, way_in, "choose", **mine | {"component": ["checkout", "api"], "mode": ""})
    assert sentence(some).startswith("You get an e-mail when api has any problem")  # of what is chosen some is left


async def test_who_was_left_with_nothing_is_not_given_everything_by_a_pause(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    mine = await checkout_alone(visitor, world, way_in)
    assert sentence(await press(visitor, way_in, "choose", **mine)).startswith("You get an e-mail when checkout has")
    await world.run("DELETE FROM component WHERE slug = 'checkout'")
    shown = await press(visitor, way_in, "resume")
    assert "What you chose is not there any more." in words(shown)
    assert await world.rows("SELECT all_components FROM endpoint WHERE address = :a", a=ADA) == [(False,)]


async def test_a_form_that_is_out_of_date_overwrites_nothing_and_keeps_what_was_typed(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    old = version(await visitor.get(way_in))
    mine = {"endpoint": await endpoint_of(world), "version": old, "least": "sev1", "mode": "hourly", "breaks": "1"}
    await world.run("UPDATE endpoint SET least = 3 WHERE address = :a", a=ADA)
    late = await press(visitor, way_in, "choose", **mine)
    assert late.status_code == 409
    assert "It was changed elsewhere meanwhile" in words(late)
    assert '<option value="sev1" selected>' in late.text
    assert await world.rows("SELECT least FROM endpoint WHERE address = :a", a=ADA) == [(3,)]
    saved = await press(visitor, way_in, "choose", **mine | {"version": version(late)})
    assert saved.status_code == 200
    assert await world.rows("SELECT least FROM endpoint WHERE address = :a", a=ADA) == [(1,)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"mode": "daily"}, "Say at what hour"),
        ({"mode": "daily", "digest_at": "25:99"}, "Say at what hour"),
        ({"quiet_0_day": "mon", "quiet_0_from": "22:00"}, "Quiet hours need both times"),
        ({"quiet_0_from": "22:00", "quiet_0_to": "07:00"}, "Choose the days of these quiet hours."),
        ({"quiet_0_day": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "quiet_0_from": "00:00",
          "quiet_0_to": "00:00"}, "These quiet hours never end."),
        ({"quiet_0_day": "mon", "quiet_0_from": "22:00", "quiet_0_to": "22:00"}, "end when they begin."),
        ({"scope": "some"}, "Choose at least one of them, or everything."),
        ({"moments": "chosen"}, "Choose at least one moment, or what is usual here."),
        ({"moments": "chosen", "phase": "bogus"}, "Choose at least one moment, or what is usual here."),
    ],
)  # fmt: skip
async def test_impossible_hours_are_said_beside_their_field(
    visitor: httpx.AsyncClient, world: World, way_in: str, typed: dict[str, Any], said: str
) -> None:
    fields = {"endpoint": await endpoint_of(world), "version": version(await visitor.get(way_in)), "least": "sev1"}
    answer = await press(visitor, way_in, "choose", **fields, **typed)
    assert answer.status_code == 422
    assert said in words(answer)
    assert '<option value="sev1" selected>' in answer.text
    assert await world.rows("SELECT timing, least FROM endpoint WHERE address = :a", a=ADA) == [(None, None)]


async def test_an_unknown_time_zone_is_refused_kindly(visitor: httpx.AsyncClient, world: World, way_in: str) -> None:
    answer = await press(visitor, way_in, "person", time_zone="Mars/Olympus", language="de")
    assert answer.status_code == 422
    assert "There is no such time zone." in words(answer)
    assert 'value="Mars/Olympus"' in answer.text
    done = await press(visitor, way_in, "person", time_zone="Asia/Kathmandu", language="de")
    assert done.status_code == 200
    assert await world.rows("SELECT locale, time_zone FROM subscriber WHERE time_zone <> 'UTC'") == [
        ("de", "Asia/Kathmandu")
    ]


async def test_pausing_everything_holds_and_drops_nothing(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    paused = await press(visitor, way_in, "pause", **{"for": "4h"})
    assert "Everything waits until" in words(paused)
    first = await world.tell("It is down.", severity="sev1")
    await world.tell("It is over.", about=first, status="resolved")
    second = await world.tell("Search is down.", severity="sev1")
    assert second.version == 1
    assert world.email.texts_to(ADA) == []
    assert await world.rows("SELECT reason FROM delivery WHERE state = 'held'") != []
    await world.later(4 * 3600 + 1)
    await world.deliver()
    assert world.email.texts_to(ADA) == [["Search is down."]]


async def test_going_on_sooner_brings_what_was_missed_at_once(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    await press(visitor, way_in, "pause", **{"for": "7d"})
    await world.tell("It is down.", severity="sev1")
    await press(visitor, way_in, "resume")
    await world.deliver()
    assert world.email.texts_to(ADA) == [["It is down."]]


@pytest.mark.parametrize("until", ["", "2020-01-01T00:00", "2199-01-01T00:00", "soon", "9999-99-99T00:00"])
async def test_a_pause_ends_in_the_future(visitor: httpx.AsyncClient, way_in: str, until: str) -> None:
    answer = await press(visitor, way_in, "pause", until=until)
    assert answer.status_code == 422
    assert "Say until when" in words(answer)
