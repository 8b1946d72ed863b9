"""Prometheus Alertmanager's webhook, version 4: one group of alerts is one trouble.

Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. A message may hold
alerts that fire and alerts that have ended; the group has ended once all have.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tocsin.domain.incident import Severity
from tocsin.domain.signal import Signal, Told, line, lines, severity_of
from tocsin.web.hooks.reading import Fields, Form, fields, items, required, time, words

_MOST_ALERTS: Final = 20


def read(body: Any) -> list[Signal]:
    return [read_group(fields(body), "Alertmanager")]


def read_group(group: Fields, system: str) -> Signal:
    """Return what one group of alerts says; `system` is named where it is none."""
    alerts = [fields(alert) for alert in items(group.get("alerts"))]
    firing = [alert for alert in alerts if alert.get("status") == "firing"]
    shown = firing or alerts
    labels, annotations = fields(group.get("commonLabels")), fields(group.get("commonAnnotations"))
    key = required(group, "groupKey", of=system)
    name = words(labels.get("alertname")) or words(fields(group.get("groupLabels")).get("alertname"))
    title = words(group.get("title")) or words(annotations.get("summary")) or name
    is_over = not firing if alerts else group.get("status") == "resolved"
    intro = words(annotations.get("description")) or words(group.get("message"))
    return Signal(
        key=key,
        told=Told.RESOLVED if is_over else Told.FIRING,
        title=line(title or (_summary(shown[0]) if shown else "")),
        body=lines(_over(len(alerts)) if is_over else "", intro, *_details(shown, {title, intro}), _more(group, shown)),
        severity=_worst(shown, labels),
        components=tuple(sorted(_components(shown, labels))),
        link=words(group.get("externalURL")),
        started_at=min((at for alert in shown if (at := time(alert.get("startsAt")))), default=None),
    )


def _details(alerts: list[Fields], said: set[str]) -> list[str]:
    found = [detail for alert in alerts[:_MOST_ALERTS] if (detail := _summary(alert)) and detail not in said]
    return list(dict.fromkeys(found))


def _summary(alert: Fields) -> str:
    labels, annotations = fields(alert.get("labels")), fields(alert.get("annotations"))
    said = [words(annotations.get(name)) for name in ("summary", "description")]
    where = words(labels.get("instance"))
    text = ": ".join(part for part in said if part) or words(labels.get("alertname"))
    return f"{text} ({where})" if text and where and where not in text else text


def _more(group: Fields, shown: list[Fields]) -> str:
    left = max(0, len(shown) - _MOST_ALERTS)
    cut = words(group.get("truncatedAlerts"))
    left += int(cut) if cut.isdecimal() else 0
    return f"And {left} more." if left else ""


def _over(alerts: int) -> str:
    return "The alert has ended." if alerts == 1 else "All alerts have ended."


def _worst(alerts: Iterable[Fields], common: Fields) -> Severity | None:
    labels = [*(fields(alert.get("labels")) for alert in alerts), common]
    found = [severity_of(words(one.get("severity") or one.get("priority"))) for one in labels]
    return min((one for one in found if one is not None), default=None)


def _components(alerts: Iterable[Fields], common: Fields) -> set[str]:
    labels = [*(fields(alert.get("labels")) for alert in alerts), common]
    return {named for one in labels if (named := words(one.get("component")))}


SOURCE: Final = Form("alertmanager", read)
