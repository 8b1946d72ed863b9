"""PagerDuty's webhooks, version 3: an incident of theirs is one trouble, and so is what they say of its status.

Source: https://developer.pagerduty.com/docs/webhooks/v3-overview/. Signed: `X-PagerDuty-Signature: v1=<hex>,…`,
HMAC-SHA256 over the body, one for each secret while they rotate.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from tocsin.domain.incident import Severity
from tocsin.domain.signal import Signal, Told, line, lines, severity_of
from tocsin.web.hooks.reading import Fields, SignedForm, fields, required, time, words

# What an event says of its incident; what is not here says nothing that anybody else has to hear.
_EVENTS: Final = {
    "incident.triggered": Told.FIRING,
    "incident.reopened": Told.FIRING,
    "incident.priority_updated": Told.FIRING,
    "incident.status_update_published": Told.FIRING,
    "incident.resolved": Told.RESOLVED,
}
_URGENCIES: Final = {"high": Severity.SEV2, "low": Severity.SEV4}


def read(body: Any) -> list[Signal]:
    event = fields(fields(body).get("event"))
    told = _EVENTS.get(required(event, "event_type", of="PagerDuty"))
    if told is None:
        return []
    data = fields(event.get("data"))
    incident = fields(data.get("incident")) or data
    key = required(incident, "id", of="PagerDuty")
    message = words(data.get("message"))
    title = "" if message else words(data.get("title"))
    service = words(fields(data.get("service")).get("summary"))
    return [
        Signal(
            key=key,
            told=told,
            title=line(title),
            body=lines(
                message or ("The incident is resolved." if told is Told.RESOLVED else title),
                f"Service: {service}" if service and not message else "",
            ),
            severity=None if message else _severity(data),
            components=(service,) if service else (),
            link=words(incident.get("html_url")),
            started_at=time(data.get("created_at")) or time(event.get("occurred_at")),
        )
    ]


def is_signed(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    wanted = f"v1={hmac.digest(secret.encode(), raw, 'sha256').hex()}".encode()
    given = [one.strip().encode() for one in headers.get("x-pagerduty-signature", "").split(",")]
    return any(hmac.compare_digest(one, wanted) for one in given)


def _severity(data: Fields) -> Severity | None:
    priority = words(fields(data.get("priority")).get("summary"))
    return severity_of(priority) or _URGENCIES.get(words(data.get("urgency")))


SOURCE: Final = SignedForm("pagerduty", read, is_signed)
