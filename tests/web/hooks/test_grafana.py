"""Grafana's webhook: Alertmanager's form with a title and a message of its own, and a signature."""

from __future__ import annotations

import hmac

import pytest

from tocsin.domain.incident import Severity
from tocsin.domain.signal import Told
from tocsin.web.hooks.grafana import SOURCE, read

# From Grafana's documentation, shortened.
SAMPLE = {
    "receiver": "My Super Webhook",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High memory usage", "team": "blue", "priority": "P2"},
            "annotations": {"description": "The system has high memory usage", "summary": "It ran out"},
            "startsAt": "2021-10-12T09:51:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://play.grafana.org/alerting/1afz29v7z/edit",
            "fingerprint": "c6eadffa33fcdf37",
            "values": {"B": 44.23943737541908},
        }
    ],
    "groupLabels": {},
    "commonLabels": {"team": "blue"},
    "commonAnnotations": {},
    "externalURL": "https://play.grafana.org/",
    "version": "1",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "title": "[FIRING:1]  (High memory usage blue)",
    "state": "alerting",
    "message": "**Firing** the message",
}


def test_its_title_and_message_are_told() -> None:
    [signal] = read(SAMPLE)
    assert (signal.key, signal.told, signal.severity) == ("{}:{}", Told.FIRING, Severity.SEV2)
    assert signal.title == "[FIRING:1] (High memory usage blue)"
    assert signal.body == "**Firing** the message\n\nIt ran out: The system has high memory usage"


@pytest.mark.parametrize("stamp", ["", "1732219200"])
def test_a_signature_holds_for_its_body_its_secret_and_its_time(stamp: str) -> None:
    signed = (f"{stamp}:" if stamp else "").encode() + b"{}"
    headers = {"x-grafana-alerting-signature": hmac.digest(b"secret", signed, "sha256").hex()}
    headers |= {"x-grafana-alerting-timestamp": stamp} if stamp else {}
    assert SOURCE.is_signed(b"{}", headers, "secret")
    assert not SOURCE.is_signed(b"{ }", headers, "secret")
    assert not SOURCE.is_signed(b"{}", headers, "other")
    assert not SOURCE.is_signed(b"{}", headers | {"x-grafana-alerting-timestamp": "1"}, "secret")
    assert not SOURCE.is_signed(b"{}", {}, "secret")
