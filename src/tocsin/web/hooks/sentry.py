"""Sentry's integration webhooks: an issue is one trouble, and so is a metric alert.

Source: https://docs.sentry.io/organization/integrations/integration-platform/webhooks/. Signed:
`Sentry-Hook-Signature`, hex of HMAC-SHA256 over the body with the integration's client secret.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from tocsin.domain.signal import Signal, Told, line, lines, severity_of
from tocsin.web.hooks.reading import Fields, SignedForm, fields, required, time, words

_ISSUE: Final = {
    "created": Told.FIRING,
    "unresolved": Told.FIRING,
    "triggered": Told.FIRING,
    "resolved": Told.RESOLVED,
    "archived": Told.RESOLVED,
    "ignored": Told.RESOLVED,
}
_METRIC: Final = {"critical": Told.FIRING, "warning": Told.FIRING, "resolved": Told.RESOLVED}


def read(body: Any) -> list[Signal]:
    report = fields(body)
    action = required(report, "action", of="Sentry")
    data = fields(report.get("data"))
    if "metric_alert" in data:
        return _metric(action, data)
    issue = fields(data.get("issue"))
    told = _ISSUE.get(action)
    if told is None or not issue:
        return []
    project = words(fields(issue.get("project")).get("slug"))
    title = words(issue.get("title"))
    return [
        Signal(
            key=f"issue:{required(issue, 'id', of='Sentry')}",
            told=told,
            title=line(words(issue.get("shortId")), title),
            body=lines("The issue is resolved." if told is Told.RESOLVED else title, words(issue.get("culprit"))),
            severity=severity_of(words(issue.get("level"))),
            components=(project,) if project else (),
            link=words(issue.get("permalink")) or words(issue.get("web_url")),
            started_at=time(issue.get("firstSeen")),
        )
    ]


def _metric(action: str, data: Fields) -> list[Signal]:
    alert, told = fields(data.get("metric_alert")), _METRIC.get(action)
    if told is None:
        return []
    return [
        Signal(
            key=f"metric:{required(alert, 'id', of='Sentry')}",
            told=told,
            title=line(words(data.get("description_title"))),
            body=lines(words(data.get("description_text"))),
            severity=severity_of(action),
            link=words(data.get("web_url")),
            started_at=time(alert.get("date_started")),
        )
    ]


def is_signed(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    wanted = hmac.digest(secret.encode(), raw, "sha256").hex()
    return hmac.compare_digest(headers.get("sentry-hook-signature", "").encode(), wanted.encode())


SOURCE: Final = SignedForm("sentry", read, is_signed)
