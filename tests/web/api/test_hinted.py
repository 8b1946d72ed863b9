"""Whatever is said of an incident or a maintenance, workers are told that there is work, and wait for no sweeper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

_AT = [(datetime.now(UTC) + timedelta(hours=hours)).isoformat() for hours in (3, 5)]
_PLAN = {"title": "New database", "body": "We replace it.", "scheduled_for": _AT[0], "scheduled_until": _AT[1]}


async def test_workers_are_told_once_of_each_update_and_not_of_what_is_refused(
    client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(app.state.site.hints, "fan_out", lambda: told.append("fan out"))
    for path, body in (
        ("/v1/incidents", {"title": "Down", "body": "It is down."}),
        ("/v1/incidents/INC-1/updates", {"body": "Still down."}),
        ("/v1/maintenances", _PLAN),
        ("/v1/maintenances/INC-2/updates", {"body": "On time."}),
        ("/v1/maintenances/INC-2/cancel", {"body": "It is off."}),
    ):
        answer = await client.post(path, json=body)
        assert (answer.status_code, told) == (202, ["fan out"]), path
        told.clear()
        assert (await client.post(path, json={"body": ""})).status_code == 422
        assert told == []
