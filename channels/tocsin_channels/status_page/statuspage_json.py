"""The page as Statuspage's public API v2 has it, so that programs written for that can read ours.

Shapes as seen in recorded answers and https://confluence.status.atlassian.com/api: dates in ISO 8601 with milliseconds
in the page's zone ("Z" for UTC), ids of twelve characters, updates newest first, keys in Statuspage's own order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.domain.incident import Status
from tocsin.domain.maintenance import Times
from tocsin.domain.page import Page, PageComponent, PageGroup, PageIncident, PageUpdate
from tocsin_channels.status_page.roll_up import roll_up

_MOST_RECENT = 50


def api_files(page: Page) -> dict[str, bytes]:
    """Return path → content for everything under /api/v2/."""
    shape = _Shape(page)
    incidents = [shape.incident(incident) for incident in page.incidents[:_MOST_RECENT]]
    unresolved = [shape.incident(incident) for incident in page.open_incidents]
    # Statuspage knows no cancelled maintenance: it is not there any more.
    planned = [one for one in page.maintenances if one.status is not Status.CANCELLED]
    maintenances = [shape.maintenance(one) for one in planned[:_MOST_RECENT]]
    upcoming = [shape.maintenance(one) for one in page.maintenances_in(Times.UPCOMING)]
    active = [shape.maintenance(one) for one in page.maintenances_in(Times.ACTIVE)]
    head: dict[str, Any] = {"page": shape.page()}
    components = [*map(shape.component, page.components), *map(shape.group, page.groups)]
    indicator, description = roll_up(page)
    status = {"indicator": indicator, "description": description}
    bodies: Mapping[str, dict[str, Any]] = {
        "summary": {
            **head,
            "components": components,
            "incidents": unresolved,
            "scheduled_maintenances": [*active, *upcoming],
            "status": status,
        },
        "status": {**head, "status": status},
        "components": {**head, "components": components},
        "incidents": {**head, "incidents": incidents},
        "incidents/unresolved": {**head, "incidents": unresolved},
        "scheduled-maintenances": {**head, "scheduled_maintenances": maintenances},
        "scheduled-maintenances/upcoming": {**head, "scheduled_maintenances": upcoming},
        "scheduled-maintenances/active": {**head, "scheduled_maintenances": active},
    }
    return {f"api/v2/{name}.json": json.dumps(body, ensure_ascii=False).encode() for name, body in bodies.items()}


class _Shape:
    def __init__(self, page: Page) -> None:
        self._page = page
        self._zone = ZoneInfo(page.time_zone)
        self._components = {component.id: component for component in page.components}
        self._groups = {group.id: group.name for group in page.groups}

    def page(self) -> dict[str, Any]:
        page = self._page
        changed = [component.updated_at for component in page.components]
        changed += [group.updated_at for group in page.groups]
        changed += [incident.updated_at for incident in page.told]
        return {
            "id": page.id,
            "name": page.brand,
            "url": page.url,
            "time_zone": "Etc/UTC" if page.time_zone == "UTC" else page.time_zone,
            "updated_at": self._time(max(changed, default=page.rendered_at)),
        }

    def component(self, component: PageComponent) -> dict[str, Any]:
        return {
            "id": component.id,
            "name": component.name,
            "status": component.status.value,
            "created_at": self._time(component.created_at),
            "updated_at": self._time(component.updated_at),
            "position": component.position,
            "description": component.description,
            "showcase": False,
            "start_date": component.created_at.astimezone(self._zone).date().isoformat(),
            "group_id": component.group,
            "page_id": self._page.id,
            "group": False,
            "only_show_if_degraded": False,
        }

    def group(self, group: PageGroup) -> dict[str, Any]:
        children = [component for component in self._page.components if component.group == group.id]
        gravest = max(children, key=lambda child: child.status.gravity, default=None)
        return {
            "id": group.id,
            "name": group.name,
            "status": gravest.status.value if gravest else "operational",
            "created_at": self._time(group.created_at),
            "updated_at": self._time(group.updated_at),
            "position": group.position,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self._page.id,
            "group": True,
            "only_show_if_degraded": False,
            "components": [child.id for child in children],
        }

    def incident(self, incident: PageIncident) -> dict[str, Any]:
        return {
            "id": incident.id,
            "name": incident.title,
            "status": incident.status.value,
            "created_at": self._time(incident.created_at),
            "updated_at": self._time(incident.updated_at),
            "monitoring_at": self._time(incident.monitoring_at) if incident.monitoring_at else None,
            "resolved_at": self._time(incident.resolved_at) if incident.resolved_at else None,
            "impact": incident.impact.value,
            "shortlink": f"{self._page.url}/incidents/{incident.id}",
            "started_at": self._time(incident.started_at),
            "page_id": self._page.id,
            "incident_updates": [self._update(incident, update) for update in incident.updates],
            "components": [
                self.component(self._components[id_]) for id_ in incident.components if id_ in self._components
            ],
        }

    def maintenance(self, incident: PageIncident) -> dict[str, Any]:
        assert incident.window is not None, "it is a maintenance"
        return {
            **self.incident(incident),
            "impact": "maintenance",
            "scheduled_for": self._time(incident.window.starts_at),
            "scheduled_until": self._time(incident.window.ends_at),
        }

    def _update(self, incident: PageIncident, update: PageUpdate) -> dict[str, Any]:
        affected = [
            {"code": id_, "name": self._full_name(id_, name), "old_status": before.value, "new_status": after.value}
            for id_, name, before, after in update.components
        ]
        at = self._time(update.created_at)
        return {
            "id": update.id,
            "status": update.status.value,
            "body": update.body,
            "incident_id": incident.id,
            "created_at": at,
            "updated_at": at,
            "display_at": at,
            "affected_components": affected or None,
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": None,
        }

    def _full_name(self, component: str, name: str) -> str:
        shown = self._components.get(component)
        return f"{self._groups[shown.group]} - {name}" if shown and shown.group in self._groups else name

    def _time(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        text = local.isoformat(timespec="milliseconds")
        return text[:-6] + "Z" if local.utcoffset() == timedelta(0) and self._page.time_zone in _UTC else text


_UTC = {"UTC", "Etc/UTC"}
