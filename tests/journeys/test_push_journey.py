"""From a browser that subscribes itself to a notification and its end, on the whole of `tocsin up`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from tocsin.practice.outbox import outbox_path
from tocsin.practice.push_log import Pushed, pushed
from tocsin_up import Up, until

BROWSERS = ("phone", "gone", "stumbles")


def test_browsers_hear_of_an_incident_and_its_end(tmp_home: Path) -> None:
    up = Up(tmp_home / "home")
    try:
        up.wait()
        _hear(up)
    finally:
        up.end()


def _hear(up: Up) -> None:
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
        until(lambda: _states(client, opened["id"]) == ["accepted", "accepted", "failed"], "the ledger has all three")
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
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    read: dict[str, Any] = answer.json()
    return read


def _got(up: Up, browser: str) -> list[Pushed]:
    return [one for one in pushed(outbox_path(up.home), browser) if one.kept or one.answer == "410"]


def _subscribers(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/subscribers?channel=push").raise_for_status().json()["items"]
    return found


def _states(client: httpx.Client, incident: str) -> list[str]:
    found = client.get(f"/v1/incidents/{incident}/deliveries?channel=push").raise_for_status().json()
    return sorted(delivery["state"] for delivery in found["items"])
