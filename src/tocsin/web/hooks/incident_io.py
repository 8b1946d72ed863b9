"""incident.io's webhooks: a public incident is one trouble, and so is an alert; what is private is never read.

Source: https://docs.incident.io/api-reference/webhooks. Signed as Standard Webhooks has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from standardwebhooks import Webhook, WebhookVerificationError

from tocsin.domain.signal import Signal, Told, line, lines, severity_of
from tocsin.web.hooks.reading import Fields, SignedForm, fields, required, time, words

_INCIDENTS: Final = frozenset(
    {
        "public_incident.incident_created_v2",
        "public_incident.incident_updated_v2",
        "public_incident.incident_status_updated_v2",
    }
)
_ALERT: Final = "public_alert.alert_created_v1"
# Categories of an incident's status that mean that nothing is wrong any more.
_OVER: Final = frozenset({"closed", "learning", "post-incident", "declined", "canceled", "merged"})


def read(body: Any) -> list[Signal]:
    report = fields(body)
    kind = required(report, "event_type", of="incident.io")
    data = fields(report.get(kind))
    if kind == _ALERT:
        return [_alert(data)]
    if kind not in _INCIDENTS:
        return []
    incident = fields(data.get("incident")) or data
    status = fields(data.get("new_status")) or fields(incident.get("incident_status"))
    is_over = words(status.get("category")) in _OVER
    title = words(incident.get("name"))
    return [
        Signal(
            key=f"incident:{required(incident, 'id', of='incident.io')}",
            told=Told.RESOLVED if is_over else Told.FIRING,
            title=line(title),
            body=lines(
                words(data.get("message")) or words(incident.get("summary")) or title,
                f"Status: {said}" if (said := words(status.get("name"))) else "",
            ),
            severity=severity_of(words(fields(incident.get("severity")).get("name"))),
            link=words(incident.get("permalink")),
            started_at=time(incident.get("created_at")),
        )
    ]


def _alert(alert: Fields) -> Signal:
    return Signal(
        key=f"alert:{required(alert, 'deduplication_key', 'id', of='incident.io')}",
        told=Told.RESOLVED if alert.get("status") == "resolved" else Told.FIRING,
        title=line(words(alert.get("title"))),
        body=lines(words(alert.get("description")) or words(alert.get("title"))),
        link=words(alert.get("source_url")),
        started_at=time(alert.get("created_at")),
    )


def is_signed(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    try:
        Webhook(secret).verify(raw, dict(headers))
    except (WebhookVerificationError, ValueError, OverflowError, OSError):  # a time that no clock has
        return False
    return True


SOURCE: Final = SignedForm("incident-io", read, is_signed)
