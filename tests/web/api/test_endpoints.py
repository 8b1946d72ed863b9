"""Webhook endpoints over HTTP: their secrets are shown once, and they confirm themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook as Signed

from api_callers import Join
from hooks import Call, Receiver, receiving, status
from tocsin.domain.scope import Scope
from tocsin.domain.signing import signing_secret
from tocsin.sections import Webhook
from tocsin.settings import Settings

INSTALLATION = "s" * 32


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook": Webhook(allow_private_networks=True, timeout_seconds=3)})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Return a receiver that repeats challenges."""

    async def echo(call: Call, writer: Any) -> None:
        writer.write(status(200, body=call.body))

    async with receiving(echo) as made:
        yield made


def hook(url: str, **more: Any) -> dict[str, Any]:
    return {"audiences": ["customers"], "endpoints": [{"channel": "webhook", "address": url, **more}]}


async def made(client: httpx.AsyncClient, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await client.post("/v1/subscribers", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_secret_is_shown_when_its_endpoint_is_made_and_never_again(client: httpx.AsyncClient) -> None:
    body = hook("https://a.example/")
    body["endpoints"].append({"channel": "email", "address": "ada@example.com"})
    subscriber = await made(client, body)
    webhook, email = subscriber["endpoints"]
    assert webhook["secret"].startswith("whsec_")
    assert webhook["state"] == "unconfirmed"
    assert "secret" not in email
    for shown in (
        await client.get(f"/v1/subscribers/{subscriber['id']}"),
        await client.get("/v1/subscribers"),
        await client.get("/v1/subscribers/export"),
        await client.patch(f"/v1/subscribers/{subscriber['id']}", json={"name": "Ada"}),
    ):
        assert shown.status_code == 200
        assert "whsec_" not in shown.text


async def test_an_endpoint_that_joins_shows_its_own_secret_alone(client: httpx.AsyncClient) -> None:
    subscriber = await made(client, hook("https://a.example/"))
    wanted = [{"channel": "webhook", "address": f"https://{name}.example/"} for name in "ab"]
    changed = await client.patch(f"/v1/subscribers/{subscriber['id']}", json={"endpoints": wanted})
    old, new = changed.json()["endpoints"]
    assert "secret" not in old
    assert new["secret"] != subscriber["endpoints"][0]["secret"]


async def test_a_replay_shows_the_secret_and_no_answer_is_kept_with_it(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    body = hook("https://a.example/")
    first = await made(client, body, **{"Idempotency-Key": "k1"})
    assert await made(client, body, **{"Idempotency-Key": "k1"}) == first
    async with engine.connect() as connection:
        kept = (await connection.execute(text("SELECT body::text FROM idempotency"))).scalar_one()
    assert "whsec_" not in kept


async def test_a_new_secret_is_answered_once_and_the_one_before_counts_for_a_day(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    subscriber = await made(client, hook("https://a.example/"), **{"Idempotency-Key": "k1"})
    [endpoint] = subscriber["endpoints"]
    path = f"/v1/subscribers/{subscriber['id']}/endpoints/{endpoint['id']}/rotate-secret"
    rotated = await client.post(path)
    assert rotated.status_code == 200
    assert rotated.headers["cache-control"] == "no-store"
    async with engine.connect() as connection:
        number, version, lately = (
            await connection.execute(
                text("SELECT id, secret_version, secret_rotated_at > now() - interval '1 minute' FROM endpoint "
                     "WHERE channel = 'webhook'")
            )
        ).one()  # fmt: skip
    assert (version, lately) == (2, True)
    assert endpoint["secret"] == signing_secret(INSTALLATION, number, 1)
    assert rotated.json()["secret"] == signing_secret(INSTALLATION, number, 2)
    replayed = await made(client, hook("https://a.example/"), **{"Idempotency-Key": "k1"})
    assert "secret" not in replayed["endpoints"][0]


async def test_an_endpoint_is_active_once_its_receiver_repeats_the_challenge(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    subscriber = await made(client, hook(receiver.url))
    [endpoint] = subscriber["endpoints"]
    path = f"/v1/subscribers/{subscriber['id']}/endpoints/{endpoint['id']}/confirm"
    confirmed = await client.post(path)
    assert confirmed.status_code == 200, confirmed.text
    assert (confirmed.json()["state"], confirmed.json()["confirmed"]) == ("active", True)
    assert "secret" not in confirmed.json()
    [call] = receiver.calls
    assert Signed(endpoint["secret"]).verify(call.body, call.headers)["type"] == "endpoint.challenge"
    assert (await client.post(path)).status_code == 200  # once more does no harm
    assert len(receiver.calls) == 1


@pytest.mark.parametrize(("state", "code", "then"), [("quarantined", 200, "active"), ("opted_out", 409, "opted_out")])
async def test_a_receiver_that_works_again_leaves_quarantine_by_its_own_answer(
    client: httpx.AsyncClient, receiver: Receiver, state: str, code: int, then: str
) -> None:
    subscriber = await made(client, hook(receiver.url, state=state))
    [endpoint] = subscriber["endpoints"]
    answer = await client.post(f"/v1/subscribers/{subscriber['id']}/endpoints/{endpoint['id']}/confirm")
    assert answer.status_code == code
    shown = (await client.get(f"/v1/subscribers/{subscriber['id']}")).json()
    assert shown["endpoints"][0]["state"] == then


@pytest.mark.parametrize(("answer", "says"), [(status(200), "without repeating"), (status(500), "Answered 500")])
async def test_it_stays_unconfirmed_otherwise_and_says_why(client: httpx.AsyncClient, answer: bytes, says: str) -> None:
    async def tell(_: Call, writer: Any) -> None:
        writer.write(answer)

    async with receiving(tell) as receiver:
        subscriber = await made(client, hook(receiver.url))
        [endpoint] = subscriber["endpoints"]
        refused = await client.post(f"/v1/subscribers/{subscriber['id']}/endpoints/{endpoint['id']}/confirm")
    assert refused.status_code == 409
    assert says in refused.json()["detail"]
    shown = (await client.get(f"/v1/subscribers/{subscriber['id']}")).json()
    assert shown["endpoints"][0]["state"] == "unconfirmed"


async def test_only_what_can_answer_is_asked(client: httpx.AsyncClient) -> None:
    body = hook("https://a.example/", state="opted_out")
    body["endpoints"].append({"channel": "email", "address": "ada@example.com"})
    subscriber = await made(client, body)
    stopped, email = (f"/v1/subscribers/{subscriber['id']}/endpoints/{e['id']}" for e in subscriber["endpoints"])
    assert (await client.post(f"{stopped}/confirm")).status_code == 409
    assert (await client.post(f"{email}/confirm")).status_code == 409
    assert (await client.post(f"{email}/rotate-secret")).status_code == 409
    for what in ("confirm", "rotate-secret"):
        assert (await client.post(f"/v1/subscribers/nobody/endpoints/nothing/{what}")).status_code == 404


async def test_it_takes_a_key_that_may_write(join: Join, client: httpx.AsyncClient, receiver: Receiver) -> None:
    subscriber = await made(client, hook(receiver.url))
    path = f"/v1/subscribers/{subscriber['id']}/endpoints/{subscriber['endpoints'][0]['id']}"
    reader = await join(Scope.SUBSCRIBERS_READ)
    for what in ("confirm", "rotate-secret"):
        assert (await reader.post(f"{path}/{what}")).status_code == 403
    writer = await join(Scope.SUBSCRIBERS_WRITE)
    assert (await writer.post(f"{path}/confirm")).status_code == 200
    assert (await writer.post("/v1/subscribers", json=hook("https://b.example/", confirmed=True))).status_code == 403


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "https://user@a.example/", "https://a.example/#x", "https://0x7f.1/"]
)
async def test_an_address_that_hides_where_it_leads_is_refused_at_the_door(client: httpx.AsyncClient, url: str) -> None:
    answer = await client.post("/v1/subscribers", json=hook(url))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "endpoints.0.address"
