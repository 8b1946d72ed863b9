"""From an incident to a room, a receiver and a browser, and from its end too, on the whole of `tocsin up`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from tocsin.practice import chat_log, webhook_log
from tocsin.practice.chat_log import Kept
from tocsin.practice.outbox import outbox_path
from tocsin.practice.push_log import Pushed, pushed
from tocsin.practice.webhook_log import Call
from tocsin_up import Up, until

ROOMS = (
    "slack:#incidents",
    "slack:#archived",
    "https://hooks.slack.com/services/T0/B0/operations",
    "https://x.logic.azure.com/workflows/support/triggers/manual/paths/invoke?sig=abc",
)
BROWSERS = ("phone", "gone", "stumbles")


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    with TemporaryDirectory(prefix="tocsin-journeys-") as folder, Up(Path(folder) / "home") as started:
        yield started.wait()
        assert started.end() == 0


def test_rooms_hear_of_an_incident_and_its_end(up: Up) -> None:
    endpoints = [{"channel": "chat", "address": room, "confirmed": True} for room in ROOMS]
    with up.client() as client:
        _post(client, "/v1/subscribers", audiences=["customers"], endpoints=endpoints)
        opened = _post(client, "/v1/incidents", title="Checkout <!channel>", body="We look into it.", severity="sev1")
        until(lambda: _states(client, opened["id"], "chat") == ["accepted"] * 3 + ["failed"], "the ledger has all four")
        _post(client, f"/v1/incidents/{opened['id']}/updates", body="It is fixed.", status="resolved")
        until(lambda: len(_posts(up)) == 6, "the end has come to the three that are left")
        shown = client.get("/practice/chat").text
    slack = [post for post in _posts(up) if post.channel == "#incidents"]
    until(lambda: _root(up).edits == 1, "the first post says how things stand now")
    assert [post.thread_ts for post in slack] == ["", slack[0].ts]
    assert slack[1].broadcast
    assert "It is fixed." in str(_root(up).content)
    assert "also sent to the channel" in shown
    assert "&lt;!channel&gt;" in shown


def test_a_receiver_confirms_itself_and_hears_of_an_incident_and_its_end(up: Up) -> None:
    receiver = f"http://127.0.0.1:{(up.home / 'practice' / 'port').read_text().strip()}/webhook"
    addresses = [f"{receiver}/acme", f"{receiver}/gone"]
    endpoints = [{"channel": "webhook", "address": address} for address in addresses]
    with up.client() as client:
        made = _post(client, "/v1/subscribers", audiences=["customers"], endpoints=endpoints)
        for endpoint in made["endpoints"]:
            assert endpoint["state"] == "unconfirmed"
            httpx.put(f"{endpoint['address']}/secret", content=endpoint["secret"]).raise_for_status()
            confirmed = _post(client, f"/v1/subscribers/{made['id']}/endpoints/{endpoint['id']}/confirm")
            assert confirmed["state"] == "active"
        opened = _post(client, "/v1/incidents", title="Checkout is failing", body="We look into it.", severity="sev1")
        until(lambda: _heard(up, "acme") == ["incident.opened"], "the call has come")
        until(lambda: _states(client, opened["id"], "webhook") == ["accepted", "failed"], "the ledger has both")
        _post(client, f"/v1/incidents/{opened['id']}/updates", body="It is fixed.", status="resolved")
        until(lambda: _heard(up, "acme") == ["incident.opened", "incident.resolved"], "the end has come")
    assert all(call.signature == "right" for call in _calls(up))
    assert _heard(up, "gone") == ["incident.opened"], "who wants no more calls gets none"


def test_browsers_hear_of_an_incident_and_its_end(up: Up) -> None:
    service = f"http://127.0.0.1:{(up.home / 'practice' / 'port').read_text().strip()}/push"
    assert (up.home / "push.key").stat().st_mode & 0o777 == 0o600
    with up.client() as client:
        for name in BROWSERS:
            given = httpx.get(f"{service}/{name}/subscription").raise_for_status().json()
            body = {"subscription": given, "language": "de"}
            answer = client.post("/subscribe/push", json=body, headers={"Origin": up.url})
            assert answer.status_code == 204, answer.text
        texts = {"customers.de": "Wir sehen es uns an.", "oncall": "psp-gw-3 times out"}
        opened = _post(client, "/v1/incidents", title="Checkout fails", body="We look into it.", texts=texts,
                       severity="sev1")  # fmt: skip
        until(
            lambda: _states(client, opened["id"], "push") == ["accepted", "accepted", "failed"],
            "the ledger has all three",
        )
        _post(client, f"/v1/incidents/{opened['id']}/updates", body="It is fixed.", status="resolved")
        until(lambda: len(_got(up, "phone")) == 2, "the end has come")
        page = client.get("/practice/push?browser=phone").text
        there = client.get(f"/de/incidents/{opened['id']}").raise_for_status().text
        until(lambda: "data-key=" in client.get("/").text, "the page offers it")
        kept = [one for who in _subscribers(client) for one in who["endpoints"]]
    end, begin = _got(up, "phone")
    assert begin.topic == end.topic
    assert {begin.vapid, end.vapid} == {"right"}
    notes = [json.loads(one.opened) for one in (begin, end)]
    assert "Wir sehen es uns an." in notes[0]["body"]
    assert notes[1]["body"].startswith("Behoben. ")
    assert [note["url"] for note in notes] == [f"{up.url}/de/incidents/{opened['id']}"] * 2
    assert "Wir sehen es uns an." in there
    assert "Replaced by a newer one." in page
    assert len(_got(up, "gone")) == 1, "a subscription that has ended retires itself"
    assert sorted(one["state"] for one in kept) == ["active", "active", "quarantined"]


def _post(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body) if body else client.post(path)
    assert answer.is_success, answer.text
    read: dict[str, Any] = answer.json()
    return read


def _states(client: httpx.Client, incident: str, channel: str) -> list[str]:
    found = client.get(f"/v1/incidents/{incident}/deliveries?channel={channel}").raise_for_status().json()
    return sorted(delivery["state"] for delivery in found["items"])


def _posts(up: Up) -> list[Kept]:
    return chat_log.find(outbox_path(up.home))[::-1]


def _root(up: Up) -> Kept:
    return next(post for post in _posts(up) if post.channel == "#incidents")


def _calls(up: Up) -> list[Call]:
    return webhook_log.find(outbox_path(up.home))[::-1]


def _heard(up: Up, name: str) -> list[str]:
    return [call.type for call in _calls(up) if call.name == name and call.type.startswith("incident.")]


def _got(up: Up, browser: str) -> list[Pushed]:
    return [one for one in pushed(outbox_path(up.home), browser) if one.kept or one.answer == "410"]


def _subscribers(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/subscribers?channel=push").raise_for_status().json()["items"]
    return found
