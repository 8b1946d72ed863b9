"""Subscribers over HTTP: an address belongs to one subscriber, and nothing that is not followed is taken."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import Join
from subscriber_bodies import ADA, subscribed, with_endpoint, with_preference
from tocsin.domain.scope import Scope


async def test_a_subscriber_comes_back_as_they_were_sent(client: httpx.AsyncClient) -> None:
    await client.post("/v1/components", json={"slug": "checkout", "name": "Checkout"})
    made = await subscribed(
        client, with_preference(components=["checkout"], min_severity="sev2", phases=["opened", "resolved"])
    )
    shown = (await client.get(f"/v1/subscribers/{made['id']}")).json()
    assert shown == made
    assert shown["name"] == "Ada"
    assert shown["audiences"] == ["customers"]
    [endpoint] = shown["endpoints"]
    assert (endpoint["address"], endpoint["state"], endpoint["confirmed"]) == ("ada@example.com", "active", True)
    assert endpoint["preference"]["components"] == ["checkout"]
    assert endpoint["preference"]["min_severity"] == "sev2"
    assert endpoint["preference"]["phases"] == ["opened", "resolved"]


async def test_who_is_not_confirmed_is_not_written_to(client: httpx.AsyncClient) -> None:
    made = await subscribed(client, with_endpoint(confirmed=False))
    assert made["endpoints"][0]["state"] == "unconfirmed"


async def test_an_address_belongs_to_one_subscriber_however_it_is_written(client: httpx.AsyncClient) -> None:
    made = await subscribed(client)
    answer = await client.post("/v1/subscribers", json=with_endpoint(address="Ada@EXAMPLE.com"))
    assert answer.status_code == 409
    assert made["id"] in answer.json()["detail"]


BROKEN: list[tuple[dict[str, Any], str]] = [
    (with_endpoint(address="ada"), "endpoints.0.address"),
    (with_endpoint(address="ada@nodots"), "endpoints.0.address"),
    (with_endpoint(address="ada@example.com\n"), "endpoints.0.address"),
    (with_endpoint(address=f"{'a' * 65}@example.com"), "endpoints.0.address"),
    (with_endpoint(address=f"{'ä' * 33}@example.com"), "endpoints.0.address"),
    (with_endpoint(address={"endpoint": "x"}), "endpoints.0.address"),
    (with_endpoint(channel="sms", address="+14155552671"), "endpoints.0.channel"),
    (with_endpoint(channel="status_page", address="page"), "endpoints.0.channel"),
    (with_endpoint(channel="pigeon"), "endpoints.0.channel"),
    (ADA | {"audiences": ["nobody"]}, "audiences"),
    (ADA | {"audiences": []}, "audiences"),
    (ADA | {"time_zone": "Europe/Nowhere"}, "time_zone"),
    (ADA | {"time_zone": "../../etc/passwd"}, "time_zone"),
    (ADA | {"locale": "German"}, "locale"),
    (ADA | {"name": "a\nb"}, "name"),
    (ADA | {"nmae": "x"}, "nmae"),
    (with_preference(components=["nothing"]), "endpoints.0.preference.components"),
    (with_preference(components=[]), "endpoints.0.preference.components"),
    (with_preference(min_severity="sev9"), "endpoints.0.preference.min_severity"),
    (with_preference(phases=["opened"]), "endpoints.0.preference.phases"),
    (with_preference(phases=["openend", "resolved"]), "endpoints.0.preference.phases"),
    (with_preference(mode="weekly"), "endpoints.0.preference.mode"),
    (with_preference(digest_at="25:00"), "endpoints.0.preference.digest_at"),
    (with_preference(quiet_hours=[{"days": ["mon"], "from": "22:00"}]), "endpoints.0.preference.quiet_hours.0.to"),
    (ADA | {"endpoints": [ADA["endpoints"][0], ADA["endpoints"][0]]}, "endpoints.1.address"),
]


async def test_a_broken_rule_is_422_and_names_the_field(client: httpx.AsyncClient) -> None:
    for body, field in BROKEN:
        answer = await client.post("/v1/subscribers", json=body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"][0]["field"] == field, (body, answer.text)
    assert (await client.get("/v1/subscribers")).json()["items"] == []


async def test_skipping_the_opt_in_takes_a_key_with_operate(join: Join) -> None:
    writer = await join(Scope.SUBSCRIBERS_WRITE)
    refused = await writer.post("/v1/subscribers", json=ADA)
    assert refused.status_code == 403
    assert "operate" in refused.json()["detail"]
    assert (await writer.post("/v1/subscribers", json=with_endpoint(confirmed=False))).status_code == 201
    operator = await join(Scope.SUBSCRIBERS_WRITE, Scope.OPERATE)
    other = with_endpoint(address="bob@example.com")
    assert (await operator.post("/v1/subscribers", json=other)).status_code == 201


async def test_lists_leave_the_status_page_out_and_narrow_down(client: httpx.AsyncClient) -> None:
    await subscribed(client)
    await subscribed(
        client,
        {"audiences": ["support"], "endpoints": [{"channel": "email", "address": "bob@example.com"}]},
    )
    everyone = (await client.get("/v1/subscribers")).json()["items"]
    assert [who["name"] for who in everyone] == ["Ada", ""]
    for query, names in [
        ("audience=customers", ["Ada"]),
        ("state=unconfirmed", [""]),
        ("address=ADA@example.com", ["Ada"]),
        ("address=nobody@example.com", []),
        ("channel=email&limit=1", ["Ada"]),
    ]:
        found = (await client.get(f"/v1/subscribers?{query}")).json()["items"]
        assert [who["name"] for who in found] == names, query


async def test_a_change_leaves_what_it_does_not_name(client: httpx.AsyncClient) -> None:
    made = await subscribed(client)
    changed = await client.patch(f"/v1/subscribers/{made['id']}", json={"name": "Ada L."})
    assert changed.status_code == 200
    assert changed.json() | {"updated_at": made["updated_at"]} == made | {"name": "Ada L."}


async def test_endpoints_given_are_all_that_there_shall_be(client: httpx.AsyncClient) -> None:
    made = await subscribed(client)
    url = f"/v1/subscribers/{made['id']}"
    second = {"channel": "email", "address": "ada@work.example", "confirmed": True}
    both = await client.patch(url, json={"endpoints": [{"channel": "email", "address": "ada@example.com"}, second]})
    assert [one["state"] for one in both.json()["endpoints"]] == ["active", "active"]
    assert both.json()["endpoints"][0]["id"] == made["endpoints"][0]["id"]
    one = await client.patch(url, json={"endpoints": [second | {"state": "paused"}]})
    assert [(each["address"], each["state"]) for each in one.json()["endpoints"]] == [("ada@work.example", "paused")]


async def test_an_address_of_somebody_else_cannot_be_taken_by_a_change(client: httpx.AsyncClient) -> None:
    made = await subscribed(client)
    bob = await subscribed(client, with_endpoint(address="bob@example.com"))
    answer = await client.patch(
        f"/v1/subscribers/{bob['id']}", json={"endpoints": [{"channel": "email", "address": "ada@example.com"}]}
    )
    assert answer.status_code == 409
    assert made["id"] in answer.json()["detail"]
    kept = (await client.get(f"/v1/subscribers/{bob['id']}")).json()["endpoints"]
    assert [endpoint["address"] for endpoint in kept] == ["bob@example.com"]


async def test_a_narrower_audience_means_another_bucket(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    made = await subscribed(client)
    answer = await client.patch(f"/v1/subscribers/{made['id']}", json={"audiences": ["oncall", "customers"]})
    assert answer.json()["audiences"] == ["oncall", "customers"]
    async with engine.begin() as connection:
        rows = await connection.execute(text("SELECT rank, size FROM bucket WHERE channel = 'email' ORDER BY rank"))
        assert [tuple(row) for row in rows] == [(0, 1), (4, 0)]
        [found] = await connection.execute(
            text(
                "SELECT b.rank, e.audiences FROM endpoint e JOIN bucket b ON b.id = e.bucket_id "
                "WHERE e.channel = 'email'"
            )
        )
        assert tuple(found) == (0, 0b10001)


async def test_who_is_deleted_is_gone_and_what_they_are_owed_is_cancelled(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    made = await subscribed(client)
    async with engine.begin() as connection:
        await owe(connection)
    assert (await client.delete(f"/v1/subscribers/{made['id']}")).status_code == 204
    assert (await client.get(f"/v1/subscribers/{made['id']}")).status_code == 404
    assert (await client.delete(f"/v1/subscribers/{made['id']}")).status_code == 404
    async with engine.begin() as connection:
        [row] = await connection.execute(text("SELECT state::text, reason, due_at FROM delivery"))
        assert tuple(row) == ("cancelled", "opted_out", None)
        [size] = await connection.execute(text("SELECT size FROM bucket WHERE channel = 'email'"))
        assert size[0] == 0
    await subscribed(client)


async def test_what_is_owed_moves_along_and_wakes_its_new_bucket(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    made = await subscribed(client)
    async with engine.begin() as connection:
        await owe(connection)
    await client.patch(f"/v1/subscribers/{made['id']}", json={"audiences": ["support"]})
    async with engine.begin() as connection:
        [row] = await connection.execute(
            text("""
                SELECT d.state::text, b.rank, b.live, b.due_at <= tocsin_epoch() AS due, b.gen, e.bucket_id = b.id
                FROM delivery d JOIN bucket b ON b.id = d.bucket_id JOIN endpoint e ON e.id = d.endpoint_id
            """)
        )
    assert tuple(row) == ("pending", 1, [7], True, 1, True)


async def test_who_is_being_written_to_is_not_moved(
    client: httpx.AsyncClient, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.services.change_subscriber._WAIT_SECONDS", 0.01)
    made = await subscribed(client)
    async with engine.begin() as connection:
        await owe(connection)
        await connection.execute(
            text("UPDATE bucket SET attempt_id = 1, lease_until = tocsin_epoch() + 15 WHERE cardinality(live) > 0")
        )
    answer = await client.patch(f"/v1/subscribers/{made['id']}", json={"audiences": ["support"], "name": "New"})
    assert answer.status_code == 409
    assert "try again" in answer.json()["detail"]
    assert (await client.get(f"/v1/subscribers/{made['id']}")).json()["name"] == "Ada"


async def owe(connection: Any) -> None:
    """Owe every e-mail endpoint news of update 7."""
    await connection.execute(
        text("""
            WITH i AS (
              INSERT INTO incident (public_id, version, status, severity, title, started_at)
              VALUES ('i', 1, 'investigating', 3, 'Down', tocsin_now()) RETURNING *)
            INSERT INTO incident_update (id, public_id, incident_id, version, status, severity, impact, kind, phase,
              title, body, audiences, is_public, created_by) OVERRIDING SYSTEM VALUE
            SELECT 7, public_id, id, 1, status, severity, 'none', 'standard', 1, title, 'Down.', 1, true, 'test' FROM i
        """)
    )
    await connection.execute(
        text("""
            INSERT INTO delivery (update_id, bucket_id, endpoint_id, audience, state, since, due_at)
            SELECT 7, bucket_id, id, 4, 'pending', tocsin_epoch(), tocsin_epoch() FROM endpoint WHERE channel = 'email'
        """)
    )
    await connection.execute(
        text("UPDATE bucket SET live = '{7}', due_at = tocsin_epoch(), due_n = 1 WHERE channel = 'email' AND size > 0")
    )
