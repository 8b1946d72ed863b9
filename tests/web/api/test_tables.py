"""Subscribers as a table: whatever is kept comes back as it was, and to the byte."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
CONSENT = [{"what": "asked", "how": "page", "at": "2026-11-01T10:00:00Z", "network": "192.0.2.0/24", "wording": "1"}]


async def imported(client: httpx.AsyncClient, content: str, headers: dict[str, str] = CSV) -> list[dict[str, Any]]:
    answer = await client.post("/v1/subscribers/import", content=content.encode(), headers=headers)
    return [json.loads(line) for line in answer.text.splitlines()]


async def table(client: httpx.AsyncClient) -> str:
    answer = await client.get("/v1/subscribers/export?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    return answer.text


def somebody(name: str, *endpoints: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "audiences": ["customers"], "endpoints": list(endpoints)} | more


async def crowd(client: httpx.AsyncClient) -> None:
    """Subscribe people who have used all that can be chosen."""
    await client.post("/v1/component-groups", json={"slug": "shop", "name": "Shop"})
    for slug in ("checkout", "search"):
        await client.post("/v1/components", json={"slug": slug, "name": slug, "group": "shop"})
    incidents = []
    for title in ("Slow", "Down"):
        made = await client.post("/v1/incidents", json={"title": title, "body": "We look into it."})
        incidents.append(made.json()["id"])
    quiet = [
        {"days": ["mon", "tue"], "from": "22:00", "to": "07:00"},
        {"days": ["sat"], "from": "20:30", "to": "09:15"},
    ]
    chosen = {
        "components": ["checkout", "search"],
        "groups": ["shop"],
        "min_severity": "sev2",
        "phases": ["opened", "resolved"],
        "mode": "daily",
        "digest_at": "08:00",
        "quiet_hours": quiet,
        "sev1_breaks_quiet": False,
        "paused_until": "2030-01-01T00:00:00Z",
        "fallback": "webhook:https://hooks.example.com/x",
    }
    people = [
        somebody(
            'Åsa "Ö", L.; = 1',
            {"channel": "email", "address": "asa@example.com", "confirmed": True, "locale": "de", "preference": chosen,
             "consent": CONSENT, "follows": incidents, "only_follows": True,
             "snoozed": {incidents[0]: None, incidents[1]: "2030-01-01T00:00:00.123456Z"}},
            {"channel": "webhook", "address": "https://hooks.example.com/x"},
            {"channel": "chat", "address": "https://hooks.slack.com/services/T0/B0/x", "state": "paused"},
            audiences=["support", "customers"], time_zone="Asia/Kathmandu", locale="de-AT",
        ),
        somebody("=HYPERLINK(1)", {"channel": "email", "address": "f@example.com", "state": "opted_out"}),
        somebody("'t Hooft", {"channel": "email", "address": "t@example.com", "state": "quarantined",
                              "preference": {"components": ["search"]}}),
        somebody("'=x", {"channel": "email", "address": "-x@example.com"}),
        somebody("nobody anywhere"),
        somebody("", {"channel": "email", "address": "plain@example.com", "confirmed": True}),
    ]  # fmt: skip
    lines = await imported(client, "\n".join(json.dumps(one) for one in people), NDJSON)
    assert [one.get("status") for one in lines[:-1]] == ["created"] * len(people), lines
    await client.post("/v1/components", json={"slug": "gone", "name": "Gone"})


async def forget(engine: AsyncEngine) -> None:
    """Leave the installation as it is before anybody subscribes."""
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM subscriber WHERE name <> 'Status page'"))


@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_export_and_import_keep_every_state_to_the_byte(
    client: httpx.AsyncClient, engine: AsyncEngine, form: str
) -> None:
    await crowd(client)
    async with engine.begin() as connection:  # all that they chose was deleted since
        await connection.execute(text("DELETE FROM endpoint_component WHERE endpoint_id = (SELECT id FROM endpoint"
                                      " WHERE address = 't@example.com')"))  # fmt: skip
    before = (await client.get(f"/v1/subscribers/export?format={form}")).text
    whole = (await client.get("/v1/subscribers/export")).text
    await forget(engine)
    *lines, summary = await imported(client, before, CSV if form == "csv" else NDJSON)
    assert summary["summary"] == {"lines": 6, "created": 6, "duplicate": 0, "refused": 0}, lines
    assert (await client.get(f"/v1/subscribers/export?format={form}")).text == before
    assert (await client.get("/v1/subscribers/export")).text == whole, "a table keeps no less than lines of JSON"


async def test_what_was_chosen_for_incidents_that_are_elsewhere_is_left_out_and_told(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    await crowd(client)
    before = await table(client)
    await forget(engine)
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE incident CASCADE"))
    first, *_ = await imported(client, before)
    assert first["status"] == "created"
    assert "These incidents are not here, and what was chosen for them is left out: " in first["detail"]
    asa = next(csv.DictReader(io.StringIO(await table(client))))
    assert (asa["follows"], asa["snoozed"], asa["fallback"]) == ("", "", "webhook:https://hooks.example.com/x")


async def test_a_table_is_made_to_be_read(client: httpx.AsyncClient) -> None:
    await crowd(client)
    rows = list(csv.DictReader(io.StringIO(await table(client))))
    assert [row["subscriber"] for row in rows] == ["1", "1", "1", "2", "3", "4", "5", "6"]
    asa = rows[0]
    assert (asa["audiences"], asa["language"], asa["groups"]) == ("support;customers", "de", "shop")
    assert asa["quiet_hours"] == "mon,tue 22:00-07:00; sat 20:30-09:15"
    assert rows[3]["name"] == "'=HYPERLINK(1)", "no spreadsheet runs what somebody calls themselves"
    assert (rows[4]["name"], rows[5]["address"]) == ("'t Hooft", "'-x@example.com")


async def test_rows_of_one_person_become_one_person(client: httpx.AsyncClient) -> None:
    many = "\n".join(f"9,customers,email,n{n}@example.com,true" for n in range(60))
    content = (
        "subscriber,audiences,channel,address,confirmed\n"
        "7,customers,email,a@example.com,true\n"
        "7,,email,b@example.com,true\n"
        "8,customers,email,c@example.com,true\n"
        "8,support,email,d@example.com,true\n"
        f"{many}\n"
        ",customers,email,e@example.com,true\n"
        ",customers,email,f@example.com,true\n"
    )
    *lines, _ = await imported(client, content)
    assert [(one["line"], one["status"]) for one in lines] == [
        (2, "created"),
        (4, "refused"),
        (6, "refused"),
        (66, "created"),
        (67, "created"),
    ]
    assert lines[1]["errors"] == [{"field": "audiences", "detail": "The rows of one subscriber differ in audiences."}]
    assert lines[2]["errors"][0]["field"] == "endpoints"
    both = (await client.get(f"/v1/subscribers/{lines[0]['id']}")).json()["endpoints"]
    assert [one["address"] for one in both] == ["a@example.com", "b@example.com"]


@pytest.mark.parametrize(
    ("column", "cell", "field"),
    [
        ("quiet_hours", "at night", "quiet_hours"),
        ("quiet_hours", "mon 25:00-07:00", "endpoints.0.preference.quiet_hours.0.from"),
        ("snoozed", "INC-1", "endpoints.0.snoozed"),
        ("snoozed", "abc tomorrow", "endpoints.0.snoozed.abc"),
        ("follows", "INC-1", "endpoints.0.follows.0"),
        ("only_follows", "maybe", "endpoints.0.only_follows"),
        ("fallback", "email:nobody@example.com", "endpoints.0.preference.fallback"),
        ("groups", "none", "endpoints.0.preference.groups"),
        ("language", "klingon!", "endpoints.0.locale"),
        ("consent", "yes", "consent"),
        ("paused_until", "soon", "endpoints.0.preference.paused_until"),
    ],
)
async def test_a_cell_that_makes_no_sense_is_named(
    client: httpx.AsyncClient, column: str, cell: str, field: str
) -> None:
    content = f"audiences,channel,address,confirmed,{column}\ncustomers,email,a@example.com,true,{cell}\n"
    refused, _ = await imported(client, content)
    assert refused["status"] == "refused"
    assert refused["errors"][0]["field"].startswith(field), refused


async def test_somebody_subscribed_one_by_one_follows_no_incident_that_is_not_there(client: httpx.AsyncClient) -> None:
    endpoint = {"channel": "email", "address": "a@example.com", "confirmed": True, "follows": ["nothere"]}
    refused = await client.post("/v1/subscribers", json=somebody("", endpoint))
    assert refused.status_code == 422
    assert "There is no incident 'nothere'." in refused.text
    assert (await client.get("/v1/subscribers")).json()["items"] == []


async def test_a_change_of_somebody_leaves_single_incidents_alone(client: httpx.AsyncClient) -> None:
    endpoint = {"channel": "email", "address": "a@example.com", "confirmed": True}
    made = (await client.post("/v1/subscribers", json=somebody("", endpoint))).json()
    changed = await client.patch(
        f"/v1/subscribers/{made['id']}", json={"endpoints": [endpoint | {"only_follows": True}]}
    )
    assert changed.status_code == 422
    assert "/follows" in changed.text
