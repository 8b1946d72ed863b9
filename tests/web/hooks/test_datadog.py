"""Datadog's monitors, in the form that docs/upstream.md has its users enter."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Severity
from tocsin.domain.signal import Told
from tocsin.web.hooks.datadog import read

GUIDE = Path(__file__).parents[3] / "docs/upstream.md"


def report(**more: Any) -> dict[str, Any]:
    return {
        "alert_title": "Errors of checkout",
        "text_only_msg": "Errors are above 5 %",
        "alert_cycle_key": "c1",
        "alert_transition": "Triggered",
        "alert_priority": "P2",
        "alert_type": "error",
        "tags": "env:prod, component:checkout",
        "link": "https://app.datadoghq.com/event/1",
        "date_posix": "1763755200",
    } | more


def test_a_cycle_of_a_monitor_is_one_trouble() -> None:
    [signal] = read(report())
    assert (signal.key, signal.told, signal.severity) == ("c1", Told.FIRING, Severity.SEV2)
    assert (signal.title, signal.body) == ("Errors of checkout", "Errors are above 5 %")
    assert signal.components == ("checkout",)
    assert read(report(alert_cycle_key="", aggreg_key="a1"))[0].key == "a1"
    assert read(report(alert_priority="", alert_type="warning"))[0].severity is Severity.SEV3


@pytest.mark.parametrize(
    ("transition", "told"),
    [
        *((one, [Told.FIRING]) for one in ("Triggered", "Re-Triggered", "Warn", "Re-Warn", "No Data", "Re-No Data")),
        ("Renotify", [Told.FIRING]),
        ("Recovered", [Told.RESOLVED]),
        ("Muted", []),
    ],
)
def test_each_transition_says_whether_it_goes_on(transition: str, told: list[Told]) -> None:
    assert [signal.told for signal in read(report(alert_transition=transition))] == told


@pytest.mark.parametrize("body", [{}, {"alert_transition": "Triggered"}])
def test_what_is_no_monitor_is_refused(body: object) -> None:
    with pytest.raises(Refused, match="no report of Datadog"):
        read(body)


def test_the_form_in_the_guide_has_every_field_that_is_read() -> None:
    [form] = re.findall(r"```json\n(\{[^`]*alert_transition[^`]*\})\n```", GUIDE.read_text())
    assert report().keys() <= json.loads(form).keys()
