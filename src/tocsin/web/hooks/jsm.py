"""The alerts of Jira Service Management, which were Opsgenie's: an alert is one trouble.

Source: https://support.atlassian.com/jira-service-management-cloud/docs/integrate-with-webhook/.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.domain.signal import Signal, Told, line, lines, severity_of
from tocsin.web.hooks.reading import Form, fields, items, required, time, words

_ACTIONS: Final = {
    "create": Told.FIRING,
    "updatepriority": Told.FIRING,
    "updatemessage": Told.FIRING,
    "updatedescription": Told.FIRING,
    "close": Told.RESOLVED,
    "delete": Told.RESOLVED,
}
_COMPONENT: Final = "component:"


def read(body: Any) -> list[Signal]:
    report = fields(body)
    told = _ACTIONS.get(required(report, "action", of="Jira Service Management").lower())
    if told is None:
        return []
    alert = fields(report.get("alert"))
    tags = [words(tag) for tag in items(alert.get("tags"))]
    title = words(alert.get("message"))
    return [
        Signal(
            # The alias is the sender's own name for it, and the same alert keeps its id.
            key=required(alert, "alertId", "alias", of="Jira Service Management"),
            told=told,
            title=line(title),
            body=lines("The alert is closed." if told is Told.RESOLVED else words(alert.get("description")) or title),
            severity=severity_of(words(alert.get("priority"))),
            components=tuple(tag.removeprefix(_COMPONENT) for tag in tags if tag.startswith(_COMPONENT)),
            started_at=time(alert.get("createdAt")),
        )
    ]


SOURCE: Final = Form("jsm", read)
