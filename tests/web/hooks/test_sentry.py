"""Sentry's issues and metric alerts."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Severity
from tocsin.domain.signal import Told
from tocsin.web.hooks.sentry import SOURCE, read


def issue(action: str = "created", **more: Any) -> dict[str, Any]:
    found = {
        "id": "1170820242",
        "title": "TypeError: card is undefined",
        "culprit": "pay(index)",
        "level": "error",
        "shortId": "SHOP-1",
        "project": {"id": "1", "slug": "checkout"},
        "permalink": "https://acme.sentry.io/issues/1170820242/",
        "firstSeen": "2026-11-21T20:00:00.000Z",
    }
    return {"action": action, "data": {"issue": found | more}, "installation": {"uuid": "a"}}


def metric(action: str) -> dict[str, Any]:
    return {
        "action": action,
        "data": {
            "metric_alert": {"id": "7", "date_started": "2026-11-21T20:00:00Z"},
            "description_title": "Critical: Too many errors",
            "description_text": "1000 events in the last 10 minutes",
            "web_url": "https://acme.sentry.io/alerts/7/",
        },
    }


def test_an_issue_is_one_trouble() -> None:
    [signal] = read(issue())
    assert (signal.key, signal.told, signal.severity) == ("issue:1170820242", Told.FIRING, Severity.SEV2)
    assert signal.title == "SHOP-1 TypeError: card is undefined"
    assert signal.components == ("checkout",)
    assert read(issue("resolved"))[0].told is Told.RESOLVED
    assert read(issue("assigned")) == []


@pytest.mark.parametrize(
    ("action", "told", "severity"),
    [
        ("critical", Told.FIRING, Severity.SEV1),
        ("warning", Told.FIRING, Severity.SEV3),
        ("resolved", Told.RESOLVED, None),
    ],
)
def test_a_metric_alert_is_one_too(action: str, told: Told, severity: Severity | None) -> None:
    [signal] = read(metric(action))
    assert (signal.key, signal.told, signal.severity) == ("metric:7", told, severity)
    assert signal.body == "1000 events in the last 10 minutes"


@pytest.mark.parametrize("body", [{}, {"action": "created", "data": {"issue": {"title": "x"}}}])
def test_what_is_no_report_is_refused(body: object) -> None:
    with pytest.raises(Refused, match="no report of Sentry"):
        read(body)


def test_a_signature_holds_for_its_body_and_its_secret() -> None:
    headers = {"sentry-hook-signature": hmac.digest(b"secret", b"{}", "sha256").hex()}
    assert SOURCE.is_signed(b"{}", headers, "secret")
    assert not SOURCE.is_signed(b"{ }", headers, "secret")
    assert not SOURCE.is_signed(b"{}", headers, "other")
    assert not SOURCE.is_signed(b"{}", {}, "secret")
