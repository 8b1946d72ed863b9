"""Operators find a subscriber, see who they are, what they chose, agreed to and were told, and act for them."""

from __future__ import annotations

import re
from typing import Any

import httpx

from delivery.world import World
from joining import ADA, ASKS, read
from post_office import PostOffice
from tocsin.domain.channel import Accepted, Message
from tocsin.domain.errors import AddressDead, DeliveryError
from web.pages.conftest import OPERATOR

WHO = "someone@example.com"
LIST = "/console/subscribers"


async def page_of(world: World, address: str = WHO) -> str:
    [(who,)] = await world.rows(
        "SELECT s.public_id FROM subscriber s JOIN endpoint e ON e.subscriber_id = s.id WHERE address = :a", a=address
    )
    return f"{LIST}/{who}"


async def endpoint_at(world: World, address: str = WHO) -> tuple[str, str]:
    """Return the id and the state of an address."""
    [(name, state)] = await world.rows("SELECT public_id, state::text FROM endpoint WHERE address = :a", a=address)
    return name, state


async def post(console: httpx.AsyncClient, world: World, do: str, address: str = WHO, **fields: str) -> httpx.Response:
    """Press a button beside an address, and return the page that it leads to."""
    path = await page_of(world, address)
    [token, *_] = re.findall(r'name="csrf" value="([^"]*)"', (await console.get(LIST)).text)
    endpoint, _ = await endpoint_at(world, address)
    answer = await console.post(path, data={"csrf": token, "do": do, "endpoint": endpoint, **fields})
    return await console.get(answer.headers["location"]) if answer.status_code == 303 else answer


async def evidence(world: World) -> list[tuple[Any, ...]]:
    return await world.rows("SELECT what, how, by_whom FROM consent ORDER BY id")


async def quarantine(world: World) -> None:
    """Let somebody be told that is not there, and somebody who is."""
    await world.person(WHO)
    await world.person("other@example.com")

    def answer(message: Message) -> Accepted | DeliveryError:
        if message.address == WHO:
            return AddressDead("550 5.1.1 no such user here", code=550)
        return Accepted("queued", 250)

    world.email.answer = answer
    await world.tell("It is down.")
    assert (await endpoint_at(world))[1] == "quarantined"


async def test_who_is_looked_for_is_found_by_a_part_of_a_name_or_an_address_and_by_state(
    console: httpx.AsyncClient, world: World
) -> None:
    await world.person("ada@example.com", ["oncall"])
    await world.person("grace@example.org", state="quarantined")
    await world.run("UPDATE subscriber SET name = 'Grace 100%' WHERE public_id = 'person000002'")
    asked: list[tuple[str, set[str]]] = [
        ("", {"ada", "grace"}),
        ("q=ADA@", {"ada"}),
        ("q=example.org", {"grace"}),
        ("q=100%25", {"grace"}),
        ("q=0_%25", set()),
        ("state=quarantined", {"grace"}),
        ("audience=oncall", {"ada"}),
        ("channel=sms", set()),
        ("channel=pigeon&state=odd&audience=nobody&q=%00", {"ada", "grace"}),
    ]
    for query, found in asked:
        said = read(await console.get(f"{LIST}?{query}"))
        assert {name for name in ("ada", "grace") if f"{name}@example" in said} == found, query
    assert "Nobody is like this." in read(await console.get(f"{LIST}?q=nobody"))


async def test_many_come_in_pages_and_what_was_looked_for_is_kept(console: httpx.AsyncClient, world: World) -> None:
    await world.crowd(120)
    seen: list[str] = []
    path, text = f"{LIST}?q=crowd&state=active", ""
    for _ in range(3):
        text = (await console.get(path)).text
        seen += re.findall(r'id="s-(\w+)"', text)
        more: list[str] = re.findall(r'href="/console/subscribers\?([^"]*after=\d+)"', text)
        path = f"{LIST}?{more[0].replace('&amp;', '&')}" if more else "end"
    assert (len(seen), len(set(seen)), path) == (120, 120, "end")
    assert 'href="/console/subscribers?q=crowd&amp;state=active">First page' in text


async def test_one_is_shown_with_state_choice_evidence_what_was_told_and_why(
    console: httpx.AsyncClient, visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    await world.component("checkout")
    await world.component("api")
    await visitor.post("/subscribe", data=ASKS)
    path = await office.path(ADA)
    shown = await visitor.get(path)
    await visitor.post(path, data=dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown.text)) | {"do": "yes"})
    said = await world.tell("It is down.", severity="sev1", components={"checkout": "major_outage"})
    there = read(await console.get(f"{await page_of(world, ADA)}?incident={said.ref}"))
    for part in (
        ADA,
        "Hears as customers",
        "Active",
        "Its owner reads: “You get an e-mail when",
        "was asked",
        "said yes",
        "wording 2026-11",
        f"{said.ref}, version 1",
        "practice took it at",
        "Meant for them:",
        "Version 1: practice took it",
    ):
        assert part in there, (part, there)


