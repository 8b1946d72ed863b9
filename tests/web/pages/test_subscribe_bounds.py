"""No way to have strangers flooded, or to learn who is subscribed."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from delivery.world import World
from joining import ADA, ASKS, endpoints, from_network
from post_office import PostOffice
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Ambiguous, TryAgain
from tocsin.settings import Settings


@pytest.mark.parametrize("state", ["unknown", "active", "opted_out", "quarantined", "unconfirmed"])
async def test_a_known_address_is_answered_like_an_unknown_one(
    visitor: httpx.AsyncClient, world: World, state: str
) -> None:
    if state != "unknown":
        await world.person("ada@example.com", state=state)
    answer = await visitor.post("/subscribe", data=ASKS)
    seen = (answer.status_code, answer.headers["location"], answer.content)
    assert seen == (303, "/subscribe/sent?channel=email", b"")
    # What is written while they wait is the same as well: one count, one question, one promise.
    assert await world.rows("SELECT (SELECT count(*) FROM asked), (SELECT count(*) FROM opt_in), "
                            "(SELECT count(*) FROM outbox WHERE kind = 'notice')") == [(1, 1, 1)]  # fmt: skip


async def test_only_hashes_are_kept(visitor: httpx.AsyncClient, world: World, office: PostOffice) -> None:
    await visitor.post("/subscribe", data=ASKS)
    token = (await office.path(ADA)).rpartition("/")[2]
    for table in ("link", "opt_in", "notice", "outbox"):
        kept = await world.rows(f"SELECT row_to_json(t)::text FROM {table} t")
        assert kept
        assert not any(secret in row for (row,) in kept for secret in (token, token.encode().hex()))


async def test_one_address_gets_three_questions_a_day_and_nobody_is_told(
    app: FastAPI, settings: Settings, world: World, office: PostOffice
) -> None:
    for number in range(6):
        async with from_network(app, settings, f"198.51.{number}.9") as visitor:
            answer = await visitor.post("/subscribe", data=ASKS)
            assert (answer.status_code, answer.headers["location"]) == (303, "/subscribe/sent?channel=email")
    assert len(await office.notices(ADA)) == 3
    await world.later(86_401)
    async with from_network(app, settings, "198.51.9.9") as visitor:
        await visitor.post("/subscribe", data=ASKS)
    assert len(await office.notices(ADA)) == 4


async def test_ten_thousand_subscriptions_from_one_network_write_to_twenty(
    app: FastAPI, settings: Settings, world: World, office: PostOffice
) -> None:
    answers: dict[int, int] = {}
    for number in range(10_000):
        async with from_network(app, settings, f"203.0.113.{number % 256}") as visitor:
            answer = await visitor.post("/subscribe", data=ASKS | {"address_email": f"victim{number}@example.com"})
        answers[answer.status_code] = answers.get(answer.status_code, 0) + 1
        if answer.status_code == 429:
            assert answer.headers["retry-after"] == "3600"
            assert "Too many addresses were given from your network." in answer.text
    assert answers == {303: 20, 429: 9_980}
    assert await office.send() == 20
    assert await world.rows("SELECT count(*) FROM opt_in") == [(20,)]
    async with from_network(app, settings, "198.51.100.7") as neighbour:  # nobody else is kept out
        assert (await neighbour.post("/subscribe", data=ASKS)).status_code == 303


async def test_all_of_an_ipv6_subscribers_addresses_are_one_network(app: FastAPI, settings: Settings) -> None:
    tried: list[int] = []
    for number in range(21):
        async with from_network(app, settings, f"2001:db8:1:2:{number:x}::1") as visitor:
            answer = await visitor.post("/subscribe", data=ASKS | {"address_email": f"v{number}@example.com"})
        tried.append(answer.status_code)
    assert tried == [303] * 20 + [429]


@pytest.mark.parametrize(
    ("peer", "way"),
    [
        ("203.0.114.9", "198.51.{n}.7"),  # straight at us
        ("192.168.7.9", "198.51.{n}.7"),  # from a private network that holds no proxy of ours
        ("127.0.0.1", "198.51.{n}.7, 203.0.115.9"),  # through our proxy, which adds whom it heard from
        ("127.0.0.1", "198.51.{n}.7, 127.0.0.1, 203.0.116.9, 127.0.0.1"),
        ("127.0.0.1", "127.0.0.1, 198.51.{n}.7, 2a00:1450:4001:81b::{n:x}"),
    ],
)
async def test_who_makes_up_where_they_come_from_gets_no_further(
    app: FastAPI, settings: Settings, world: World, peer: str, way: str
) -> None:
    async with from_network(app, settings, peer) as visitor:
        for n in range(22):
            visitor.headers["X-Forwarded-For"] = way.format(n=n)
            answer = await visitor.post("/subscribe", data=ASKS | {"address_email": f"v{n}@example.com"})
            assert answer.status_code == (303 if n < 20 else 429)
    assert await world.rows("SELECT count(DISTINCT network), count(*) FROM asked") == [(1, 20)]


async def test_those_behind_our_proxy_are_counted_apart(app: FastAPI, settings: Settings, world: World) -> None:
    async with from_network(app, settings, "127.0.0.1") as proxy:
        for n in range(22):
            proxy.headers["X-Forwarded-For"] = f"198.51.{n}.7"
            answer = await proxy.post("/subscribe", data=ASKS | {"address_email": f"v{n}@example.com"})
            assert answer.status_code == 303
    assert await world.rows("SELECT count(DISTINCT network) FROM asked") == [(22,)]


async def test_who_fills_in_what_nobody_sees_is_answered_alike_and_nothing_is_sent(
    visitor: httpx.AsyncClient, world: World
) -> None:
    answer = await visitor.post("/subscribe", data=ASKS | {"website": "https://spam.example"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscribe/sent?channel=email")
    assert await world.rows("SELECT count(*) FROM outbox WHERE kind = 'notice'") == [(0,)]


async def test_another_sites_page_subscribes_nobody(visitor: httpx.AsyncClient) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await visitor.post("/subscribe", data=ASKS, headers=headers)).status_code == 403


async def test_it_was_not_me_keeps_strangers_away_for_good_and_can_be_taken_back(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    await visitor.post("/subscribe", data=ASKS)
    link = await office.path(ADA)
    asked = await visitor.get(f"{link}?not-me")
    assert "Never write to me" in asked.text
    assert await world.rows("SELECT count(*) FROM suppression") == [(0,)]
    assert "You will not hear from us." in (await visitor.post(link, data={"do": "not-me"})).text
    await visitor.post("/subscribe", data=ASKS)
    assert len(await office.notices(ADA)) == 1
    assert (await visitor.post(link, data={"do": "yes", "agree": "1"})).status_code == 200
    assert await endpoints(world) == []
    await visitor.post(link, data={"do": "undo"})
    await visitor.post("/subscribe", data=ASKS)
    assert len(await office.notices(ADA)) == 2


async def test_what_cannot_be_sent_yet_is_tried_again_and_what_nobody_knows_once_more(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    await visitor.post("/subscribe", data=ASKS)
    carrier = office.carriers.setdefault(ChannelName.EMAIL, office.desk(ChannelName.EMAIL).channel)  # type: ignore[arg-type]
    carrier.answer = lambda _: TryAgain("452 full")
    assert await office.send() == 0
    carrier.answer = lambda _: Ambiguous("no answer")
    for _ in range(4):
        await world.later(1000)
        await office.send()
    assert [message.address for message in carrier.sent] == [ADA] * 2
    assert await world.rows("SELECT outcome FROM notice") == [("unknown",)]
