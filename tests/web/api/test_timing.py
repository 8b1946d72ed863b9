"""Digests and quiet hours over HTTP: kept as they were sent, refused where nobody could follow them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from subscriber_bodies import subscribed, with_endpoint, with_preference

NIGHT = {"days": ["mon", "tue"], "from": "22:00", "to": "07:00"}


@pytest.mark.parametrize(
    "timing",
    [
        {"mode": "realtime", "digest_at": "08:00", "quiet_hours": [NIGHT], "sev1_breaks_quiet": True},
        {"mode": "daily", "digest_at": "18:30", "quiet_hours": None, "sev1_breaks_quiet": False},
        {"mode": "hourly", "digest_at": None, "quiet_hours": None, "sev1_breaks_quiet": True},
    ],
)
async def test_when_someone_wants_to_hear_comes_back_as_it_was_sent(
    client: httpx.AsyncClient, timing: dict[str, Any]
) -> None:
    made = await subscribed(client, with_preference(**timing))
    assert timing.items() <= made["endpoints"][0]["preference"].items()
    plain = with_preference(mode="realtime")
    changed = await client.patch(f"/v1/subscribers/{made['id']}", json={"endpoints": plain["endpoints"]})
    assert changed.json()["endpoints"][0]["preference"]["mode"] == "realtime"


@pytest.mark.parametrize(
    ("impossible", "cure"),
    [
        ({"mode": "daily"}, "needs its hour"),
        (
            {"quiet_hours": [NIGHT | {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "to": "22:00"}]},
            "leave",
        ),
        ({"quiet_hours": [NIGHT | {"from": "25:00"}]}, "from"),
        ({"quiet_hours": [NIGHT | {"from": "22:00", "to": "22:00"}]}, "from 00:00 to 00:00 is the whole day"),
        ({"paused_until": "9999-12-31T00:00:00Z"}, "after the year 2099"),
        ({"paused_until": "9999-12-31T23:59:59-23:59"}, "after the year 2099"),
        ({"paused_until": "0001-01-01T00:00:00+23:59"}, "before the year 2000"),
    ],
)
async def test_hours_that_cannot_be_are_refused_with_what_to_write(
    client: httpx.AsyncClient, impossible: dict[str, Any], cure: str
) -> None:
    answer = await client.post("/v1/subscribers", json=with_preference(**impossible))
    assert answer.status_code == 422
    assert cure in answer.text


async def test_a_whole_day_is_from_midnight_to_midnight(client: httpx.AsyncClient) -> None:
    sunday = {"days": ["sun"], "from": "00:00", "to": "00:00"}
    made = await subscribed(client, with_preference(quiet_hours=[sunday]))
    assert made["endpoints"][0]["preference"]["quiet_hours"] == [sunday]


async def test_an_export_from_before_such_hours_were_refused_comes_back_whole(client: httpx.AsyncClient) -> None:
    body = with_preference(quiet_hours=[NIGHT | {"to": "22:00"}])
    answer = await client.post("/v1/subscribers/import", content=json.dumps(body))
    assert json.loads(answer.text.splitlines()[0])["status"] == "created"


async def test_nothing_is_snoozed_until_the_year_9999(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/subscribers", json=with_endpoint(snoozed={"abc": "9999-01-01T00:00:00Z"}))
    assert answer.status_code == 422
    assert "after the year 2099" in answer.text
