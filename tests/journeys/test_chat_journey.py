"""From an incident to a thread in Slack and cards in Teams, on the whole of `tocsin up`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tocsin.practice.chat_log import Kept, find
from tocsin.practice.outbox import outbox_path
from tocsin_up import Up, until

ROOMS = (
    "slack:#incidents",
    "slack:#archived",
    "https://hooks.slack.com/services/T0/B0/operations",
    "https://x.logic.azure.com/workflows/support/triggers/manual/paths/invoke?sig=abc",
)


def test_rooms_hear_of_an_incident_and_its_end(tmp_home: Path) -> None:
    up = Up(tmp_home / "home")
    try:
        up.wait()
        _hear(up)
    finally:
        up.end()


def _hear(up: Up) -> None:
    endpoints = [{"channel": "chat", "address": room, "confirmed": True} for room in ROOMS]
    with up.client() as client:
        _post(client, "/v1/subscribers", audiences=["customers"], endpoints=endpoints)
        opened = _post(client, "/v1/incidents", title="Checkout <!channel>", body="We look into it.", severity="sev1")
        until(lambda: _states(client, opened["id"]) == ["accepted"] * 3 + ["failed"], "the ledger has all four")
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


def _post(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    read: dict[str, Any] = answer.json()
    return read


def _posts(up: Up) -> list[Kept]:
    return find(outbox_path(up.home))[::-1]


def _root(up: Up) -> Kept:
    return next(post for post in _posts(up) if post.channel == "#incidents")


def _states(client: httpx.Client, incident: str) -> list[str]:
    found = client.get(f"/v1/incidents/{incident}/deliveries?channel=chat").raise_for_status().json()
    return sorted(delivery["state"] for delivery in found["items"])
