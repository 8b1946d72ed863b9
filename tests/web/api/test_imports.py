"""Import and export: a report on every line, nothing lost, and the same lines again change nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api_callers import Join
from tocsin.domain.scope import Scope

NDJSON = {"Content-Type": "application/x-ndjson"}


def line(address: str, **more: Any) -> str:
    endpoint = {"channel": "email", "address": address, "confirmed": True}
    return json.dumps({"audiences": ["customers"], "endpoints": [endpoint]} | more)


async def imported(
    client: httpx.AsyncClient, content: Any, media: str = "application/x-ndjson"
) -> list[dict[str, Any]]:
    answer = await client.post("/v1/subscribers/import", content=content, headers={"Content-Type": media})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(each) for each in answer.text.splitlines()]


async def test_every_line_gets_its_report(client: httpx.AsyncClient) -> None:
    first, second, third, fourth, fifth, sixth, summary = await imported(
        client,
        "\n".join(
            [
                line("a@example.com"),
                "{broken",
                line("A@example.com"),
                line("b@example.com", nmae="x"),
                line("b@example.com", audiences=["nobody"]),
                "",
                line("ü@exämple.com"),
            ]
        ),
    )
    assert first["status"] == "created"
    assert second["status"] == "refused"
    assert second["errors"][0]["field"] == "line"
    assert (third["status"], third["id"]) == ("duplicate", first["id"])
    assert fourth["errors"] == [
        {"field": "nmae", "detail": "There is no such field. Check its spelling, or leave it out."}
    ]
    assert fifth["errors"][0]["field"] == "audiences"
    assert (sixth["line"], sixth["status"]) == (7, "created")
    assert summary == {"summary": {"lines": 6, "created": 2, "duplicate": 1, "refused": 3}}


async def test_importing_again_changes_nothing(client: httpx.AsyncClient) -> None:
    lines = "\n".join(line(f"user{number}@example.com") for number in range(1_200))
    once = await imported(client, lines)
    again = await imported(client, lines)
    assert once[-1]["summary"] == {"lines": 1_200, "created": 1_200, "duplicate": 0, "refused": 0}
    assert again[-1]["summary"] == {"lines": 1_200, "created": 0, "duplicate": 1_200, "refused": 0}
    assert [each["id"] for each in again[:-1]] == [each["id"] for each in once[:-1]]


async def test_who_has_no_address_is_imported_once(client: httpx.AsyncClient) -> None:
    people = [{"name": name, "audiences": ["customers"]} for name in ("Ada", "Bob", "Ada", "")]
    lines = "\n".join(json.dumps(one) for one in people)
    first, second = await imported(client, lines), await imported(client, lines)
    assert [one["status"] for one in first[:-1]] == ["created", "created", "duplicate", "created"]
    assert [one["status"] for one in second[:-1]] == ["duplicate"] * 4
    assert [one["id"] for one in second[:-1]] == [one["id"] for one in first[:-1]]
    assert second[0]["detail"] == "They are here without address already. Nothing was changed."
    for other in ({"locale": "de"}, {"time_zone": "Europe/Berlin"}, {"audiences": ["staff"]}):
        assert (await imported(client, json.dumps(people[0] | other)))[0]["status"] == "created"
    made = (await client.post("/v1/subscribers", json=people[0])).json()  # one by one they are told apart
    assert made["id"] not in {one["id"] for one in first[:-1]}


async def test_every_endpoint_has_its_pace_and_no_bucket_more_than_500(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    await imported(client, "\n".join(line(f"user{number}@example.com") for number in range(1_201)))
    async with engine.begin() as connection:
        rows = await connection.execute(
            text("""
                SELECT b.size, count(*) AS endpoints, count(p.*) AS paces
                FROM bucket b JOIN endpoint e ON e.bucket_id = b.id LEFT JOIN pace p ON p.endpoint_id = e.id
                WHERE b.channel = 'email' GROUP BY b.id ORDER BY b.id
            """)
        )
        assert [tuple(row) for row in rows] == [(500, 500, 500), (500, 500, 500), (201, 201, 201)]


async def test_lines_may_come_in_any_pieces(client: httpx.AsyncClient) -> None:
    whole = (line("a@example.com") + "\r\n" + line("b@example.com") + "\n\n" + line("c@example.com")).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for place in range(0, len(whole), 7):
            yield whole[place : place + 7]

    *lines, summary = await imported(client, pieces())
    assert [each["line"] for each in lines] == [1, 2, 4]
    assert summary["summary"]["created"] == 3


async def test_an_endless_line_is_refused_and_the_next_one_read(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 10_000
        yield b"\n" + line("a@example.com").encode()

    refused, created, _ = await imported(client, pieces())
    assert (refused["status"], created["status"]) == ("refused", "created")
    assert "65,536" in refused["errors"][0]["detail"]


async def test_bytes_of_any_kind_are_refused_line_by_line(client: httpx.AsyncClient) -> None:
    junk = [b"\xff\xfe\x00", b"\x00", b"[" * 100_000, b"1", b'"x"', b"null", b"[]", b'{"a": "\\ud800"}', b"NaN"]
    junk += [json.dumps({"audiences": ["customers"], "name": "\ud800"}).encode()]
    *lines, summary = await imported(client, b"\n".join(junk))
    assert summary["summary"]["refused"] == len(junk) == len(lines)


async def test_csv_has_a_header_and_may_have_line_ends_in_quotes(client: httpx.AsyncClient) -> None:
    table = (
        "name,audiences,channel,address,confirmed,min_severity\r\n"
        '"Ada, L.",customers;support,email,ada@example.com,true,sev2\r\n'
        '"Two\nlines",customers,email,two@example.com,true,\r\n'
        ",customers,email,bob@example.com,maybe,\r\n"
        "too,few\r\n"
        ",customers,email,eve@example.com,,\r\n"
    )
    *lines, _ = await imported(client, table, "text/csv; charset=utf-8")
    assert [(each["line"], each["status"]) for each in lines] == [
        (2, "created"),
        (4, "refused"),
        (5, "refused"),
        (6, "refused"),
        (7, "created"),
    ]
    ada = (await client.get(f"/v1/subscribers/{lines[0]['id']}")).json()
    assert (ada["name"], ada["audiences"]) == ("Ada, L.", ["support", "customers"])
    assert ada["endpoints"][0]["preference"]["min_severity"] == "sev2"


async def test_a_csv_with_unknown_columns_is_refused_whole(client: httpx.AsyncClient) -> None:
    for table in ("mail\nx@example.com\n", "", "name,name\n"):
        answer = await client.post("/v1/subscribers/import", content=table, headers={"Content-Type": "text/csv"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "header"


async def test_a_line_that_skips_the_opt_in_takes_operate(join: Join) -> None:
    writer = await join(Scope.SUBSCRIBERS_WRITE)
    refused, _ = await imported(writer, line("a@example.com"))
    assert refused["status"] == "refused"
    assert "operate" in refused["errors"][0]["detail"]


async def test_an_export_can_be_imported_elsewhere_as_it_is(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    await client.post("/v1/components", json={"slug": "checkout", "name": "Checkout"})
    preference = {"components": ["checkout"], "min_severity": "sev2", "phases": ["opened", "update", "resolved"]}
    chosen = {"channel": "email", "address": "a@example.com", "confirmed": True, "preference": preference}
    gone = {"channel": "email", "address": "gone@example.com", "state": "opted_out"}
    await imported(
        client,
        "\n".join([line("", endpoints=[chosen], name="Ä"), line("", endpoints=[gone]), line("c@example.com")]),
    )
    exported = (await client.get("/v1/subscribers/export")).text
    assert len(exported.splitlines()) == 3
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM subscriber WHERE name <> 'Status page'"))
    *_, summary = await imported(client, exported)
    assert summary["summary"]["created"] == 3
    assert (await client.get("/v1/subscribers/export")).text == exported
