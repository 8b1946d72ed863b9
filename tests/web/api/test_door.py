"""The door: who may enter, how often, and that whatever is sent gets an answer that says what to do."""

from __future__ import annotations

import json
import string
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message
from structlog.testing import capture_logs

from api_callers import caller, is_problem
from tocsin.domain.key import new_key

BROKEN = {"title": "Checkout is failing", "body": "We see failed payments."}
JSON = {"Content-Type": "application/json"}
FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

texts = st.text(max_size=30) | st.text(st.characters(codec=None), max_size=10)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
fields = ["title", "body", "severity", "status", "kind", "impact", "texts", "titles", "audiences", "components",
          "next_update_in", "started_at", "notify", "template", "variables", "metadata"]  # fmt: skip
bodies = st.fixed_dictionaries(
    {"title": st.just("x") | values, "body": st.just("x") | values},
    optional=dict.fromkeys(fields[2:], values),
)


@FEW
@given(body=bodies)
async def test_no_json_makes_the_intake_stumble(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.post("/v1/incidents", content=json.dumps(body), headers=JSON)
    assert answer.status_code in {202, 400, 422}, answer.text
    if answer.status_code != 202:
        is_problem(answer)


@FEW
@given(content=st.binary(max_size=200) | st.text(string.printable).map(str.encode), url=st.sampled_from(
    ["/v1/incidents", "/v1/subscribers", "/v1/components", "/v1/component-groups", "/v1/incidents/INC-1/updates"]
))  # fmt: skip
async def test_no_bytes_make_the_door_stumble(client: httpx.AsyncClient, content: bytes, url: str) -> None:
    answer = await client.post(url, content=content, headers=JSON)
    assert answer.status_code in {400, 422}, answer.text
    is_problem(answer)


@FEW
@given(content=st.binary(max_size=500))
async def test_no_bytes_make_the_import_stumble(client: httpx.AsyncClient, content: bytes) -> None:
    for media in ("application/x-ndjson", "text/csv"):
        answer = await client.post("/v1/subscribers/import", content=content, headers={"Content-Type": media})
        assert answer.status_code in {200, 422}, answer.text


written = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\u202a\u202b\u202c"
                  "\u202d\u202e\u2066\u2067\u2068\u2069"),
    min_size=1, max_size=255,
).filter(lambda value: value.strip() == value and "=?" not in value)  # fmt: skip
kept = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53)
    | st.floats(-(2.0**53), 2.0**53, allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@FEW
@given(title=written, body=written, metadata=st.dictionaries(written, kept, max_size=3))
async def test_what_is_taken_in_comes_back_the_same(
    client: httpx.AsyncClient, title: str, body: str, metadata: dict[str, Any]
) -> None:
    sent = {"title": title, "body": body, "texts": {"support": body}, "metadata": metadata}
    answer = await client.post("/v1/incidents", content=json.dumps(sent), headers=JSON)
    assert answer.status_code == 202, answer.text
    shown = (await client.get(f"/v1/incidents/{answer.json()['id']}")).json()
    assert (shown["title"], shown["metadata"]) == (title, metadata)
    assert (shown["updates"][0]["body"], shown["updates"][0]["texts"]) == (body, {"support": body})


UNREADABLE: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("POST", "/v1/incidents", b"{", JSON, 400),
    ("POST", "/v1/incidents", b"[" * 50_000, JSON, 400),
    ("POST", "/v1/incidents", b"\xff", JSON, 400),
    ("POST", "/v1/incidents", b"", JSON, 422),
    ("POST", "/v1/incidents", b"1" * 5_000, JSON, 400),
    ("POST", "/v1/incidents", b"{}", {"Content-Type": "text/plain"}, 415),
    ("POST", "/v1/incidents", b"title=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ("POST", "/v1/incidents", b" " * 1_000_001, JSON, 413),
    ("GET", "/v1/nowhere", b"", {}, 404),
    ("GET", "/nowhere", b"", {}, 404),
    ("DELETE", "/v1/incidents", b"", {}, 405),
    ("POST", "/v1/incidents", b"{}", JSON | {"Idempotency-Key": "x" * 256}, 400),
    ("POST", "/v1/incidents", b"{}", JSON | {"Idempotency-Key": ""}, 400),
    ("POST", "/v1/incidents", b"{}", JSON | {"Idempotency-Key": "tab\t"}, 400),
]


async def test_what_cannot_be_read_is_answered_in_one_form(client: httpx.AsyncClient) -> None:
    for method, url, content, headers, status in UNREADABLE:
        answer = await client.request(method, url, content=content, headers=headers)
        assert answer.status_code == status, (method, url, content[:20], headers, answer.text)
        is_problem(answer)


async def test_a_field_may_be_called_anything_and_is_named_in_the_answer(client: httpx.AsyncClient) -> None:
    for odd in ("\0", "a.b", "", "é", "\ud800"):
        answer = await client.post("/v1/incidents", content=json.dumps(BROKEN | {odd: 1}), headers=JSON)
        assert answer.status_code == 422
        assert is_problem(answer)["errors"][0]["field"] in {odd, "body", "\ufffd"}
        nested = await client.post("/v1/incidents", content=json.dumps(BROKEN | {"texts": {odd: "x"}}), headers=JSON)
        assert nested.status_code == 422
        assert is_problem(nested)["errors"][0]["field"].startswith("texts")


async def test_a_body_without_a_length_is_bounded_too(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" " * 10_000

    answer = await client.post("/v1/incidents", content=endless(), headers=JSON)
    assert answer.status_code == 413
    is_problem(answer)


async def test_what_we_did_not_foresee_tells_nothing_of_the_inside(
    app: FastAPI, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken() -> None:
        raise RuntimeError("the password is hunter2")

    app.add_api_route("/broken", broken)
    answer = await client.get("/broken")
    assert answer.status_code == 500
    assert "hunter2" not in json.dumps(is_problem(answer))
    assert "hunter2" in "".join(capsys.readouterr())


async def test_without_a_working_key_nothing_opens(app: FastAPI) -> None:
    for header in ("", "Bearer", "Bearer x", f"Bearer {new_key()}", "Basic eDp5", "Bearer tcs_ä"):
        async with caller(app, "") as stranger:
            sent = header.encode("latin-1")
            answer = await stranger.post("/v1/incidents", json=BROKEN, headers={b"Authorization": sent})
            assert answer.status_code == 401, header
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert "tocsin key create" in is_problem(answer)["detail"]


@pytest.mark.parametrize("content", ["", "[]", "null", "7", '"words"'])
async def test_what_is_no_object_is_told_of_the_request_and_not_of_its_field_body(
    client: httpx.AsyncClient, content: str
) -> None:
    answer = await client.post("/v1/incidents", content=content, headers=JSON)
    assert answer.status_code == 422
    assert "JSON object" in is_problem(answer)["detail"]


@pytest.mark.parametrize("path", ["/subscribe", "/manage", "/receipts/smtp", "/v1/subscribers/import", "/v1/incidents"])
async def test_who_hangs_up_before_the_end_is_no_error_of_ours(
    app: FastAPI, client: httpx.AsyncClient, path: str
) -> None:
    headers = {"host": "status.test", "origin": "http://status.test", "authorization": client.headers["authorization"]}
    kind = "application/json" if path.startswith("/v1") else "application/x-www-form-urlencoded"
    told: list[Message] = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"{", "more_body": True}]
    answered: list[int] = []

    async def receive() -> Message:
        return told.pop()

    async def send(message: Message) -> None:
        answered.append(message.get("status", 0))

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "client": ("192.0.2.1", 4711),
        "server": ("status.test", 80),
        "headers": [(name.encode(), value.encode()) for name, value in (headers | {"content-type": kind}).items()],
    }
    with capture_logs() as logs:
        await app(scope, receive, send)
    assert answered[0] == 400
    assert logs == []
