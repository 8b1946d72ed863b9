"""Joining by the page: somebody asks, and nobody is subscribed who did not say yes."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from delivery.world import World
from joining import ADA, ASKS, endpoints, from_network
from post_office import PostOffice
from tocsin.settings import Settings
from tocsin.web.errors import logged_path


@pytest.mark.parametrize("language", ["en", "de"])
async def test_the_form_asks_for_what_it_needs(visitor: httpx.AsyncClient, world: World, language: str) -> None:
    for page in ("/subscribe", "/subscribe/sent", "/subscribe/sent?channel=chat", "/manage"):
        shown = await visitor.get(page, params={"lang": language})
        assert shown.status_code == 200
        assert f'<html lang="{language}"' in shown.text
    assert "fieldset" not in (await visitor.get("/manage")).text
    await world.component("checkout")
    shown = await visitor.get("/subscribe")
    assert 'name="address_email"' in shown.text
    assert 'value="checkout"' in shown.text


async def test_no_token_stands_in_a_log() -> None:
    assert logged_path("/manage/secret/sentence/x") == "/manage/…/sentence/x"
    assert logged_path("/confirm/secret") == "/confirm/…"
    assert logged_path("/unsubscribe/secret") == "/unsubscribe/…"
    assert logged_path("/v1/incidents") == "/v1/incidents"


async def test_someone_subscribes_and_confirms_by_the_link(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    await world.component("checkout")
    await world.component("api")
    chosen = ASKS | {"scope": "some", "component": "checkout", "time_zone": "Europe/Berlin"}
    answer = await visitor.post("/subscribe", data=chosen)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/subscribe/sent?channel=email"
    assert "Look into your mailbox." in (await visitor.get(answer.headers["location"])).text
    assert await endpoints(world) == []  # nobody is anybody's subscriber before they say yes
    link = await office.path(ADA)
    shown = await visitor.get(link)
    assert shown.status_code == 200
    assert "a…@example.com" in shown.text
    assert await endpoints(world) == []
    done = await visitor.post(link, data={"do": "yes"})
    assert done.status_code == 303
    assert done.headers["location"].startswith("/manage/")
    assert await endpoints(world) == [("email", "ada@example.com", "active")]
    where = await world.rows("SELECT time_zone FROM subscriber WHERE time_zone <> 'UTC'")
    what = await world.rows("SELECT c.slug FROM endpoint_component x JOIN component c ON c.id = x.component_id")
    assert [*where, *what] == [("Europe/Berlin",), ("checkout",)]
    again = await visitor.get(link)
    assert again.status_code == 200
    assert "This is confirmed." in again.text


async def test_who_is_subscribed_already_gets_the_way_to_what_they_chose(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    await world.person("ada@example.com")
    await visitor.post("/subscribe", data=ASKS)
    [notice] = await office.notices(ADA)
    assert notice.title == "You are subscribed to Acme already"
    assert "/manage/" in notice.url


async def test_a_scanner_that_looks_and_presses_confirms_nothing(
    visitor: httpx.AsyncClient, app: FastAPI, settings: Settings, world: World, office: PostOffice
) -> None:
    await visitor.post("/subscribe", data=ASKS)
    link = await office.path(ADA)
    async with from_network(app, settings, "203.0.113.7") as scanner:  # another browser, without the cookie
        for method in ("GET", "HEAD", "OPTIONS"):
            await scanner.request(method, link)
        pressed = await scanner.post(link, data={"do": "yes"})
        assert pressed.status_code == 422
        assert "Tick the box first" in pressed.text
        assert await endpoints(world) == []
        assert 'name="agree"' in pressed.text
        ticked = await scanner.post(link, data={"do": "yes", "agree": "1"})
        assert ticked.status_code == 303
    assert await endpoints(world) == [("email", "ada@example.com", "active")]


async def test_pages_that_confirm_send_no_form_by_themselves(visitor: httpx.AsyncClient, office: PostOffice) -> None:
    await visitor.post("/subscribe", data=ASKS)
    shown = await visitor.get(await office.path(ADA))
    script = shown.text.split('<script src="')[1].split('"')[0]
    assert ".submit(" not in (await visitor.get(script)).text
    assert "person." not in shown.text
    assert "form-action 'self'" in shown.headers["content-security-policy"]
    assert "script-src 'self'" in shown.headers["content-security-policy"]
    assert (shown.headers["referrer-policy"], shown.headers["cache-control"]) == ("no-referrer", "no-store")


@pytest.mark.parametrize("token", ["x", "a" * 43, "%2e%2e", "%00", "é", "a" * 5000])
async def test_a_forged_link_says_that_it_is_none(visitor: httpx.AsyncClient, world: World, token: str) -> None:
    for answer in (await visitor.get(f"/confirm/{token}"), await visitor.post(f"/confirm/{token}", data={"do": "yes"})):
        assert answer.status_code == 404
    assert await endpoints(world) == []


async def test_a_link_is_good_for_one_purpose(visitor: httpx.AsyncClient, office: PostOffice) -> None:
    await visitor.post("/subscribe", data=ASKS)
    confirm = await office.path(ADA)
    token = confirm.rpartition("/")[2]
    for path in (f"/manage/{token}", f"/unsubscribe/{token}"):
        assert (await visitor.get(path)).status_code == 404
    manage = (await visitor.post(confirm, data={"do": "yes"})).headers["location"].partition("?")[0]
    for path in ("/confirm", "/unsubscribe"):
        assert (await visitor.get(manage.replace("/manage", path))).status_code == 404


async def test_a_link_comes_to_its_end(visitor: httpx.AsyncClient, world: World, office: PostOffice) -> None:
    await visitor.post("/subscribe", data=ASKS)
    link = await office.path(ADA)
    await world.later(49 * 3600)
    for answer in (await visitor.get(link), await visitor.post(link, data={"do": "yes", "agree": "1"})):
        assert answer.status_code == 410
        assert "This came too late." in answer.text
    assert await endpoints(world) == []


async def test_an_error_keeps_what_was_typed(visitor: httpx.AsyncClient, world: World) -> None:
    await world.component("checkout")
    typed = {"channel": "email", "address_email": "ada at example", "scope": "some", "component": "checkout"}
    answer = await visitor.post("/subscribe?lang=de", data=typed)
    assert answer.status_code == 422
    assert 'value="ada at example"' in answer.text
    assert 'value="checkout" checked' in answer.text
    nothing = await visitor.post("/subscribe", data=ASKS | {"scope": "some"})
    assert "Choose at least one of them, or everything." in nothing.text


async def test_a_component_that_was_deleted_meanwhile_leaves_them_hearing_of_everything(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    await world.component("checkout")
    await visitor.post("/subscribe", data=ASKS | {"scope": "some", "component": "checkout"})
    await world.run("DELETE FROM component")
    await visitor.post(await office.path(ADA), data={"do": "yes"})
    assert await world.rows("SELECT all_components FROM endpoint WHERE channel = 'email'") == [(True,)]


async def test_evidence_says_who_agreed_to_what_when_and_from_where_and_stays(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    await visitor.post("/subscribe", data=ASKS)
    await visitor.post(await office.path(ADA), data={"do": "yes"})
    rows = await world.rows("SELECT what, how, network, wording FROM consent ORDER BY id")
    assert rows == [("asked", "page", "127.0.0.0/24", "2026-11"), ("confirmed", "link", "127.0.0.0/24", "2026-11")]
    for statement in ("UPDATE consent SET what = 'asked'", "DELETE FROM consent", "TRUNCATE consent"):
        with pytest.raises(Exception, match="never changed or deleted"):
            await world.run(statement)
