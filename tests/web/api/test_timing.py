"""Digests and quiet hours over HTTP: kept as they were sent, refused where nobody could follow them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from subscriber_bodies import subscribed, with_preference

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
    ],
)
async def test_hours_that_cannot_be_are_refused_with_what_to_write(
    client: httpx.AsyncClient, impossible: dict[str, Any], cure: str
) -> None:
    answer = await client.post("/v1/subscribers", json=with_preference(**impossible))
    assert answer.status_code == 422
    assert cure in answer.text
