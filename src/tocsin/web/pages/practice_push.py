"""/practice/push: what browsers were sent, as a phone shows it, and the browsers that misbehave."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tocsin.practice.outbox import outbox_path
from tocsin.practice.push_behaviour import BEHAVIOURS, behaviour_of
from tocsin.practice.push_browser import subscription_of
from tocsin.practice.push_log import Pushed, browsers, pushed
from tocsin.web.deps import SiteDep
from tocsin.web.pages.layout import page

router = APIRouter(prefix="/practice/push", include_in_schema=False)

_LIVE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Notification:
    """A message as a browser shows it; `replaced` where a newer one has taken its place."""

    message: Pushed
    note: dict[str, Any]
    replaced: bool


@router.get("")
def notifications(site: SiteDep, browser: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Show one browser, the one named or the one that was last written to, and the others to choose from."""
    outbox = outbox_path(site.settings.home_directory)
    try:
        known = browsers(outbox)
        chosen = browser or (known[0].browser if known else "")
        got = pushed(outbox, chosen) if chosen else []
    except sqlite3.OperationalError:
        known, chosen, got = None, "", []
    host = site.settings.webhook.practice_host
    return page(
        "practice_push.html",
        brand=site.settings.brand,
        browsers=[(last, _note(last)) for last in known] if known is not None else None,
        chosen=chosen,
        shown=list(_shown(got)),
        behaviours=BEHAVIOURS,
        behaviour=behaviour_of(chosen),
        subscription=json.dumps(subscription_of("phone", host).as_object(), indent=2) if host else "",
        now=datetime.now(UTC),
        live=_LIVE_SECONDS,
    )


def _shown(got: Iterable[Pushed]) -> Iterable[Notification]:
    """Yield the messages, newest first: one with the same tag as a newer one is not seen any more."""
    tags: set[str] = set()
    for message in got:
        note = _note(message)
        tag = str(note.get("tag", ""))
        yield Notification(message, note, replaced=message.kept and tag in tags)
        if message.kept:
            tags.add(tag)


def _note(message: Pushed) -> dict[str, Any]:
    try:
        found = json.loads(message.opened)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