async def test_the_rule_that_decided_is_named_beside_what_was_told_and_where_one_asks(
    console: httpx.AsyncClient, world: World
) -> None:
    await world.component("checkout")
    await world.component("api")
    await world.person(WHO, components=["checkout"])
    await world.tell("It is down.", components={"checkout": "major_outage"})
    await world.tell("It is slow.", components={"api": "degraded_performance"})
    there = read(await console.get(await page_of(world)))
    assert "Meant for them: they chose a component that is affected." in there
    assert "Not sent: none of the components they chose is affected." in there
    asked = read(await console.get(f"{await page_of(world)}?incident=INC-1"))
    assert asked.count("Meant for them: they chose a component that is affected.") == 2


async def test_what_keeps_an_address_out_is_said_and_an_operator_lifts_it(
    console: httpx.AsyncClient, world: World
) -> None:
    await quarantine(world)
    there = read(await console.get(await page_of(world)))
    assert "In quarantine" in there
    assert "550 5.1.1 no such user here" in there
    lifted = read(await post(console, world, "lift"))
    assert "It is written to again." in lifted
    assert (await endpoint_at(world))[1] == "active"
    assert (await post(console, world, "lift")).status_code == 409, "there is nothing to lift any more"


async def test_what_an_operator_stops_stays_so_is_evidence_and_is_not_written_to(
    console: httpx.AsyncClient, world: World
) -> None:
    await world.person(WHO)
    said = await world.say("It is down.")
    await world.spread()
    asked = read(await console.get(f"{await page_of(world)}?sure=stop&endpoint={(await endpoint_at(world))[0]}"))
    assert "its owner alone can, on their page" in asked
    there = read(await post(console, world, "stop"))
    assert "Opted out" in there
    assert f"operator , {OPERATOR}" in there or f"operator, {OPERATOR}" in there
    assert await evidence(world) == [("withdrawn", "operator", OPERATOR)]
    await world.deliver()
    assert world.email.texts_to(WHO) == []
    assert (await post(console, world, "lift")).status_code == 409, "no operator undoes an opt-out"
    assert said.ref


async def test_everything_waits_while_somebody_is_paused_and_comes_then(
    console: httpx.AsyncClient, world: World
) -> None:
    await world.person(WHO)
    assert "Everything waits until" in read(await post(console, world, "pause", hours="24"))
    await world.tell("It is down.")
    assert world.email.texts_to(WHO) == []
    assert "Everything waits until" not in read(await post(console, world, "resume"))
    await world.deliver()
    assert world.email.texts_to(WHO) == [["It is down."]]
    assert (await post(console, world, "pause", hours="9999")).status_code == 409


async def test_the_question_is_sent_again_and_a_yes_makes_it_active(
    console: httpx.AsyncClient, visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    await world.person(WHO, state="unconfirmed")
    for _ in range(2):
        assert "The question is on its way" in read(await post(console, world, "ask"))
    assert await world.rows("SELECT count(*) FROM opt_in") == [(1,)], "the same question twice"
    path = await office.path(WHO)
    shown = await visitor.get(path)
    await visitor.post(path, data=dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown.text)) | {"do": "yes"})
    assert (await endpoint_at(world))[1] == "active"
    assert (await post(console, world, "ask")).status_code == 409, "who said yes is not asked"


async def test_an_address_is_removed_and_a_person_is_deleted_for_good(
    console: httpx.AsyncClient, visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    first = await world.person(WHO)
    [(number,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=first)
    await world.person("second@example.com", subscriber=number)
    path = await page_of(world)
    await visitor.post("/manage", data={"address": WHO})
    link = await office.path(WHO)
    assert (await visitor.get(link)).status_code == 200
    await post(console, world, "remove")
    assert (await visitor.get(link)).status_code == 404, "whoever reads there had a link"
    assert WHO not in read(await console.get(path))
    asked = read(await console.get(f"{path}?sure=delete"))
    assert "1 address is forgotten" in asked
    assert "Subscribers" in read(await post(console, world, "delete", "second@example.com"))
    assert await world.rows("SELECT count(*) FROM subscriber WHERE id = :id", id=number) == [(0,)]
    assert await evidence(world) == [("deleted", "operator", OPERATOR)]
    assert (await console.get(path)).status_code == 404


async def test_who_or_what_is_not_there_is_said(console: httpx.AsyncClient, world: World) -> None:
    await world.person(WHO)
    for path in (f"{LIST}/nobody", f"{LIST}/%00", f"{await page_of(world)}?incident=INC-99"):
        assert (await console.get(path)).status_code == 404
    assert (await post(console, world, "conjure")).status_code == 404
    assert (await post(console, world, "stop", endpoint="gone")).status_code == 404
    [(page,)] = await world.rows(
        "SELECT s.public_id FROM subscriber s JOIN endpoint e ON e.subscriber_id = s.id WHERE e.channel = 'status_page'"
    )
    assert (await console.get(f"{LIST}/{page}")).status_code == 404, "the page is nobody to write to"
    assert (await endpoint_at(world))[1] == "active"
