"""Alertmanager's groups, in the form that its documentation has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Severity
from tocsin.domain.signal import Told
from tocsin.web.hooks.prometheus import read


def alert(status: str = "firing", instance: str = "web-1", **more: Any) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "ErrorRate", "severity": "critical", "instance": instance, "component": "checkout"},
        "annotations": {"summary": "Errors are above 5 %", "description": f"{instance} answers 500"},
        "startsAt": "2026-11-21T20:00:00.5Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "c1",
    } | more


def group(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="ErrorRate"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "tocsin",
        "groupLabels": {"alertname": "ErrorRate"},
        "commonLabels": {"alertname": "ErrorRate"},
        "commonAnnotations": {"summary": "Errors are above 5 %"},
        "externalURL": "http://alertmanager",
        "alerts": list(alerts),
    } | more


def test_a_group_is_one_trouble() -> None:
    [signal] = read(group(alert(), alert(instance="web-2")))
    assert signal.key == '{}:{alertname="ErrorRate"}'
    assert (signal.told, signal.severity, signal.components) == (Told.FIRING, Severity.SEV1, ("checkout",))
    assert signal.title == "Errors are above 5 %"
    assert signal.body.splitlines()[::2] == [f"Errors are above 5 %: web-{n} answers 500" for n in (1, 2)]
    assert signal.link == "http://alertmanager"
    assert signal.started_at == datetime(2026, 11, 21, 20, 0, 0, 500_000, UTC)


def test_it_is_over_once_every_alert_has_ended_whatever_the_group_says() -> None:
    assert read(group(alert("resolved"), alert()))[0].told is Told.FIRING
    [over] = read(group(alert("resolved"), alert("resolved", "web-2"), status="firing"))
    assert over.told is Told.RESOLVED
    assert over.body.startswith("All alerts have ended.")
    assert read(group(alert("resolved")))[0].body.startswith("The alert has ended.")


def test_alerts_that_have_ended_are_not_told_beside_those_that_fire() -> None:
    [signal] = read(group(alert("resolved", "web-9"), alert()))
    assert "web-9" not in signal.body


def test_the_gravest_alert_counts_and_a_word_that_is_not_known_says_nothing() -> None:
    mild = alert(labels={"severity": "warning"})
    assert read(group(mild, alert()))[0].severity is Severity.SEV1
    assert read(group(mild))[0].severity is Severity.SEV3
    assert read(group(alert(labels={"severity": "whatever"})))[0].severity is None


def test_many_alerts_are_counted_not_listed() -> None:
    [signal] = read(group(*(alert(instance=f"web-{n}") for n in range(30)), truncatedAlerts=5))
    assert signal.body.endswith("And 15 more.")
    assert "web-20" not in signal.body


@pytest.mark.parametrize("body", [None, [], "x", {}, {"alerts": 1, "groupKey": None}, {"groupKey": {"a": 1}}])
def test_what_is_no_group_is_refused_with_what_it_lacks(body: object) -> None:
    with pytest.raises(Refused, match="This is no report of Alertmanager: it has no groupKey"):
        read(body)


def test_fields_of_any_kind_are_borne() -> None:
    odd: dict[str, Any] = {
        "groupKey": "k",
        "alerts": [1, {"status": "firing", "labels": [], "annotations": {"summary": ["x"]}}],
    }
    [signal] = read(odd | {"commonLabels": "x", "truncatedAlerts": "many", "externalURL": {}})
    assert (signal.key, signal.told, signal.title, signal.severity) == ("k", Told.FIRING, "", None)
