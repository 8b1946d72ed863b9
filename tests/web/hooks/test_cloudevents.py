"""CloudEvents in their three modes over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Severity
from tocsin.domain.signal import Told
from tocsin.web.hooks.cloudevents import SOURCE

DATA = {"title": "Checkout is failing", "body": "5 %", "severity": "high", "component": "checkout"}
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}


def event(**more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": "e1", "source": "/shop", "subject": "checkout", "type": "com.acme.check.failed",
        "time": "2026-11-21T20:00:00Z", "data": DATA,
    } | more  # fmt: skip


def test_a_subject_of_a_source_is_one_trouble_in_every_mode() -> None:
    attributes = {f"ce-{name}": str(value) for name, value in event().items() if name != "data"}
    modes = [
        SOURCE.read(event(), STRUCTURED),
        SOURCE.read(DATA, {"content-type": "application/json", **attributes}),
        SOURCE.read([event()], {"content-type": "application/cloudevents-batch+json"}),
    ]
    for [signal] in modes:
        assert (signal.key, signal.told, signal.severity) == ("/shop checkout", Told.FIRING, Severity.SEV2)
        assert (signal.title, signal.body, signal.components) == ("Checkout is failing", "5 %", ("checkout",))
        assert signal.started_at is not None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"data": DATA | {"status": "resolved"}}, Told.RESOLVED),
        ({"type": "com.acme.check.recovered"}, Told.RESOLVED),
        ({"data": DATA | {"status": "firing"}, "type": "x.resolved"}, Told.FIRING),
    ],
)
def test_its_status_or_its_type_says_whether_it_is_over(change: dict[str, Any], told: Told) -> None:
    assert SOURCE.read(event(**change), STRUCTURED)[0].told is told


def test_an_event_without_words_is_told_by_its_type() -> None:
    [signal] = SOURCE.read(event(data="text", subject=None), STRUCTURED)
    assert (signal.key, signal.title) == ("/shop e1", "com.acme.check.failed")


@pytest.mark.parametrize(
    "change", [{"specversion": "0.3"}, {"specversion": None}, {"source": ""}, {"id": "", "subject": ""}, {"type": None}]
)
def test_what_is_no_event_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        SOURCE.read(event(**change), STRUCTURED)
