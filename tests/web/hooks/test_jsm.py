"""Alerts of Jira Service Management, in the form that was Opsgenie's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Severity
from tocsin.domain.signal import Told
from tocsin.web.hooks.jsm import read


def report(action: str = "Create", **alert: Any) -> dict[str, Any]:
    whole = {
        "alertId": "052652ac-5d1c-464a-812a-7dd18bbfba8c",
        "message": "Checkout is failing",
        "tags": ["component:checkout", "eu"],
        "alias": "checkout",
        "createdAt": 1763755200000,
        "priority": "P2",
    }
    return {"action": action, "alert": whole | alert, "source": {"name": "web", "type": "API"}}


def test_an_alert_is_one_trouble() -> None:
    [signal] = read(report(description="psp-gw-3 times out"))
    assert signal.key == "052652ac-5d1c-464a-812a-7dd18bbfba8c"
    assert (signal.told, signal.title, signal.body) == (Told.FIRING, "Checkout is failing", "psp-gw-3 times out")
    assert (signal.severity, signal.components) == (Severity.SEV2, ("checkout",))
    assert signal.started_at == datetime(2025, 11, 21, 20, tzinfo=UTC)


@pytest.mark.parametrize("action", ["Close", "Delete"])
def test_it_is_over_once_it_is_closed(action: str) -> None:
    [signal] = read(report(action))
    assert (signal.told, signal.body) == (Told.RESOLVED, "The alert is closed.")


@pytest.mark.parametrize("action", ["Acknowledge", "AddNote", "AssignOwnership", "Escalate"])
def test_other_actions_say_nothing(action: str) -> None:
    assert read(report(action)) == []


@pytest.mark.parametrize("body", [{}, {"action": "Create"}, {"action": "Create", "alert": {"tags": 1}}])
def test_what_is_no_alert_is_refused(body: object) -> None:
    with pytest.raises(Refused, match="no report of Jira Service Management"):
        read(body)
