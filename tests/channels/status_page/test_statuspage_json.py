"""Programs written for Statuspage read ours: keys, their order, times and ids as in recorded answers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from page_samples import NOW, component, group, incident, maintenance, page, update
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Impact, Status
from tocsin_channels.status_page.statuspage_json import api_files

PAGE = ["id", "name", "url", "time_zone", "updated_at"]
COMPONENT = ["id", "name", "status", "created_at", "updated_at", "position", "description", "showcase", "start_date",
             "group_id", "page_id", "group", "only_show_if_degraded"]  # fmt: skip
INCIDENT = ["id", "name", "status", "created_at", "updated_at", "monitoring_at", "resolved_at", "impact", "shortlink",
            "started_at", "page_id", "incident_updates", "components"]  # fmt: skip
UPDATE = ["id", "status", "body", "incident_id", "created_at", "updated_at", "display_at", "affected_components",
          "deliver_notifications", "custom_tweet", "tweet_id"]  # fmt: skip

BACK = group("back")
AFFECTED = (("jobsxxxxxxxx", "Jobs", ComponentStatus.OPERATIONAL, ComponentStatus.PARTIAL_OUTAGE),)
SHOWN = page(
    components=[component("jobs", ComponentStatus.PARTIAL_OUTAGE, group=BACK.id), component("api")],
    groups=[BACK],
    incidents=[
        incident("Jobs are late", update("We **look**.", components=AFFECTED), impact=Impact.MAJOR),
        incident("Old", update("Over.", Status.RESOLVED, at=NOW - timedelta(days=2)), id_="inc000000002"),
    ],
)


def read(name: str, shown: Any = SHOWN) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(api_files(shown)[f"api/v2/{name}.json"])
    return answer


def test_each_address_has_its_keys_in_order() -> None:
    assert {name: list(json.loads(body)) for name, body in api_files(SHOWN).items()} == {
        "api/v2/summary.json": ["page", "components", "incidents", "scheduled_maintenances", "status"],
        "api/v2/status.json": ["page", "status"],
        "api/v2/components.json": ["page", "components"],
        "api/v2/incidents.json": ["page", "incidents"],
        "api/v2/incidents/unresolved.json": ["page", "incidents"],
        "api/v2/scheduled-maintenances.json": ["page", "scheduled_maintenances"],
        "api/v2/scheduled-maintenances/upcoming.json": ["page", "scheduled_maintenances"],
        "api/v2/scheduled-maintenances/active.json": ["page", "scheduled_maintenances"],
    }


def test_the_shapes_are_statuspages() -> None:
    summary = read("summary")
    assert list(summary["page"]) == PAGE
    assert [list(one) for one in summary["components"]] == [COMPONENT, COMPONENT, [*COMPONENT, "components"]]
    assert [list(one) for one in summary["incidents"]] == [INCIDENT]
    assert list(summary["incidents"][0]["incident_updates"][0]) == UPDATE
    assert summary["status"] == {"indicator": "major", "description": "Partial System Outage"}


def test_a_group_is_a_component_that_names_its_children() -> None:
    jobs, api, back = read("components")["components"]
    assert (jobs["group"], jobs["group_id"]) == (False, BACK.id)
    assert api["group_id"] is None
    assert (back["group"], back["components"], back["status"]) == (True, [jobs["id"]], "partial_outage")


def test_what_is_affected_is_named_with_its_group_and_by_code() -> None:
    told = read("incidents")["incidents"][0]["incident_updates"][0]
    assert told["affected_components"] == [
        {"code": "jobsxxxxxxxx", "name": "Back - Jobs", "old_status": "operational", "new_status": "partial_outage"}
    ]
    assert told["body"] == "We **look**."


def test_only_what_is_open_is_unresolved() -> None:
    assert [one["name"] for one in read("incidents")["incidents"]] == ["Jobs are late", "Old"]
    assert [one["name"] for one in read("incidents/unresolved")["incidents"]] == ["Jobs are late"]
    old = read("incidents")["incidents"][1]
    assert old["resolved_at"] == "2026-11-19T12:31:00.000Z"
    assert old["incident_updates"][0]["affected_components"] is None


def test_times_have_milliseconds_and_the_pages_zone() -> None:
    assert read("incidents")["incidents"][0]["created_at"] == "2026-11-21T12:31:00.000Z"
    assert read("status")["page"]["time_zone"] == "Etc/UTC"
    berlin = page(incidents=SHOWN.incidents, time_zone="Europe/Berlin")
    assert read("incidents", berlin)["incidents"][0]["created_at"] == "2026-11-21T13:31:00.000+01:00"
    assert read("status", berlin)["page"]["time_zone"] == "Europe/Berlin"


def test_rendering_again_changes_nothing_that_programs_read() -> None:
    later = page(
        components=SHOWN.components,
        groups=SHOWN.groups,
        incidents=SHOWN.incidents,
        rendered_at=NOW + timedelta(minutes=5),
    )
    assert api_files(later) == api_files(SHOWN)


PLANNED = maintenance("Planned", starts_at=NOW + timedelta(days=3))
SOONER = maintenance("Sooner", id_="mnt000000002", starts_at=NOW + timedelta(days=1))
GOING_ON = maintenance("Going on", update("We work.", Status.VERIFYING), id_="mnt000000003", starts_at=NOW)
DONE = maintenance("Done", update("Done.", Status.COMPLETED), id_="mnt000000004", starts_at=NOW - timedelta(days=1))
OFF = maintenance("Off", update("Off.", Status.CANCELLED), id_="mnt000000005")
MAINTAINED = page(components=[component("api")], maintenances=[OFF, DONE, GOING_ON, SOONER, PLANNED])


def test_a_maintenance_is_an_incident_with_two_more_keys() -> None:
    [first, *_] = read("scheduled-maintenances", MAINTAINED)["scheduled_maintenances"]
    assert list(first) == [*INCIDENT, "scheduled_for", "scheduled_until"]
    assert list(first["incident_updates"][0]) == UPDATE
    assert {name: first[name] for name in ("name", "impact", "status", "scheduled_for", "scheduled_until")} == {
        "name": "Done",
        "impact": "maintenance",
        "status": "completed",
        "scheduled_for": "2026-11-20T12:31:00.000Z",
        "scheduled_until": "2026-11-20T14:31:00.000Z",
    }
    assert first["resolved_at"] is not None


def test_maintenances_are_listed_by_how_they_stand_and_are_no_incidents() -> None:
    def names(address: str) -> list[str]:
        return [one["name"] for one in read(address, MAINTAINED)["scheduled_maintenances"]]

    assert names("scheduled-maintenances") == ["Done", "Going on", "Sooner", "Planned"]
    assert names("scheduled-maintenances/upcoming") == ["Sooner", "Planned"]
    assert names("scheduled-maintenances/active") == ["Going on"]
    assert names("summary") == ["Going on", "Sooner", "Planned"]
    assert read("incidents", MAINTAINED)["incidents"] == read("summary", MAINTAINED)["incidents"] == []
