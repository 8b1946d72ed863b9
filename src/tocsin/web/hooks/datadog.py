"""Datadog's webhooks, whose form is its user's own: docs/upstream.md has the one that is read here.

Source: https://docs.datadoghq.com/integrations/webhooks/.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.domain.signal import Signal, Told, line, lines, severity_of
from tocsin.web.hooks.reading import Form, fields, required, time, words

_TRANSITIONS: Final = {
    **dict.fromkeys(("triggered", "re-triggered", "warn", "re-warn", "no data", "re-no data", "renotify"), Told.FIRING),
    "recovered": Told.RESOLVED,
}
_COMPONENT: Final = "component:"


def read(body: Any) -> list[Signal]:
    report = fields(body)
    transition = required(report, "alert_transition", of="Datadog")
    told = _TRANSITIONS.get(transition.lower())
    if told is None:
        return []
    title = words(report.get("alert_title"))
    tags = [tag.strip() for tag in words(report.get("tags")).split(",")]
    return [
        Signal(
            key=required(report, "alert_cycle_key", "aggreg_key", "alert_id", of="Datadog"),
            told=told,
            title=line(title),
            body=lines(
                "The monitor has recovered." if told is Told.RESOLVED else "", words(report.get("text_only_msg"))
            ),
            severity=severity_of(words(report.get("alert_priority"))) or severity_of(words(report.get("alert_type"))),
            components=tuple(tag.removeprefix(_COMPONENT) for tag in tags if tag.startswith(_COMPONENT)),
            link=words(report.get("link")),
            started_at=time(report.get("date_posix")),
        )
    ]


SOURCE: Final = Form("datadog", read)
