"""Forged, foreign and spent tokens, scanners, and forms that no browser sends: each is answered and does nothing."""

from __future__ import annotations

import re

import httpx
import pytest

from delivery.world import World
from joining import ADA, ASKS, endpoint_of, press, words
from post_office import PostOffice
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings

BOB = "bob@example.com"
_KEPT = (
    "SELECT row_to_json(e)::text FROM endpoint e ORDER BY id",
    "SELECT row_to_json(s)::text FROM subscriber s ORDER BY id",
    "SELECT row_to_json(o)::text FROM opt_in o ORDER BY id",
    "SELECT row_to_json(c)::text FROM consent c ORDER BY id",
    "SELECT row_to_json(u)::text FROM suppression u",
    "SELECT count(*) FROM outbox",
)


async def kept(world: World) -> list[list[tuple[object, ...]]]:
    return [await world.rows(statement) for statement in _KEPT]


@pytest.fixture
async def tokens(visitor: httpx.AsyncClient, world: World, office: PostOffice, settings: Settings) -> dict[str, str]:
    """Return a good token of each purpose: Bob is subscribed, Ada is asked."""
    await world.person(BOB)
    await visitor.post("/manage", data={"address": BOB})
    await visitor.post("/subscribe", data=ASKS)
    [(number,)] = await world.rows("SELECT id FROM endpoint WHERE address = :a", a=BOB)
    return {
        "manage": (await office.path(BOB)).rpartition("/")[2],
        "confirm": (await office.path(ADA)).rpartition("/")[2],
        "unsubscribe": Signer(settings.secret.get_secret_value(), "unsubscribe").make(number),
    }


def wrong(purpose: str, tokens: dict[str, str]) -> list[str]:
    """Return what opens no door of `purpose`: tokens for other doors, cut, changed and made up ones."""
    good = tokens[purpose]
    changed = good[:-2] + ("AA" if not good.endswith("AA") else "BB")
    foreign = [token for name, token in tokens.items() if name != purpose]
    return [*foreign, good[:-1], good + "A", changed, "x", "%00", "é", "..%2f..", "a" * 3000]


@pytest.mark.parametrize("purpose", ["manage", "confirm", "unsubscribe"])
async def test_no_other_token_opens_a_door_or_changes_anything(
    visitor: httpx.AsyncClient, world: World, tokens: dict[str, str], purpose: str
) -> None:
    before = await kept(world)
    some = (await endpoint_of(world, BOB), "stop-all", "yes", "everything", "forget")
    for token in wrong(purpose, tokens):
        paths = [f"/{purpose}/{token}"]
        if purpose == "manage":
            paths += [f"/manage/{token}/data.json"]
        for path in paths:
            assert (await visitor.get(path)).status_code in {404, 405}, path
        for do in some[1:]:
            answer = await visitor.post(paths[0], data={"do": do, "agree": "1", "endpoint": some[0]})
            assert answer.status_code in {404, 405}, (token, do)
            for address in (ADA, BOB):
                assert address not in answer.text
    assert await kept(world) == before


async def test_whatever_looks_changes_nothing(visitor: httpx.AsyncClient, world: World, tokens: dict[str, str]) -> None:
    before = await kept(world)
    doors = [f"/{name}/{token}" for name, token in tokens.items()]
    queries = ("", "?do=stop-all", "?do=yes&agree=1", "?List-Unsubscribe=One-Click", "?not-me", "?done=stopped-all")
    for door in [*doors, f"/manage/{tokens['manage']}/data.json"]:
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
            for query in queries:
                assert (await visitor.request(method, door + query)).status_code < 500
    assert await kept(world) == before


