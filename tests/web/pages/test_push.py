"""What the page's script sends: only this site's pages may, nothing tells who is known, and keys prove who asks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from delivery.world import World
from pushes import PRIVATE_KEY
from tocsin.domain.channel import ChannelName
from tocsin.domain.scope import Scope
from tocsin.domain.tokens import Signer
from tocsin.practice.push_browser import subscription_of
from tocsin.sections import Push
from tocsin.services.keys import create_key
from tocsin.settings import Settings

AT = "push.example"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"push": Push(private_key=SecretStr(PRIVATE_KEY))})


def browser(name: str = "ada", keys_of: str | None = None) -> dict[str, Any]:
    given = subscription_of(keys_of or name, AT).as_object()
    return given | {"endpoint": f"https://{AT}/send/{name}", "expirationTime": None}


async def begin(visitor: httpx.AsyncClient, given: object, **more: Any) -> httpx.Response:
    return await visitor.post("/subscribe/push", json={"subscription": given, **more})


async def end(visitor: httpx.AsyncClient, given: object) -> httpx.Response:
    return await visitor.post("/subscribe/push/end", json={"subscription": given})


async def kept(world: World) -> list[tuple[Any, ...]]:
    """Return (address, state, language, whether it hears what the public hears alone) of all browsers."""
    return await world.rows(
        """SELECT e.address_key, e.state::text, s.locale, e.audiences = :widest FROM endpoint e
        JOIN subscriber s ON s.id = e.subscriber_id WHERE e.channel = 'push' ORDER BY e.address_key""",
        widest=world.audiences.widest.bit,
    )


async def test_one_tap_subscribes_a_browser_to_what_the_public_hears(visitor: httpx.AsyncClient, world: World) -> None:
    answer = await begin(visitor, browser(), language="de-DE")
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (204, b"", "no-store")
    assert await kept(world) == [(f"https://{AT}/send/ada", "active", "de-DE", True)]


async def test_the_answer_is_the_same_whether_a_browser_was_known_or_not(
    visitor: httpx.AsyncClient, world: World
) -> None:
    answers = [
        await begin(visitor, browser()),
        await begin(visitor, browser()),
        await begin(visitor, browser(keys_of="mallory")),
        await end(visitor, browser("nobody")),
        await end(visitor, browser(keys_of="mallory")),
        await end(visitor, browser()),
        await end(visitor, browser()),
    ]
    assert {(a.status_code, a.content, tuple(a.headers.items())) for a in answers} == {
        (204, b"", tuple(answers[0].headers.items()))
    }
    assert [row[1] for row in await kept(world)] == ["opted_out"]


async def test_who_does_not_have_the_keys_changes_nothing(visitor: httpx.AsyncClient, world: World) -> None:
    await begin(visitor, browser())
    [before] = await world.rows("SELECT address, state::text FROM endpoint WHERE channel = 'push'")
    await begin(visitor, browser(keys_of="mallory"))
    await end(visitor, browser(keys_of="mallory"))
    await begin(visitor, browser("other"), replaces=browser(keys_of="mallory"))
    rows = await world.rows("SELECT address, state::text FROM endpoint WHERE channel = 'push' ORDER BY id")
    assert rows[0] == before
    assert len(rows) == 2


async def test_a_tap_after_an_end_begins_again(visitor: httpx.AsyncClient, world: World) -> None:
    for _ in range(2):
        await begin(visitor, browser())
        assert [row[1] for row in await kept(world)] == ["active"]
        await end(visitor, browser())
        assert [row[1] for row in await kept(world)] == ["opted_out"]


@pytest.mark.parametrize(
    ("before", "after"), [("active", "active"), ("quarantined", "active"), ("opted_out", "opted_out")]
)
async def test_a_browser_that_changes_its_subscription_keeps_what_it_had(
    visitor: httpx.AsyncClient, world: World, before: str, after: str
) -> None:
    await begin(visitor, browser("old"))
    await world.run("UPDATE endpoint SET state = CAST(:state AS endpoint_state), least = 2", state=before)
    await begin(visitor, browser("new"), replaces=browser("old"))
    assert await kept(world) == [(f"https://{AT}/send/new", after, "en", True)]
    assert await world.rows("SELECT least FROM endpoint WHERE channel = 'push'") == [(2,)]


async def test_one_that_replaces_what_nobody_knows_is_new(visitor: httpx.AsyncClient, world: World) -> None:
    await begin(visitor, browser("new"), replaces=browser("old"))
    assert [row[:2] for row in await kept(world)] == [(f"https://{AT}/send/new", "active")]


@pytest.mark.parametrize("language", ["", "en-US@posix", "x" * 100, "EN", "de_DE<script>"])
async def test_a_language_that_is_none_is_english(visitor: httpx.AsyncClient, world: World, language: str) -> None:
    await begin(visitor, browser(), language=language)
    assert [row[2] for row in await kept(world)] == ["en"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        browser() | {"endpoint": "https://10.0.0.1/x"},
        browser() | {"endpoint": "http://push.example/x"},
        browser() | {"keys": {"p256dh": "AA", "auth": "AA"}},
    ],
)
async def test_what_is_no_subscription_is_refused(visitor: httpx.AsyncClient, world: World, given: object) -> None:
    for ask in (begin, end):
        answer = await ask(visitor, given)
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("address: ")
    assert (await begin(visitor, browser(), more=1)).status_code == 422
    assert await kept(world) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 204),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({}, 204),
    ],
)
async def test_no_other_sites_page_and_no_form_can_subscribe_a_browser(
    visitor: httpx.AsyncClient, world: World, headers: dict[str, str], status: int
) -> None:
    for path in ("/subscribe/push", "/subscribe/push/end"):
        answer = await visitor.post(path, json={"subscription": browser()}, headers=headers)
        assert answer.status_code == status
    assert len(await kept(world)) == (status == 204)


async def test_who_asks_too_often_waits(visitor: httpx.AsyncClient) -> None:
    codes = [(await end(visitor, browser())).status_code for _ in range(60)]
    assert set(codes) == {204}
    refused = await end(visitor, browser())
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
    elsewhere = await visitor.post(
        "/subscribe/push/end", json={"subscription": browser()}, headers={"X-Forwarded-For": "93.184.216.34"}
    )
    assert elsewhere.status_code == 204, "each network behind our proxy is counted for itself"


async def test_where_there_is_no_key_nobody_is_taken(visitor: httpx.AsyncClient, app: FastAPI) -> None:
    site = app.state.site
    channels = {name: channel for name, channel in site.channels.items() if name is not ChannelName.PUSH}
    object.__setattr__(site, "channels", channels)
    answer = await begin(visitor, browser())
    assert answer.status_code == 422
    assert "not set up" in answer.json()["detail"]


async def test_the_link_in_a_notification_stops_the_browser_and_names_no_address(
    visitor: httpx.AsyncClient, world: World, settings: Settings
) -> None:
    await begin(visitor, browser())
    [(number,)] = await world.rows("SELECT id FROM endpoint WHERE channel = 'push'")
    link = f"/unsubscribe/{Signer(settings.secret.get_secret_value(), 'unsubscribe').make(number)}"
    asked = (await visitor.get(link)).text
    assert "Stop all notifications to this browser?" in asked
    assert AT not in asked
    assert "data-push-stopped" not in asked
    stopped = (await visitor.post(link)).text
    assert "data-push-stopped" in stopped
    assert AT not in stopped
    assert [row[1] for row in await kept(world)] == ["opted_out"]


async def test_programs_subscribe_a_browser_by_its_object_and_read_it_back(
    visitor: httpx.AsyncClient, world: World, settings: Settings
) -> None:
    assert settings.push.public_key
    key, _ = await create_key(world.engine, "test", list(Scope))
    visitor.headers["Authorization"] = f"Bearer {key}"
    endpoint = {"channel": "push", "address": browser(), "confirmed": True}
    made = (await visitor.post("/v1/subscribers", json={"audiences": ["oncall"], "endpoints": [endpoint]})).json()
    [shown] = made["endpoints"]
    assert shown["address"] == {name: browser()[name] for name in ("endpoint", "keys")}
    found = await visitor.get("/v1/subscribers", params={"address": browser()["endpoint"]})
    assert [one["id"] for one in found.json()["items"]] == [made["id"]]
    again = await visitor.post("/v1/subscribers", json={"audiences": ["oncall"], "endpoints": [endpoint]})
    assert again.status_code == 409
    assert browser()["keys"]["auth"] not in again.text
    exported = await visitor.get("/v1/subscribers/export")
    assert '"p256dh"' in exported.text
