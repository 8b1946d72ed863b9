"""From an endpoint that nobody knows yet to a signed call, on the whole of `tocsin up`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tocsin.practice.outbox import outbox_path
from tocsin.practice.webhook_log import Call, find
from tocsin_up import Up, until


def test_a_receiver_confirms_itself_and_hears_of_an_incident_and_its_end(tmp_home: Path) -> None:
    up = Up(tmp_home / "home")
    try:
        up.wait()
        _hear(up)
    finally:
        up.end()


def _hear(up: Up) -> None:
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
        until(lambda: _states(client, opened["id"]) == {"accepted", "failed"}, "the ledger has both")
        _post(client, f"/v1/incidents/{opened['id']}/updates", body="It is fixed.", status="resolved")
        until(lambda: _heard(up, "acme") == ["incident.opened", "incident.resolved"], "the end has come")
    assert all(call.signature == "right" for call in _calls(up))
    assert _heard(up, "gone") == ["incident.opened"], "who wants no more calls gets none"


def _post(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body) if body else client.post(path)
    assert answer.is_success, answer.text
    read: dict[str, Any] = answer.json()
    return read


def _calls(up: Up) -> list[Call]:
    return find(outbox_path(up.home))[::-1]


def _heard(up: Up, name: str) -> list[str]:
    return [call.type for call in _calls(up) if call.name == name and call.type.startswith("incident.")]


def _states(client: httpx.Client, incident: str) -> set[str]:
    found = client.get(f"/v1/incidents/{incident}/deliveries?channel=webhook").raise_for_status().json()
    return {delivery["state"] for delivery in found["items"]}
