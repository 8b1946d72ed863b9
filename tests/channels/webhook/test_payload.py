"""What a call says, whatever people wrote: JSON in Statuspage's shape, and never too large."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_to_send import chapter, story
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Impact, Phase, Status
from tocsin.domain.maintenance import Window
from tocsin.domain.page import page_id
from tocsin.domain.story import Affected
from tocsin_channels.webhook.payload import LARGEST, render

CHECKOUT = Affected("comp00000001", "Checkout", ComponentStatus.PARTIAL_OUTAGE)
ANY_TEXT = st.text(st.characters(), max_size=400)


def read(**changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(render(story(chapter(**changes))).body("tok-en_1"))
    return said


def test_a_call_has_the_shape_that_readers_of_statuspage_know() -> None:
    said = read(update="upd000000001", affected=(CHECKOUT,))
    assert list(said) == ["meta", "type", "timestamp", "version", "page", "incident"]
    assert said["meta"] == {
        "unsubscribe": "https://status.acme.example/unsubscribe/tok-en_1",
        "documentation": "https://status.acme.example/docs",
        "generated_at": "2026-11-21T20:03:00.000Z",
    }
    assert said["page"] == {
        "id": page_id("https://status.acme.example"),
        "name": "Acme",
        "url": "https://status.acme.example",
        "status_indicator": "critical",
        "status_description": "Major Service Outage",
    }
    incident = said["incident"]
    assert (incident["id"], incident["name"], incident["status"]) == (
        "abc123def456",
        "Checkout is failing",
        "investigating",
    )
    assert incident["shortlink"] == "https://status.acme.example/incidents/abc123def456"
    [update] = incident["incident_updates"]
    assert update["id"] == "upd000000001"
    assert update["body"] == "We see **failed payments** and are looking into it."
    assert update["truncated"] is False
    assert update["affected_components"] == [
        {"code": "comp00000001", "name": "Checkout", "new_status": "partial_outage"}
    ]
    assert incident["components"][0]["id"] == "comp00000001"


@pytest.mark.parametrize("phase", list(Phase))
def test_the_type_says_what_the_update_is(phase: Phase) -> None:
    assert read(phase=phase)["type"] == f"incident.{phase.label}"


def test_what_is_over_is_said_of_this_incident_alone() -> None:
    said = read(status=Status.RESOLVED, impact=Impact.CRITICAL)
    assert (said["page"]["status_indicator"], said["page"]["status_description"]) == ("none", "Incident Resolved")
    assert said["incident"]["resolved_at"] == said["timestamp"]


def test_the_same_update_gives_the_same_bytes_to_everyone_but_for_the_link() -> None:
    first, second = render(story()), render(story())
    assert first == second
    assert first.body("aaaa").replace(b"aaaa", b"bbbb") == second.body("bbbb")


@given(title=ANY_TEXT, body=ANY_TEXT, name=ANY_TEXT, brand=ANY_TEXT)
def test_nothing_that_people_write_breaks_out_of_its_place(title: str, body: str, name: str, brand: str) -> None:
    told = story(chapter(title=title, body=body, affected=(replace(CHECKOUT, name=name),)), brand=brand)
    said = json.loads(render(told).body("token"))

    def same(text: str, sent: str) -> bool:
        return text.encode("utf-8", "replace").decode() == sent

    assert same(title[:255], said["incident"]["name"])
    assert same(body, said["incident"]["incident_updates"][0]["body"])
    assert same(name[:255], said["incident"]["components"][0]["name"])
    assert same(brand[:255], said["page"]["name"])
    assert said["meta"]["unsubscribe"].endswith("/unsubscribe/token")


@settings(max_examples=30, deadline=None)
@given(
    body=st.text(st.sampled_from('a"\\\n\x00é€😀'), min_size=1, max_size=200).map(lambda text: text * 150),
    name=ANY_TEXT,
    n=st.integers(0, 200),
)
def test_a_call_is_never_larger_than_receivers_take(body: str, name: str, n: int) -> None:
    told = story(chapter(title="😀" * 300, body=body, affected=(replace(CHECKOUT, name=name * 3),) * n))
    whole = render(told).body("t" * 60)
    assert len(whole) <= LARGEST
    said = json.loads(whole)["incident"]["incident_updates"][0]
    if said["truncated"]:
        assert said["body"].endswith("…")
        assert body.startswith(said["body"][:-1])
    else:
        assert said["body"] == body


def test_a_long_body_is_cut_as_late_as_can_be() -> None:
    said = render(story(chapter(body="x" * 25_000))).body("t" * 60)
    assert LARGEST - 500 < len(said) <= LARGEST


@pytest.mark.parametrize(
    ("status", "indicator", "description", "is_over"),
    [
        (Status.SCHEDULED, "none", "All Systems Operational", False),
        (Status.IN_PROGRESS, "maintenance", "Service Under Maintenance", False),
        (Status.VERIFYING, "maintenance", "Service Under Maintenance", False),
        (Status.COMPLETED, "none", "All Systems Operational", True),
        (Status.CANCELLED, "none", "All Systems Operational", True),
    ],
)
def test_a_maintenance_says_when_it_is_planned_for(
    status: Status,
    indicator: str,
    description: str,
    is_over: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    window = Window(datetime(2026, 11, 22, 4, tzinfo=UTC), datetime(2026, 11, 22, 6, tzinfo=UTC))
    said = read(status=status, phase=Phase.MAINTENANCE, impact=Impact.NONE, window=window)
    assert said["type"] == "incident.maintenance"
    assert (said["page"]["status_indicator"], said["page"]["status_description"]) == (indicator, description)
    incident = said["incident"]
    assert (incident["status"], incident["impact"]) == (status.value, "maintenance")
    assert incident["scheduled_for"] == "2026-11-22T04:00:00.000Z"
    assert incident["scheduled_until"] == "2026-11-22T06:00:00.000Z"
    assert (incident["resolved_at"] is not None) is is_over
