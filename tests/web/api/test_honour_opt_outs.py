"""No list and no key writes again to somebody who left; an operator who holds their later word says so, on record."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import Join
from subscriber_bodies import ADA, subscribed, with_endpoint
from tocsin.domain.asking import seal
from tocsin.domain.scope import Scope
from tocsin.store import suppressions

NDJSON = {"Content-Type": "application/x-ndjson"}
CONFIRMED: dict[str, Any] = {"channel": "email", "address": "ada@example.com", "confirmed": True}
WORD = {"basis": "Letter of 2020-02-20, filed as C-1182", "at": "2020-02-20T09:00:00Z"}


async def state(engine: AsyncEngine) -> str:
    async with engine.begin() as connection:
        found = await connection.scalar(text("SELECT state::text FROM endpoint WHERE address = 'ada@example.com'"))
    return str(found)


async def evidence(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    async with engine.begin() as connection:
        rows = await connection.execute(text("SELECT what, how, by_whom, basis FROM consent ORDER BY id"))
        return [tuple(row) for row in rows]


async def gone(client: httpx.AsyncClient, engine: AsyncEngine, at: str = "2020-02-01T00:00:00Z") -> str:
    """Subscribe Ada and have her leave by the link in a message; return where she is changed."""
    made = await subscribed(client)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE endpoint SET state = 'opted_out' WHERE channel = 'email'"))
        await connection.execute(
            text("""
                INSERT INTO consent (at, what, how, channel, seal)
                VALUES (CAST(CAST(:at AS text) AS timestamptz), 'withdrawn', 'link', 'email', :seal)
            """),
            {"at": at, "seal": seal("s" * 32, "email", "ada@example.com")},
        )
    return f"/v1/subscribers/{made['id']}"


async def test_who_opted_out_stays_so_and_the_answer_says_it(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    url = await gone(client, engine)
    answer = await client.patch(url, json={"name": "Ada L.", "endpoints": [CONFIRMED]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == "Ada L."
    assert answer.json()["endpoints"][0]["state"] == "opted_out"
    assert "ada@example.com has opted out and stays so" in answer.json()["notes"][0]
    assert await state(engine) == "opted_out"


@pytest.mark.parametrize("wanted", ["active", "paused", "quarantined"])
async def test_no_state_leads_out_of_an_opt_out(client: httpx.AsyncClient, engine: AsyncEngine, wanted: str) -> None:
    url = await gone(client, engine)
    answer = await client.patch(url, json={"endpoints": [CONFIRMED | {"state": wanted}]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "endpoints.0.state"
    assert "written_consent" in answer.json()["detail"]
    assert await state(engine) == "opted_out"


async def test_to_take_an_address_out_and_in_again_changes_nothing(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    url = await gone(client, engine)
    other = CONFIRMED | {"address": "ada@work.example"}
    assert (await client.patch(url, json={"endpoints": [other]})).status_code == 200
    again = await client.patch(url, json={"endpoints": [other, CONFIRMED]})
    assert again.status_code == 422
    assert again.json()["errors"][0]["field"] == "endpoints.1.address"
    waiting = await client.patch(url, json={"endpoints": [other, CONFIRMED | {"confirmed": False}]})
    assert waiting.json()["endpoints"][1]["state"] == "unconfirmed"
    confirmed = await client.patch(url, json={"endpoints": [other, CONFIRMED]})
    assert confirmed.status_code == 422
    assert await state(engine) == "unconfirmed"


async def test_a_list_says_of_a_line_that_its_address_opted_out(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    await gone(client, engine)
    answer = await client.post("/v1/subscribers/import", content=json.dumps(ADA), headers=NDJSON)
    line = json.loads(answer.text.splitlines()[0])
    assert line["status"] == "duplicate"
    assert "has opted out and stays so" in line["detail"]
    conflict = await client.post("/v1/subscribers", json=ADA)
    assert conflict.status_code == 409
    assert "has opted out and stays so" in conflict.json()["detail"]
    assert await state(engine) == "opted_out"


@pytest.mark.parametrize("wanted", ["paused", "quarantined"])
async def test_no_state_of_old_hides_that_somebody_left(
    client: httpx.AsyncClient, engine: AsyncEngine, wanted: str
) -> None:
    url = await gone(client, engine)
    assert (await client.delete(url)).status_code == 204
    answer = await client.post("/v1/subscribers", json=with_endpoint(confirmed=False, state=wanted))
    assert answer.status_code == 422
    assert "written_consent" in answer.json()["detail"]


async def test_their_later_word_in_writing_counts_and_stays_on_record(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    url = await gone(client, engine)
    answer = await client.patch(url, json={"endpoints": [CONFIRMED | {"written_consent": WORD}]})
    assert answer.status_code == 200, answer.text
    assert "notes" not in answer.json()
    assert await state(engine) == "active"
    assert (await evidence(engine))[1:] == [
        ("confirmed", "in writing", "key:test 0", WORD["basis"]),
        ("returned", "operator", "key:test 0", WORD["basis"]),
    ]
    [line] = (await client.get("/v1/subscribers/export")).text.splitlines()
    kept = json.loads(line)["endpoints"][0]["consent"]
    assert kept[0] | WORD | {"by": "key:test 0"} == kept[0]
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM subscriber WHERE name <> 'Status page'"))
    await client.post("/v1/subscribers/import", content=line, headers=NDJSON)
    assert (await client.get("/v1/subscribers/export")).text == line + "\n"


async def test_a_new_subscriber_comes_back_by_their_word_as_well(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    url = await gone(client, engine)
    await client.delete(url)
    body = with_endpoint(written_consent=WORD)
    line = json.dumps(body)
    before = await client.post(
        "/v1/subscribers", json=with_endpoint(written_consent=WORD | {"at": "2020-01-01T00:00:00Z"})
    )
    assert before.status_code == 422
    answer = await client.post("/v1/subscribers/import", content=line, headers=NDJSON)
    assert json.loads(answer.text.splitlines()[0])["status"] == "refused"  # they left this very minute
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE suppression SET created_at = '2020-02-01T00:00:00Z'"))
    answer = await client.post("/v1/subscribers/import", content=line, headers=NDJSON)
    assert json.loads(answer.text.splitlines()[0])["status"] == "created"
    assert await state(engine) == "active"
    async with engine.begin() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM suppression")) == 0


@pytest.mark.parametrize(
    ("at", "says"),
    [("2020-01-31T23:59:59Z", "before they left"), ("2099-01-01T00:00:00Z", "still to come")],
)
async def test_a_word_from_before_they_left_counts_no_more(
    client: httpx.AsyncClient, engine: AsyncEngine, at: str, says: str
) -> None:
    url = await gone(client, engine)
    word = WORD | {"at": at}
    answer = await client.patch(url, json={"endpoints": [CONFIRMED | {"written_consent": word}]})
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert answer.json()["errors"][0]["field"] == "endpoints.0.written_consent"
    assert await state(engine) == "opted_out"


async def test_after_stop_only_start_begins_again(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    url = await gone(client, engine)
    async with engine.begin() as connection:
        await suppressions.add(connection, "email", [seal("s" * 32, "email", "ada@example.com")], "stopped")
    answer = await client.patch(url, json={"endpoints": [CONFIRMED | {"written_consent": WORD}]})
    assert answer.status_code == 422
    assert "START" in answer.json()["detail"]
    assert await state(engine) == "opted_out"


async def test_what_an_operator_stops_is_on_record(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    made = await subscribed(client)
    stopped = CONFIRMED | {"state": "opted_out"}
    for _ in range(2):
        answer = await client.patch(f"/v1/subscribers/{made['id']}", json={"endpoints": [stopped]})
        assert answer.json()["endpoints"][0]["state"] == "opted_out"
    assert await evidence(engine) == [("withdrawn", "operator", "key:test 0", None)]


async def test_a_word_in_writing_takes_operate_and_confirmed(join: Join) -> None:
    writer = await join(Scope.SUBSCRIBERS_WRITE, Scope.SUBSCRIBERS_READ)
    refused = await writer.post("/v1/subscribers", json=with_endpoint(confirmed=False, written_consent=WORD))
    assert refused.status_code == 422
    assert (await writer.post("/v1/subscribers", json=with_endpoint(written_consent=WORD))).status_code == 403
