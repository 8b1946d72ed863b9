"""/practice/webhooks: the calls that the practice receivers got, and the receivers that misbehave."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tocsin.practice.outbox import outbox_path
from tocsin.practice.webhook_behaviour import BEHAVIOURS, behaviour_of
from tocsin.practice.webhook_log import find, read
from tocsin.web.deps import SiteDep
from tocsin.web.pages.layout import page

router = APIRouter(prefix="/practice/webhooks", include_in_schema=False)

_LIVE_SECONDS = 3
_SHOWN = 50


@router.get("")
def calls(site: SiteDep, before: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """Show the calls, the newest first."""
    try:
        found = find(outbox_path(site.settings.home_directory), before, _SHOWN + 1)
    except sqlite3.OperationalError:
        found = None
    return page(
        "practice_webhooks.html",
        brand=site.settings.brand,
        calls=found and found[:_SHOWN],
        is_readable=found is not None,
        older=found[_SHOWN - 1].id if found and len(found) > _SHOWN else None,
        is_first=before is None,
        behaviours=BEHAVIOURS,
        behaviour_of=behaviour_of,
        host=site.settings.webhook.practice_host,
        now=datetime.now(UTC),
        live=_LIVE_SECONDS if before is None else None,
    )


@router.get("/{number}")
def call(number: int, site: SiteDep) -> Response:
    """Show one call as it came over the wire."""
    opened = read(outbox_path(site.settings.home_directory), number)
    if opened is None:
        return page("practice_missing.html", status_code=404, brand=site.settings.brand, number=number)
    return page(
        "practice_webhook.html",
        brand=site.settings.brand,
        opened=opened,
        body=_spread(opened.body),
        behaviour=behaviour_of(opened.call.name),
        now=datetime.now(UTC),
    )


def _spread(body: str) -> str:
    """Return JSON over several lines, anything else as it came."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
