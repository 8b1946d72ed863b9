"""The buttons beside a subscriber: where there is one, what a press wakes, and what is answered where it may not be."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from delivery.world import World
from joining import ADA, endpoint_of, press, read
from post_office import PostOffice
from tocsin.domain.asking import Bound
from tocsin.domain.channel import ChannelName
from tocsin.services import look_after
from tocsin.store import lately
from web.pages.test_console_subscribers import LIST, WHO, endpoint_at, evidence, page_of, post


@pytest.mark.parametrize(
    ("channel", "state", "buttons"),
    [
        ("email", "active", []),
        ("email", "paused", ["lift"]),
        ("email", "quarantined", ["lift", "ask"]),
        ("email", "unconfirmed", ["ask"]),
        ("email", "opted_out", []),
        ("webhook", "unconfirmed", []),
    ],
)
async def test_a_button_is_there_only_where_it_does_something(
    console: httpx.AsyncClient, world: World, channel: str, state: str, buttons: list[str]
) -> None:
    await world.person(WHO, state=state, channel=ChannelName(channel))
    page = (await console.get(await page_of(world))).text
    assert re.findall(r'name="do" value="(lift|ask)"', page) == buttons
    for do in {"lift", "ask"} - set(buttons):
        assert (await post(console, world, do)).status_code == 409
    assert 'value="status_page"' not in (await console.get(LIST)).text


async def test_what_is_done_wakes_the_workers_of_their_channels(
    console: httpx.AsyncClient, app: FastAPI, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hinted: list[ChannelName] = []
    monkeypatch.setattr(app.state.site.hints, "deliver", hinted.append)
    await world.person(WHO, state="quarantined")
    await post(console, world, "lift")
    assert hinted == [ChannelName.EMAIL]


async def test_what_is_stopped_twice_or_removed_then_is_remembered_once(
    console: httpx.AsyncClient, world: World
) -> None:
    await world.person(WHO)
    nothing = await console.get(f"{await page_of(world)}?sure=stop")
    assert (nothing.status_code, "Stop writing to this address?" in read(nothing)) == (200, False), "at no address"
    for _ in range(2):
        await post(console, world, "stop")
    assert len(await evidence(world)) == 1
    await post(console, world, "remove")
    assert await world.rows("SELECT reason FROM suppression") == [("opted_out",)]


async def test_an_address_is_asked_in_its_own_language_and_not_too_often(
    console: httpx.AsyncClient, world: World, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.person(WHO, state="quarantined")
    await world.run("UPDATE endpoint SET locale = 'de' WHERE address = :who", who=WHO)
    await post(console, world, "ask")
    [notice] = await office.notices(WHO)
    assert any("Link" in words and "gilt" in words for words in notice.paragraphs), notice.paragraphs

    async def too_often(*_: object) -> Bound:
        return Bound.NETWORK_HOUR

    monkeypatch.setattr(look_after, "ask_there", too_often)
    answer = await post(console, world, "ask")
    assert (answer.status_code, "So many questions were asked" in read(answer)) == (409, True)
    assert (await endpoint_at(world))[1] == "quarantined"


async def test_who_asked_to_move_an_address_elsewhere_is_asked_where_the_button_stands(
    console: httpx.AsyncClient, visitor: httpx.AsyncClient, world: World, office: PostOffice, way_in: str
) -> None:
    await world.run("UPDATE endpoint SET state = 'quarantined' WHERE address = :who", who=ADA)
    await press(visitor, way_in, "add", endpoint=await endpoint_of(world), address="new@example.com")
    assert len(await office.notices("new@example.com")) == 1
    before = len(await office.notices(ADA))
    await post(console, world, "ask", ADA)
    assert (len(await office.notices(ADA)), len(await office.notices("new@example.com"))) == (before + 1, 1)


async def test_one_may_ask_about_what_is_open_what_they_had_rows_of_and_what_is_asked_about(
    console: httpx.AsyncClient, world: World
) -> None:
    await world.person(WHO)

    async def askable(query: str = "") -> list[str]:
        page = (await console.get(f"{await page_of(world)}{query}")).text
        return sorted(re.findall(r'<option value="(INC-\d+)"', page))

    told = await world.tell("It is down.")
    await world.tell("It is fixed.", about=told, status="resolved")
    inside = await world.tell("psp-gw-3 is down.", audiences=["oncall"])
    await world.tell("psp-gw-3 is up.", about=inside, status="resolved")
    await world.tell("psp-gw-4 is down.", audiences=["oncall"])
    assert await askable() == ["INC-1", "INC-3"]
    assert await askable("?incident=INC-2") == ["INC-1", "INC-2", "INC-3"]
    why = read(await console.get(f"{await page_of(world)}?incident=INC-2"))
    assert "No update of this incident addressed an audience that they belong to." in why


async def test_of_the_last_updates_the_newest_stands_first(
    console: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.person(WHO)
    for number in range(3):
        await world.tell(f"It is down, part {number}.")
    monkeypatch.setattr(lately, "_RECENT", 2)
    told = re.findall(r"(INC-\d), version", read(await console.get(await page_of(world))))
    assert told == ["INC-3", "INC-2"]
