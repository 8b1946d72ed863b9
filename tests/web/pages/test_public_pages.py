"""The status page as it is handed out: from memory, whatever else is down."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from page_samples import NOW, component, in_german, incident, page
from page_visitor import visiting
from tocsin.settings import Settings
from tocsin.web.main import create_app
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write


@pytest.fixture
async def visitor(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    write(folder, render(in_german(page(components=[component("api")], incidents=[incident("Mail is late")]))))
    async with visiting(folder) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/history", "text/html; charset=utf-8"),
        ("/incidents/inc000000001", "text/html; charset=utf-8"),
        ("/de/", "text/html; charset=utf-8"),
        ("/de", "text/html; charset=utf-8"),
        ("/de/history", "text/html; charset=utf-8"),
        ("/de/incidents/inc000000001", "text/html; charset=utf-8"),
        ("/de/manifest.json", "application/json"),
        ("/api/v2/summary.json", "application/json"),
        ("/api/v2/incidents/unresolved.json", "application/json"),
        ("/favicon.ico", "image/svg+xml"),
        ("/history.atom", "application/atom+xml"),
        ("/history.rss", "application/rss+xml"),
        ("/de/history.atom", "application/atom+xml"),
        ("/badge.svg", "image/svg+xml"),
    ],
)
async def test_every_public_address_is_answered(visitor: httpx.AsyncClient, path: str, media: str) -> None:
    answer = await visitor.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/de/"])
async def test_a_visitor_who_has_it_already_gets_nothing_again(visitor: httpx.AsyncClient, path: str) -> None:
    first = await visitor.get(path, headers={"Accept-Encoding": "identity"})
    for known in (first.headers["etag"], f"W/{first.headers['etag']}", f'"other", {first.headers["etag"]}', "*"):
        again = await visitor.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
    packed = await visitor.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["etag"] != first.headers["etag"]
    again = await visitor.get(path, headers={"If-None-Match": packed.headers["etag"]})
    assert again.status_code == 304
    assert (await visitor.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_date_alone_is_enough_for_whoever_has_no_tag(folder: Path) -> None:
    write(folder, render(page()))
    os.utime(folder / "stamp.json", (1_790_000_000, 1_790_000_000))
    async with visiting(folder) as other:
        first = await other.get("/")
        assert first.headers["last-modified"] == "Mon, 21 Sep 2026 14:13:20 GMT"
        dated = {"If-Modified-Since": first.headers["last-modified"]}
        assert (await other.get("/", headers=dated)).status_code == 304
        assert (await other.get("/", headers=dated | {"If-None-Match": '"other"'})).status_code == 200
        # Changed again in the same second: the date would stand for two pages, so there is none.
        write(folder, render(page(components=[component("shop")], rendered_at=NOW + timedelta(seconds=1))))
        os.utime(folder / "stamp.json", (1_790_000_000, 1_790_000_000))
        again = await other.get("/", headers=dated)
        assert (again.status_code, "last-modified" in again.headers) == (200, False)


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [("gzip, br", True), ("br;q=1, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
async def test_it_is_sent_compressed_to_those_who_can_read_that(
    visitor: httpx.AsyncClient, accepted: str, *, is_packed: bool
) -> None:
    async with visitor.stream("GET", "/", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert (answer.headers.get("content-encoding") == "gzip") is is_packed
    assert answer.headers["vary"] == "Accept-Encoding"
    assert int(answer.headers["content-length"]) == len(raw)
    assert b"</html>" in (gzip.decompress(raw) if is_packed else raw)


async def test_head_says_what_get_would(visitor: httpx.AsyncClient) -> None:
    got, asked = await visitor.get("/"), await visitor.head("/")
    assert asked.content == b""
    assert dict(asked.headers) == dict(got.headers)


async def test_nothing_else_can_be_done_to_it(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post("/", content=b"x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_programs_elsewhere_may_read_the_json_and_only_that(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get("/api/v2/status.json")).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in (await visitor.get("/")).headers


async def test_cookies_queries_and_hosts_make_no_difference(visitor: httpx.AsyncClient) -> None:
    plain = await visitor.get("/")
    odd = {"Accept-Language": "de", "Cookie": "tocsin=x", "Host": "evil.test", "X-Forwarded-Host": "evil.test"}
    other = await visitor.get("/?utm_source=x&q=<script>", headers=odd)
    assert (other.content, dict(other.headers)) == (plain.content, dict(plain.headers))


async def test_the_style_is_kept_for_good_and_the_page_asked_for_anew(visitor: httpx.AsyncClient) -> None:
    html = (await visitor.get("/")).text
    style = html.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await visitor.get(style)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(answer.content) < 20_000
    assert (await visitor.get("/")).headers["cache-control"].startswith("public, max-age=0")


async def test_an_unknown_incident_gets_a_friendly_page(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/incidents/nosuchthing")
    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.text
    assert (await visitor.get("/incidents/../stamp.json")).status_code in {404, 418}
    german = await visitor.get("/de/incidents/nosuchthing")
    assert german.status_code == 404
    assert "Unter dieser Adresse ist nichts." in german.text


@pytest.mark.parametrize("path", ["/stamp.json", "/404", "/v1/incidents/x", "/.lock", "/index.html.gz"])
async def test_the_rest_is_passed_on(visitor: httpx.AsyncClient, path: str) -> None:
    assert (await visitor.get(path)).status_code in {418, 404}


async def test_a_new_page_is_seen_at_once(visitor: httpx.AsyncClient, folder: Path) -> None:
    before = await visitor.get("/")
    write(folder, render(page(components=[component("shop")], rendered_at=NOW + timedelta(seconds=1))))
    after = await visitor.get("/")
    assert "Shop" in after.text
    assert after.headers["etag"] != before.headers["etag"]
    assert (await visitor.get("/incidents/inc000000001")).status_code == 404


async def test_it_outlives_its_folder(visitor: httpx.AsyncClient, folder: Path) -> None:
    before = (await visitor.get("/")).text
    await asyncio.to_thread(folder.rename, folder.with_name("gone"))
    assert (await visitor.get("/")).text == before


async def test_before_the_first_page_it_says_that_one_is_coming(folder: Path) -> None:
    async with visiting(folder) as visitor:
        first = await visitor.get("/")
        assert (first.status_code, first.headers["cache-control"]) == (200, "no-store")
        assert "The status page is being made." in first.text
        assert "Die Statusseite wird gerade erstellt." in (await visitor.get("/de/")).text
        waiting = await visitor.get("/api/v2/status.json")
        assert (waiting.status_code, waiting.headers["retry-after"]) == (503, "2")
        write(folder, render(page()))
        assert "Everything is working." in (await visitor.get("/")).text


async def test_it_is_served_by_a_fresh_process_with_no_database_and_no_broker(tmp_home: Path) -> None:
    settings = Settings(
        brand="Acme",
        home=tmp_home,
        database_url="postgresql://nobody@127.0.0.1:9/nothing",
        broker_url="redis://127.0.0.1:9/0",
    )
    write(settings.page_directory, render(page(incidents=[incident("Mail is late")])))
    app = create_app(settings)  # not even started: there is nothing that it could have asked
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://status.test") as visitor:
        for path in ("/", "/history", "/incidents/inc000000001", "/api/v2/summary.json"):
            assert (await visitor.get(path)).status_code == 200, path
    assert app.middleware_stack is None  # nor has the framework been asked
