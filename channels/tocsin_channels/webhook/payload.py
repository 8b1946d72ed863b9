"""What a call says: Statuspage's outbound shape, so that what reads theirs reads ours, with `type` and `version`.

Written once per version and audience; the link to unsubscribe is each endpoint's own and is put in at its place. The
same update always gives the same bytes: a receiver that gets it twice sees so. Source: recorded calls of Statuspage
(incident_created.json in Zulip's fixtures).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from tocsin.domain.incident import Impact, Status
from tocsin.domain.maintenance import is_under_way
from tocsin.domain.notice import Notice
from tocsin.domain.page import page_id
from tocsin.domain.story import Chapter, Story

LARGEST: Final = 20_000  # bytes, as Standard Webhooks asks for
_TOKEN_ROOM = 200
_LONGEST_NAME = 255
_LEAST_BODY = 4_000  # bytes that are kept for what people wrote, however many components there are
_HEAD = '{"meta":{'

# Statuspage's words for the page, here of this incident alone: others may be open beside it.
_DESCRIPTIONS: Final = {
    Impact.NONE: "All Systems Operational",
    Impact.MINOR: "Minor Service Outage",
    Impact.MAJOR: "Partial System Outage",
    Impact.CRITICAL: "Major Service Outage",
}
_OVER: Final = "Incident Resolved"


@dataclass(frozen=True, slots=True)
class Payload:
    """The bytes of a call but for the end of its unsubscribe link."""

    before: bytes
    after: bytes

    def body(self, token: str) -> bytes:
        """Return the whole call to the endpoint whose unsubscribe token is `token` (letters, digits, - and _)."""
        return self.before + token.encode() + self.after


def render(story: Story) -> Payload:
    """Return the call that tells the one chapter of `story`, cut short where it would be too large."""
    [chapter] = story.chapters
    link = json.dumps(f"{story.public_url}/unsubscribe/", ensure_ascii=False)[:-1]
    before = f'{_HEAD}"unsubscribe":{link}'.encode("utf-8", "replace")
    room = LARGEST - len(before) - _TOKEN_ROOM
    after = _after(story, chapter, chapter.body)
    if len(after) > room:
        after = _shortened(story, chapter, room)
    return Payload(before, after)


def render_notice(notice: Notice) -> Payload:
    """Return the call that a canary makes: no other notice goes to a webhook."""
    said = {"type": "canary", "page": {"name": notice.brand, "url": notice.url}, "title": notice.title}
    return Payload(json.dumps(said | {"body": " ".join(notice.paragraphs)}, ensure_ascii=False).encode(), b"")


def _shortened(story: Story, chapter: Chapter, room: int) -> bytes:
    """Return the rest of a call within `room` bytes: the first components, the beginning of the body."""
    body = chapter.body
    while chapter.affected and len(_after(story, chapter, "…")) > room - _LEAST_BODY:
        chapter = replace(chapter, affected=chapter.affected[: len(chapter.affected) // 2])
    shortest = len(_after(story, chapter, "…"))
    return _after(story, chapter, _cut(body, room - shortest))


def _after(story: Story, chapter: Chapter, body: str) -> bytes:
    text = json.dumps(_content(story, chapter, body), ensure_ascii=False, separators=(",", ":"))
    return f'",{text.removeprefix(_HEAD)}'.encode("utf-8", "replace")


def _cut(body: str, room: int) -> str:
    """Return as much of `body` as takes `room` bytes as JSON, with an ellipsis behind it."""
    used = 0
    for place, character in enumerate(body):
        used += len(json.dumps(character, ensure_ascii=False).encode("utf-8", "replace")) - 2
        if used > room:
            return f"{body[:place]}…"
    return body


def _content(story: Story, chapter: Chapter, body: str) -> dict[str, Any]:
    page = page_id(story.public_url)
    at = _time(chapter.published_at)
    return {
        "meta": {"documentation": f"{story.public_url}/docs", "generated_at": at},
        "type": f"incident.{chapter.phase.label}",
        "timestamp": at,
        "version": chapter.version,
        "page": {
            "id": page,
            "name": story.brand[:_LONGEST_NAME],
            "url": story.public_url,
            **_standing(chapter),
        },
        "incident": _incident(chapter, body, page, at),
    }


def _standing(chapter: Chapter) -> dict[str, str]:
    if is_under_way(chapter.status):
        return {"status_indicator": "maintenance", "status_description": "Service Under Maintenance"}
    if chapter.status.is_open:
        return {"status_indicator": chapter.impact.value, "status_description": _DESCRIPTIONS[chapter.impact]}
    over = _OVER if chapter.window is None else _DESCRIPTIONS[Impact.NONE]
    return {"status_indicator": Impact.NONE.value, "status_description": over}


def _incident(chapter: Chapter, body: str, page: str, at: str) -> dict[str, Any]:
    return {
        "id": chapter.incident,
        "version": chapter.version,
        "name": chapter.title[:_LONGEST_NAME],
        "status": chapter.status.value,
        "impact": chapter.impact.value if chapter.window is None else "maintenance",
        "impact_override": None,
        "shortlink": chapter.url,
        "created_at": _time(chapter.started_at),
        "started_at": _time(chapter.started_at),
        "updated_at": at,
        "monitoring_at": at if chapter.status is Status.MONITORING else None,
        "resolved_at": at if chapter.status in {Status.RESOLVED, Status.COMPLETED, Status.CANCELLED} else None,
        "next_update_at": _time(chapter.next_update_at) if chapter.next_update_at else None,
        "scheduled_for": _time(chapter.window.starts_at) if chapter.window else None,
        "scheduled_until": _time(chapter.window.ends_at) if chapter.window else None,
        "backfilled": False,
        "page_id": page,
        "incident_updates": [_update(chapter, body, at)],
        "components": [
            {"id": one.id, "name": one.name[:_LONGEST_NAME], "status": one.status.value, "page_id": page}
            for one in chapter.affected
        ],
    }


def _update(chapter: Chapter, body: str, at: str) -> dict[str, Any]:
    return {
        "id": chapter.update,
        "incident_id": chapter.incident,
        "status": chapter.status.value,
        "body": body,
        "truncated": body != chapter.body,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": [
            {"code": one.id, "name": one.name[:_LONGEST_NAME], "new_status": one.status.value}
            for one in chapter.affected
        ],
        "deliver_notifications": True,
    }


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
