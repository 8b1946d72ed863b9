"""Who gets into the console, and who does not."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr

from delivery.world import World
from joining import from_network
from tocsin.settings import Settings
from tocsin.web import pages
from tocsin.web.main import create_app
from web.pages.conftest import OPERATOR, PASSWORD

pytestmark = pytest.mark.usefixtures("operator")


async def enter(visitor: httpx.AsyncClient, email: str = OPERATOR, password: str = PASSWORD, next_: str = "/console",
                **headers: str) -> httpx.Response:  # fmt: skip
    return await visitor.post(
        "/console/sign-in", data={"email": email, "password": password, "next": next_}, headers=headers
    )


async def test_an_operator_gets_in_and_out(visitor: httpx.AsyncClient, world: World) -> None:
    away = await visitor.get("/console/incidents")
    assert (away.status_code, away.headers["location"]) == (303, "/console/sign-in?next=/console/incidents")
    entered = await enter(visitor, next_="/console/incidents")
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/incidents")
    cookie = entered.headers["set-cookie"]
    assert re.search(r"HttpOnly.*SameSite=lax", cookie)
    secret = visitor.cookies["tocsin"]
    assert secret not in str(await world.rows("SELECT encode(sha256, 'escape') FROM operator_session"))
    shown = await visitor.get("/console/incidents")
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    [csrf] = re.findall(r'name="csrf" value="([^"]+)"', shown.text)
    left = await visitor.post("/console/sign-out", data={"csrf": csrf})
    assert left.status_code == 303
    visitor.cookies.set("tocsin", secret)
    assert (await visitor.get("/console/incidents")).status_code == 303


async def test_an_unknown_address_and_a_wrong_password_look_the_same(visitor: httpx.AsyncClient) -> None:
    wrong = await enter(visitor, password="wrong")
    unknown = await enter(visitor, email="nobody@example.com")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.text.replace(OPERATOR, "") == unknown.text.replace("nobody@example.com", "")
    assert "set-cookie" not in wrong.headers
    assert f'value="{OPERATOR}"' in wrong.text  # what was typed is kept, but for the password


async def test_guessing_is_slowed(visitor: httpx.AsyncClient) -> None:
    answers = [(await enter(visitor, password=str(n))).status_code for n in range(11)]
    assert answers == [401] * 10 + [429]
    assert (await enter(visitor)).status_code == 429  # the right one does not get through either


async def test_nobody_shuts_an_operator_out_by_guessing_from_elsewhere(
    app: FastAPI, settings: Settings, operator: str
) -> None:
    async with from_network(app, settings, "203.0.113.9") as guesser:
        tried = [
            (await guesser.post("/console/sign-in", data={"email": operator, "password": str(n)})).status_code
            for n in range(11)
        ]
    assert tried[-1] == 429
    async with from_network(app, settings, "198.51.100.7") as at_home:
        for _ in range(11):  # nor does signing in often
            entered = await at_home.post("/console/sign-in", data={"email": operator, "password": PASSWORD})
            assert entered.status_code == 303


async def test_guessing_at_many_addresses_from_made_up_places_is_slowed(app: FastAPI, settings: Settings) -> None:
    async with from_network(app, settings, "203.0.113.9") as guesser:
        tried: list[int] = []
        for n in range(31):
            guesser.headers["X-Forwarded-For"] = f"198.51.{n}.7"
            fields = {"email": f"lead{n}@example.com", "password": "guessed"}
            tried.append((await guesser.post("/console/sign-in", data=fields)).status_code)
    assert tried == [401] * 30 + [429]


@pytest.mark.parametrize("place", ["https://evil.test/", "//evil.test", "/\\evil.test", "/console//evil", "/other"])
async def test_nobody_is_sent_elsewhere(visitor: httpx.AsyncClient, place: str) -> None:
    assert (await enter(visitor, next_=place)).headers["location"] == "/console"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://status.evil.test", "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_other_sites_forms_are_refused(visitor: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await enter(visitor, **headers)).status_code == 403
    assert (await enter(visitor)).status_code == 303
    [csrf] = re.findall(r'name="csrf" value="([^"]+)"', (await visitor.get("/console/incidents")).text)
    assert (await visitor.post("/console/sign-out", data={"csrf": csrf}, headers=headers)).status_code == 403


async def test_a_form_without_its_sessions_token_is_refused(visitor: httpx.AsyncClient) -> None:
    await enter(visitor)
    for data in ({}, {"csrf": "wrong"}):
        assert (await visitor.post("/console/sign-out", data=data)).status_code == 403
    assert (await visitor.get("/console/incidents")).status_code == 200


async def test_signing_in_changes_the_session(visitor: httpx.AsyncClient) -> None:
    await enter(visitor)
    first = visitor.cookies["tocsin"]
    await enter(visitor)
    assert visitor.cookies["tocsin"] != first
    visitor.cookies.set("tocsin", first)
    assert (await visitor.get("/console/incidents")).status_code == 303


async def test_a_session_ends_when_nobody_uses_it(visitor: httpx.AsyncClient, world: World) -> None:
    await enter(visitor)
    for minutes, lives in ((20, True), (20, True), (31, False)):
        await world.run("UPDATE clock SET shift = shift + make_interval(mins => :minutes)", minutes=minutes)
        assert ((await visitor.get("/console/incidents")).status_code == 200) is lives


async def test_a_page_that_refreshes_itself_keeps_no_session_alive(visitor: httpx.AsyncClient, world: World) -> None:
    await enter(visitor)
    answers: list[int] = []
    for minutes in (20, 11):
        await world.run("UPDATE clock SET shift = shift + make_interval(mins => :minutes)", minutes=minutes)
        answers.append((await visitor.get("/console/incidents", headers={"X-Live": "1"})).status_code)
    assert answers == [200, 303]


async def test_after_twelve_hours_everyone_signs_in_again(visitor: httpx.AsyncClient, world: World) -> None:
    await enter(visitor)
    answers: list[int] = []
    for _ in range(36):
        await world.run("UPDATE clock SET shift = shift + interval '20 minutes'")
        answers.append((await visitor.get("/console/incidents")).status_code)
    assert answers == [200] * 35 + [303]


async def test_under_https_the_cookie_can_be_set_by_nobody_else(settings: Settings) -> None:
    secure = settings.model_copy(update={"public_url": "https://status.acme.test", "secret": SecretStr("x" * 32)})
    app: FastAPI = create_app(secure)
    async with app.router.lifespan_context(app):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://status.acme.test")
        entered = await enter(client, Origin="https://status.acme.test")
        await client.aclose()
    name, _, rest = entered.headers["set-cookie"].partition("=")
    assert name == "__Host-tocsin"
    assert rest.split("; ")[1:] == ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=lax", "Secure"]


def inside() -> list[APIRoute]:
    """Return the routes of the console's pages, whichever there are."""
    names = [one.name for one in pkgutil.iter_modules(pages.__path__) if one.name.startswith("console")]
    modules = [import_module(f"{pages.__name__}.{name}") for name in names]
    routes = [route for module in modules if hasattr(module, "router") for route in module.router.routes]
    return [route for route in routes if isinstance(route, APIRoute)]


async def test_every_page_of_the_console_asks_who_is_there(visitor: httpx.AsyncClient) -> None:
    routes = inside()
    assert len(routes) >= 14
    for route in routes:
        path = re.sub(r"{\w+}", "x", route.path)
        for method in route.methods or ():
            answer = await visitor.request(method, path)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/console/sign-in"), path


async def test_every_act_at_the_console_takes_the_sessions_token(console: httpx.AsyncClient) -> None:
    acts = [route for route in inside() if "POST" in (route.methods or ())]
    assert len(acts) >= 5
    for route in acts:
        path = re.sub(r"{\w+}", "x", route.path)
        assert (await console.post(path, data={"csrf": "guessed"})).status_code == 403, path
        assert (await console.post(path, data={"csrf": "x"}, headers={"Origin": "https://x.test"})).status_code == 403
