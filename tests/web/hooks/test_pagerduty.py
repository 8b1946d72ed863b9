"""PagerDuty's events, version 3."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Severity
from tocsin.domain.signal import Told
from tocsin.web.hooks.pagerduty import SOURCE, read


def event(kind: str = "incident.triggered", **data: Any) -> dict[str, Any]:
    incident = {
        "id": "PFQZPSY",
        "type": "incident",
        "html_url": "https://acme.pagerduty.com/incidents/PFQZPSY",
        "number": 9,
        "status": "triggered",
        "title": "Checkout is failing",
        "service": {"id": "PTNC", "summary": "checkout"},
        "priority": None,
        "urgency": "high",
    }
    return {"event": {"id": "01BZ", "event_type": kind, "occurred_at": "2026-11-21T20:00:00Z", "data": incident | data}}


def test_an_incident_of_theirs_is_one_trouble() -> None:
    [signal] = read(event())
    assert (signal.key, signal.told, signal.severity) == ("PFQZPSY", Told.FIRING, Severity.SEV2)
    assert (signal.title, signal.components) == ("Checkout is failing", ("checkout",))
    assert signal.link == "https://acme.pagerduty.com/incidents/PFQZPSY"
    assert read(event("incident.resolved"))[0].told is Told.RESOLVED


def test_their_priority_beats_the_urgency() -> None:
    assert read(event(priority={"summary": "P1"}))[0].severity is Severity.SEV1
    assert read(event(priority={"summary": "Odd"}, urgency="low"))[0].severity is Severity.SEV4


def test_what_a_person_says_of_the_status_is_told_in_their_words() -> None:
    told = {"incident": {"id": "PFQZPSY"}, "id": "PE8VDWS", "message": "We are on it.", "title": "x"}
    [signal] = read({"event": {"event_type": "incident.status_update_published", "data": told}})
    assert (signal.key, signal.title, signal.body, signal.severity) == ("PFQZPSY", "", "We are on it.", None)


@pytest.mark.parametrize("kind", ["incident.annotated", "incident.delegated", "pagey.ping", "service.updated"])
def test_other_events_say_nothing(kind: str) -> None:
    assert read(event(kind)) == []


@pytest.mark.parametrize("body", [{}, {"event": []}, {"event": {"event_type": "incident.triggered"}}])
def test_what_is_no_event_is_refused(body: object) -> None:
    with pytest.raises(Refused, match="no report of PagerDuty"):
        read(body)


def test_any_of_several_signatures_will_do() -> None:
    good = f"v1={hmac.digest(b'secret', b'{}', 'sha256').hex()}"
    assert SOURCE.is_signed(b"{}", {"x-pagerduty-signature": f"v1=00,{good}"}, "secret")
    assert not SOURCE.is_signed(b"{}", {"x-pagerduty-signature": "v1=00"}, "secret")
    assert not SOURCE.is_signed(b"{}", {"x-pagerduty-signature": good}, "other")
    assert not SOURCE.is_signed(b"{}", {}, "secret")
