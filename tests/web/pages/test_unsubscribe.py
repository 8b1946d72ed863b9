"""Stopping messages: looking never writes, one click is enough, and what is under way stops too."""

from __future__ import annotations

import httpx
import pytest

from delivery.world import World
from post_office import PostOffice
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
async def endpoint(world: World) -> int:
    return await world.person("ada.lovelace@example.com")


@pytest.fixture
def link(endpoint: int, settings: Settings) -> str:
    return f"/unsubscribe/{Signer(settings.secret.get_secret_value(), 'unsubscribe').make(endpoint)}"


async def state(world: World, endpoint: int) -> str:
    [(found,)] = await world.rows("SELECT state::text FROM endpoint WHERE id = :id", id=endpoint)
    return str(found)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_looking_changes_nothing(
    visitor: httpx.AsyncClient, world: World, endpoint: int, link: str, method: str
) -> None:
    answer = await visitor.request(method, link)
    assert answer.status_code in {200, 405}
    assert await state(world, endpoint) == "active"


async def test_it_says_what_will_stop_and_stops_it(
    visitor: httpx.AsyncClient, world: World, endpoint: int, link: str
) -> None:
    shown = await visitor.get(link)
    assert "Stop all e-mails to a…@example.com?" in shown.text
    assert "ada.lovelace" not in shown.text  # the mail may have been forwarded
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["x-robots-tag"] == "noindex"
    assert shown.headers["referrer-policy"] == "no-referrer"
    for _ in range(2):
        done = await visitor.post(link)
        assert done.status_code == 200
        assert "You get no more e-mails from us." in done.text
        assert await state(world, endpoint) == "opted_out"


async def test_one_click_needs_no_cookie_and_gives_no_redirect(
    visitor: httpx.AsyncClient, world: World, endpoint: int, link: str
) -> None:
    del visitor.headers["Origin"]  # a mail provider's machine, RFC 8058
    for _ in range(2):
        answer = await visitor.post(link, data=ONE_CLICK)
        assert (answer.status_code, answer.text) == (200, "Unsubscribed.")
        assert "set-cookie" not in answer.headers
    multipart = await visitor.post(link, files={"List-Unsubscribe": (None, "One-Click")})
    assert (multipart.status_code, multipart.text) == (200, "Unsubscribed.")
    assert await state(world, endpoint) == "opted_out"


@pytest.mark.parametrize("token", ["x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "%00", "é", "a" * 5000])
async def test_every_other_token_gets_the_same_friendly_answer(
    visitor: httpx.AsyncClient, world: World, endpoint: int, settings: Settings, token: str
) -> None:
    secret = settings.secret.get_secret_value()
    gone = Signer(secret, "unsubscribe").make(2**31 - 1)
    other_purpose = Signer(secret, "delivery").make(endpoint)
    expected = await visitor.get(f"/unsubscribe/{gone}")
    assert expected.status_code == 404
    assert "This link doesn't work." in expected.text
    for one in (token, other_purpose):
        answer = await visitor.get(f"/unsubscribe/{one}")
        assert answer.status_code == 404
        assert (await visitor.post(f"/unsubscribe/{one}", data=ONE_CLICK)).status_code == 404
        assert answer.text == expected.text
    assert await state(world, endpoint) == "active"


async def test_what_is_still_owed_is_stopped_and_says_why(
    visitor: httpx.AsyncClient, world: World, endpoint: int, link: str
) -> None:
    other = await world.person("other@example.com")
    await world.say("We look into it.")
    await world.spread()
    await visitor.post(link, data=ONE_CLICK)
    rows = await world.rows(
        "SELECT endpoint_id, state::text, reason, due_at IS NULL FROM delivery WHERE endpoint_id IN (:a, :b)",
        a=endpoint,
        b=other,
    )
    assert sorted(rows) == [(endpoint, "suppressed", "opted_out", True), (other, "pending", None, False)]
    await world.deliver()
    assert [message.address for message in world.email.sent] == ["other@example.com"]
    await world.say("Another one.")
    await world.spread()
    await world.deliver()
    assert {message.address for message in world.email.sent} == {"other@example.com"}


async def test_what_was_already_sent_stays_as_it_is(visitor: httpx.AsyncClient, world: World, link: str) -> None:
    await world.say("We look into it.")
    await world.spread()
    await world.deliver()
    await visitor.post(link, data=ONE_CLICK)
    assert await world.rows("SELECT state::text FROM delivery WHERE bucket_id > 1") == [("accepted",)]


async def test_nobody_can_unsubscribe_the_status_page(
    visitor: httpx.AsyncClient, world: World, settings: Settings
) -> None:
    [(endpoint,)] = await world.rows("SELECT id FROM endpoint WHERE channel = 'status_page'")
    token = Signer(settings.secret.get_secret_value(), "unsubscribe").make(endpoint)
    assert (await visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)).status_code == 404
    assert await state(world, endpoint) == "active"


async def test_one_incident_alone_can_be_left(visitor: httpx.AsyncClient, world: World, link: str) -> None:
    opened = await world.tell("We look into it.")
    shown = await visitor.get(link)
    assert "Hear no more of “Checkout is failing” alone" in shown.text
    done = await visitor.post(link, data={"do": f"incident:{opened.incident_id}"})
    assert "You hear no more of this incident." in done.text
    await world.tell("Still at it.", about=opened)
    await world.tell("Something else.")
    await world.later(600)
    await world.deliver()
    told = world.email.texts_to("ada.lovelace@example.com")
    assert [text for texts in told for text in texts] == ["We look into it.", "Something else."]


async def test_everything_stops_at_all_of_their_addresses(
    visitor: httpx.AsyncClient, world: World, endpoint: int, link: str
) -> None:
    other = await world.person("second@example.com")
    [(owner,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=endpoint)
    await world.run("UPDATE endpoint SET subscriber_id = :owner WHERE id = :id", owner=owner, id=other)
    await visitor.post(link, data={"do": "everything"})
    assert [await state(world, endpoint), await state(world, other)] == ["opted_out", "opted_out"]
    assert await world.rows("SELECT what, how FROM consent") == [("withdrawn", "link")] * 2


async def test_the_link_to_what_was_chosen_is_mailed_and_never_shown(
    visitor: httpx.AsyncClient, office: PostOffice, link: str
) -> None:
    answer = await visitor.post(link, data={"do": "link"})
    assert "A message with your link is on its way." in answer.text
    assert "/manage/" not in answer.text
    assert (await office.path("ada.lovelace@example.com")).startswith("/manage/")


async def test_other_sites_pages_press_none_of_these(
    visitor: httpx.AsyncClient, world: World, endpoint: int, link: str
) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for wish in ("everything", "link", "incident:x"):
        assert (await visitor.post(link, data={"do": wish}, headers=headers)).status_code == 403
    assert await state(world, endpoint) == "active"
