"""incident.io's public incidents and alerts; what is private is never read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Severity
from tocsin.domain.signal import Told
from tocsin.web.hooks.incident_io import SOURCE, read

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CREATED = "public_incident.incident_created_v2"
MOVED = "public_incident.incident_status_updated_v2"


def incident(category: str = "active", **more: Any) -> dict[str, Any]:
    return {
        "id": "01FD",
        "name": "Checkout is failing",
        "summary": "Card payments fail",
        "permalink": "https://app.incident.io/incidents/1",
        "created_at": "2026-11-21T20:00:00Z",
        "incident_status": {"name": "Fixing", "category": category},
        "severity": {"name": "Major"},
    } | more


def test_a_public_incident_is_one_trouble() -> None:
    [signal] = read({"event_type": CREATED, CREATED: incident()})
    assert (signal.key, signal.told, signal.severity) == ("incident:01FD", Told.FIRING, Severity.SEV2)
    assert (signal.title, signal.body) == ("Checkout is failing", "Card payments fail\n\nStatus: Fixing")


@pytest.mark.parametrize(
    ("category", "told"), [("closed", Told.RESOLVED), ("learning", Told.RESOLVED), ("paused", Told.FIRING)]
)
def test_its_status_says_whether_it_is_over(category: str, told: Told) -> None:
    moved = {"incident": incident(), "new_status": {"name": "New", "category": category}, "message": "Look."}
    [signal] = read({"event_type": MOVED, MOVED: moved})
    assert (signal.key, signal.told, signal.body) == ("incident:01FD", told, "Look.\n\nStatus: New")


def test_an_alert_is_one_by_its_own_name() -> None:
    kind = "public_alert.alert_created_v1"
    alert = {"id": "1", "title": "Errors", "description": "5 %", "status": "resolved", "deduplication_key": "d1"}
    [signal] = read({"event_type": kind, kind: alert})
    assert (signal.key, signal.told, signal.body) == ("alert:d1", Told.RESOLVED, "5 %")


@pytest.mark.parametrize("kind", ["private_incident.incident_created_v2", "public_incident.follow_up_created_v1"])
def test_what_is_private_or_of_no_concern_is_not_read(kind: str) -> None:
    assert read({"event_type": kind, kind: incident()}) == []


@pytest.mark.parametrize("body", [{}, {"event_type": CREATED}, {"event_type": CREATED, CREATED: [1]}])
def test_what_is_no_report_is_refused(body: object) -> None:
    with pytest.raises(Refused, match=r"no report of incident\.io"):
        read(body)


@pytest.mark.parametrize(("age", "holds"), [(0, True), (600, False)])
def test_a_signature_is_that_of_standard_webhooks(age: int, holds: bool) -> None:  # noqa: FBT001 - a table's column
    at = datetime.now(UTC) - timedelta(seconds=age)
    signature = Webhook(SECRET).sign("msg_1", at, "{}")
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    assert SOURCE.is_signed(b"{}", headers, SECRET) is holds
    assert not SOURCE.is_signed(b"{ }", headers, SECRET)
    assert not SOURCE.is_signed(b"{}", headers | {"webhook-signature": "nonsense"}, SECRET)
    assert not SOURCE.is_signed(b"{}", {}, SECRET)