async def test_a_confirm_link_is_spent_once(visitor: httpx.AsyncClient, world: World, tokens: dict[str, str]) -> None:
    door = f"/confirm/{tokens['confirm']}"
    first = await visitor.post(door, data={"do": "yes"})
    assert first.status_code == 303
    await world.run("UPDATE endpoint SET state = 'opted_out' WHERE address = :a", a=ADA)
    before = await kept(world)
    for wish in ("yes", "again", "not-me", "undo"):
        again = await visitor.post(door, data={"do": wish, "agree": "1"})
        assert "/manage/" not in again.headers.get("location", ""), "it leads to nobody's choices a second time"
    assert await kept(world) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"scope": "some", "component": "\x00"},
        {"scope": "some", "group": "a\x00b"},
        {"time_zone": "Mars/\x00"},
        {"time_zone": "Mars/Olympus"},
        {"channel": "email\x00"},
        {"address_email": "a\x00@example.com"},
        {"address_email": "a@example.com\r\nBcc: b@example.com"},
        {"address_email": "\ud800@example.com".encode("utf-8", "surrogatepass")},
        {"channel": "chat", "address_chat": "https://hooks.slack.com/services/T0/B0/\x00"},
        {"channel": "webhook", "address_webhook": "https://example.com/\x00", "address_owner": ADA},
        {"channel": "webhook", "address_webhook": "https://example.com/x", "address_owner": "a\x00@example.com"},
    ],
)
async def test_whatever_is_typed_on_the_page_of_strangers_is_answered(
    visitor: httpx.AsyncClient, office: PostOffice, fields: dict[str, str]
) -> None:
    answer = await visitor.post("/subscribe", data=ASKS | fields)
    assert answer.status_code in {303, 422}, answer.text
    await office.send()
    for carrier in office.carriers.values():
        for message in carrier.sent:
            assert re.fullmatch(r"[^\s\x00]+", message.address)


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "choose", "scope": "some", "component": "\x00"},
        {"do": "choose", "scope": "some", "component": "nothing", "group": "\x00"},
        {"do": "choose", "mode": "daily", "digest_at": "\x00"},
        {"do": "choose", "quiet_0_day": "mon", "quiet_0_from": "22:00", "quiet_0_to": "\x00"},
        {"do": "person", "time_zone": "\x00", "language": "de"},
        {"do": "person", "time_zone": "UTC", "language": "\x00"},
        {"do": "snooze", "incident": "\x00"},
        {"do": "follow", "incident": "a' OR 1=1 --"},
        {"do": "fallback", "fallback": "\x00"},
        {"do": "pause", "until": "\x00"},
        {"do": "pause", "for": "\x00"},
        {"do": "add", "channel": "email", "address": "a\x00@example.com"},
        {"do": "add", "channel": "webhook", "address": "https://example.com/\x00"},
        {"do": "\x00"},
    ],
)
async def test_whatever_is_sent_to_the_manage_page_is_answered(
    visitor: httpx.AsyncClient, world: World, way_in: str, fields: dict[str, str]
) -> None:
    shown = await visitor.get(way_in)
    [version, *_] = re.findall(r'name="version" value="([^"]*)"', shown.text)
    answer = await visitor.post(way_in, data={"endpoint": await endpoint_of(world), "version": version} | fields)
    assert answer.status_code in {303, 404, 422}, answer.text
    assert (await visitor.get(way_in)).status_code == 200


async def test_a_time_zone_that_is_no_more_and_choices_that_are_gone_are_told(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    await world.run("UPDATE subscriber SET time_zone = 'Mars/Olympus', locale = 'xx' WHERE time_zone = 'UTC'")
    await world.run("UPDATE endpoint SET all_components = false WHERE address = :a", a=ADA)
    shown = await visitor.get(way_in)
    assert shown.status_code == 200
    assert "What you chose is not there any more." in words(shown)


async def test_nobody_heaps_up_addresses(visitor: httpx.AsyncClient, world: World, way_in: str) -> None:
    await world.run(
        "INSERT INTO endpoint (public_id, subscriber_id, bucket_id, channel, address, address_key, state, audiences)"
        " SELECT 'e' || n, subscriber_id, bucket_id, 'email', n || '@example.com', n || '@example.com', 'active',"
        " audiences FROM endpoint, generate_series(1, 49) n WHERE address = :a",
        a=ADA,
    )
    for channel, address in (("webhook", "https://example.com/x"), ("email", "more@example.com")):
        answer = await press(visitor, way_in, "add", channel=channel, address=address)
        assert (answer.status_code, "fifty addresses" in words(answer)) == (422, True)


async def test_who_had_the_link_to_an_address_that_was_left_behind_is_kept_out(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, way_in: str
) -> None:
    await press(visitor, way_in, "add", channel="email", address="new@example.com")
    done = await visitor.post(await office.path("new@example.com"), data={"do": "yes"})
    newer = done.headers["location"].partition("?")[0]
    await press(visitor, newer, "remove", endpoint=await endpoint_of(world))
    assert (await visitor.get(newer)).status_code == 200
    assert (await visitor.get(way_in)).status_code == 404


async def test_only_receivers_are_asked_by_a_challenge(
    visitor: httpx.AsyncClient, world: World, tokens: dict[str, str]
) -> None:
    before = await kept(world)
    fields = {"do": "challenge", "endpoint": await endpoint_of(world, BOB)}
    answer = await visitor.post(f"/manage/{tokens['manage']}", data=fields)
    assert answer.status_code == 404
    assert "whsec_" not in answer.text
    assert await kept(world) == before


@pytest.mark.parametrize("channel", ["push", "status_page", "social", "bogus"])
async def test_a_channel_that_nobody_types_is_refused(
    visitor: httpx.AsyncClient, tokens: dict[str, str], channel: str
) -> None:
    fields = {"do": "add", "channel": channel, "address": "x"}
    assert (await visitor.post(f"/manage/{tokens['manage']}", data=fields)).status_code == 422


async def test_bytes_that_are_no_letters_are_no_address(visitor: httpx.AsyncClient, world: World) -> None:
    body = b"channel=email&address_email=%ff%fe@example.org"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await visitor.post("/subscribe", content=body, headers=form)
    assert answer.status_code == 422
    assert await world.rows("SELECT count(*) FROM opt_in") == [(0,)]


async def test_the_way_out_does_not_say_what_its_address_says(
    visitor: httpx.AsyncClient, tokens: dict[str, str]
) -> None:
    shown = await visitor.get(f"/unsubscribe/{tokens['unsubscribe']}?done=everything")
    assert "Nothing more is sent to you." not in words(shown)
