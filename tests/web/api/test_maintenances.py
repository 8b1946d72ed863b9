"""Maintenances over HTTP: planned, moved, told of, cancelled, and found again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from api_callers import Join, add_component, is_problem
from tocsin.domain.scope import Scope


def at(hours: float) -> str:
    """Return a time so many hours from now, as callers write it."""
    return (datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def asked(**more: Any) -> dict[str, Any]:
    said = {"title": "New database", "body": "We replace it.", "scheduled_for": at(3), "scheduled_until": at(5)}
    return said | more


async def planned(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/v1/maintenances", json=asked(**more))
    assert answer.status_code == 202, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def show(client: httpx.AsyncClient, which: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/maintenances/{which}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_it_is_answered_like_an_incident_and_shown_as_it_is(client: httpx.AsyncClient) -> None:
    await add_component(client, "shop")
    body = asked(
        components=["shop"], audiences=["oncall", "customers"], texts={"oncall": "psp-gw-3"}, metadata={"a": 1}
    )
    answer = await client.post("/v1/maintenances", json=body)
    assert answer.status_code == 202
    said = answer.json()
    assert said == {
        "id": said["id"],
        "ref": "INC-1",
        "version": 1,
        "update_id": said["update_id"],
        "links": {
            "self": f"http://status.test/v1/maintenances/{said['id']}",
            "deliveries": f"http://status.test/v1/incidents/{said['id']}/deliveries",
            "page": f"http://status.test/incidents/{said['id']}",
        },
    }
    shown = await show(client, said["id"])
    assert shown == await show(client, "INC-1")
    assert (
        shown
        | {
            "title": "New database",
            "status": "scheduled",
            "components": ["shop"],
            "audiences": ["oncall", "customers"],
            "scheduled_for": body["scheduled_for"],
            "scheduled_until": body["scheduled_until"],
            "auto_start": True,
            "auto_complete": True,
            "remind_before": 3600,
            "ended_at": None,
            "metadata": {"a": 1},
        }
        == shown
    )
    [update] = shown["updates"]
    assert update["body"] == "We replace it."
    assert update["texts"] == {"oncall": "psp-gw-3"}
    assert update["scheduled_for"] == body["scheduled_for"]
    assert not {"severity", "impact", "kind"} & set(shown) | {"severity", "impact", "kind"} & set(update)
    deliveries = await client.get(f"/v1/incidents/{said['id']}/deliveries")
    assert deliveries.status_code == 200


async def test_the_same_key_and_body_plans_it_once(client: httpx.AsyncClient) -> None:
    body, key = asked(), {"Idempotency-Key": "plan-1"}
    first = await client.post("/v1/maintenances", json=body, headers=key)
    again = await client.post("/v1/maintenances", json=body, headers=key)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await client.post("/v1/maintenances", json=asked(title="x"), headers=key)).status_code == 422
    assert len((await client.get("/v1/maintenances")).json()["items"]) == 1
    moved = {"body": "Later.", "scheduled_for": at(4)}
    key = {"Idempotency-Key": "move-1"}
    for _ in range(2):
        assert (await client.post("/v1/maintenances/INC-1/updates", json=moved, headers=key)).json()["version"] == 2


RULES: list[tuple[dict[str, Any], str]] = [
    ({"titel": "x"}, "titel"),
    ({"title": None}, "title"),
    ({"body": None}, ""),
    ({"severity": "sev1"}, "severity"),
    ({"kind": "security"}, "kind"),
    ({"impact": "none"}, "impact"),
    ({"next_update_in": 600}, "next_update_in"),
    ({"status": "in_progress"}, "status"),
    ({"components": {"shop": "operational"}}, "components"),
    ({"components": ["nothing"]}, "components.nothing"),
    ({"audiences": ["nobody"]}, "audiences"),
    ({"texts": {"leadership": "x"}}, "texts.leadership"),
    ({"scheduled_for": None}, "scheduled_for"),
    ({"scheduled_for": "2026-01-01T00:00:00"}, "scheduled_for"),
    ({"scheduled_until": at(3)}, "scheduled_until"),
    ({"scheduled_for": at(-3), "scheduled_until": at(-1)}, "scheduled_until"),
    ({"scheduled_until": at(24 * 100)}, "scheduled_until"),
    ({"auto_start": "yes"}, "auto_start"),
    ({"auto_complete": 1}, "auto_complete"),
    ({"remind_before": -1}, "remind_before"),
    ({"remind_before": 2_592_001}, "remind_before"),
    ({"template": "nothing"}, "template"),
]


async def test_a_broken_rule_is_422_and_names_the_field(client: httpx.AsyncClient) -> None:
    for more, field in RULES:
        answer = await client.post("/v1/maintenances", json=asked(**more))
        assert answer.status_code == 422, (more, answer.text)
        assert is_problem(answer)["errors"][0]["field"].startswith(field), (more, answer.text)
    assert (await client.get("/v1/maintenances")).json()["items"] == []


async def test_an_update_moves_it_and_leaves_the_rest(client: httpx.AsyncClient) -> None:
    await add_component(client, "shop")
    await add_component(client, "search")
    await planned(client, components=["shop"])
    before = await show(client, "INC-1")
    answer = await client.post(
        "/v1/maintenances/INC-1/updates",
        json={"body": "An hour later.", "scheduled_until": at(6), "auto_complete": False, "components": ["search"]},
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["version"] == 2
    after = await show(client, "INC-1")
    assert after["scheduled_for"] == before["scheduled_for"]
    assert after["scheduled_until"] > before["scheduled_until"]
    assert (after["auto_start"], after["auto_complete"]) == (True, False)
    assert after["components"] == ["search"]
    assert [update["status"] for update in after["updates"]] == ["scheduled", "scheduled"]


async def test_a_reminder_is_as_asked_for_and_no_update_leaves_nothing_touched(client: httpx.AsyncClient) -> None:
    await planned(client, remind_before=600)
    assert (await show(client, "INC-1"))["remind_before"] == 600
    answer = await client.post("/v1/maintenances/INC-1/updates", json={"body": "Of nothing.", "components": []})
    assert answer.status_code == 422
    assert is_problem(answer)["errors"][0]["field"] == "components"


async def test_an_illegal_move_is_409_and_names_the_legal_ones(client: httpx.AsyncClient) -> None:
    await planned(client)
    answer = await client.post("/v1/maintenances/INC-1/updates", json={"body": "Done.", "status": "completed"})
    assert answer.status_code == 409
    assert "it can become: scheduled, in_progress, cancelled." in is_problem(answer)["detail"]
    answer = await client.post("/v1/maintenances/INC-1/updates", json={"body": "x", "status": "resolved"})
    assert answer.status_code == 422
    begun = await client.post("/v1/maintenances/INC-1/updates", json={"body": "We begin.", "status": "in_progress"})
    assert begun.status_code == 202
    answer = await client.post("/v1/maintenances/INC-1/updates", json={"body": "Later.", "scheduled_for": at(4)})
    assert answer.status_code == 409
    assert "only scheduled_until moves" in is_problem(answer)["detail"]


async def test_what_is_cancelled_is_over(client: httpx.AsyncClient) -> None:
    await planned(client)
    answer = await client.post("/v1/maintenances/INC-1/cancel", json={"body": "Not this week."})
    assert answer.status_code == 202, answer.text
    shown = await show(client, "INC-1")
    assert (shown["status"], shown["updates"][0]["body"]) == ("cancelled", "Not this week.")
    assert shown["ended_at"] is not None
    again = await client.post("/v1/maintenances/INC-1/cancel", json={"body": "Again.", "status": "cancelled"})
    assert again.status_code == 422
    moved = await client.post("/v1/maintenances/INC-1/updates", json={"body": "x", "scheduled_until": at(9)})
    assert moved.status_code == 409


async def test_lists_are_by_state_and_pages_and_keep_incidents_apart(client: httpx.AsyncClient) -> None:
    for number in range(4):
        await planned(client, title=f"Number {number}")
    await client.post("/v1/incidents", json={"title": "Down", "body": "It is down."})
    await client.post("/v1/maintenances/INC-2/updates", json={"body": "Begun.", "status": "in_progress"})
    await client.post("/v1/maintenances/INC-3/cancel", json={"body": "Off."})

    async def refs(path: str) -> list[str]:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        return [one["ref"] for one in answer.json()["items"]]

    assert await refs("/v1/maintenances") == ["INC-4", "INC-3", "INC-2", "INC-1"]
    assert await refs("/v1/maintenances?state=upcoming") == ["INC-4", "INC-1"]
    assert await refs("/v1/maintenances?state=active") == ["INC-2"]
    assert await refs("/v1/maintenances?state=past") == ["INC-3"]
    assert await refs("/v1/incidents") == ["INC-5"]
    assert await refs("/v1/incidents?open=true") == ["INC-5"]
    assert await refs("/v1/incidents?open=false") == []
    first = (await client.get("/v1/maintenances?limit=3")).json()
    last = (await client.get(f"/v1/maintenances?limit=3&cursor={first['next_cursor']}")).json()
    assert ([one["ref"] for one in last["items"]], last["next_cursor"]) == (["INC-1"], None)
    assert (await client.get("/v1/maintenances?state=odd")).status_code == 422


async def test_incidents_and_maintenances_are_not_each_other(client: httpx.AsyncClient) -> None:
    await planned(client)
    await client.post("/v1/incidents", json={"title": "Down", "body": "It is down."})
    for path in ("/v1/incidents/INC-1/updates", "/v1/incidents/INC-1/updates/preview"):
        answer = await client.post(path, json={"body": "More."})
        assert answer.status_code == 409
        assert "POST /v1/maintenances/" in is_problem(answer)["detail"]
    for answer in (
        await client.get("/v1/maintenances/INC-2"),
        await client.post("/v1/maintenances/INC-2/updates", json={"body": "More."}),
        await client.post("/v1/maintenances/none/cancel", json={"body": "More."}),
    ):
        assert answer.status_code == 404
        assert "GET /v1/maintenances lists them" in is_problem(answer)["detail"]


async def test_it_takes_the_scopes_of_incidents(join: Join) -> None:
    reader, writer = await join(Scope.INCIDENTS_READ), await join(Scope.INCIDENTS_WRITE)
    assert (await reader.post("/v1/maintenances", json=asked())).status_code == 403
    assert (await writer.post("/v1/maintenances", json=asked())).status_code == 202
    assert (await writer.get("/v1/maintenances")).status_code == 403
    assert (await reader.get("/v1/maintenances/INC-1")).status_code == 200
