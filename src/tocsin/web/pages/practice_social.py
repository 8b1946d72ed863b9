"""/practice/social: what was posted on the practice networks, as threads, and every request that was made for it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import Response

from tocsin.practice import social_log
from tocsin.practice.outbox import outbox_path
from tocsin.practice.social_behaviour import BEHAVIOURS
from tocsin.practice.timeline import network_name, read_threads
from tocsin.web.deps import SiteDep
from tocsin.web.pages.layout import page

router = APIRouter(prefix="/practice/social", include_in_schema=False)

_LIVE_SECONDS = 3


@router.get("")
def timeline(site: SiteDep) -> Response:
    """Show the threads, the newest first."""
    outbox = outbox_path(site.settings.home_directory)
    try:
        threads, requests = read_threads(outbox), social_log.find(outbox)
    except sqlite3.OperationalError:
        threads, requests = None, []
    return page(
        "practice_social.html",
        brand=site.settings.brand,
        threads=threads,
        requests=requests,
        behaviours=BEHAVIOURS,
        network_name=network_name,
        now=datetime.now(UTC),
        live=_LIVE_SECONDS,
    )


@router.get("/{number}")
def request(number: int, site: SiteDep) -> Response:
    """Show one request as it came over the wire."""
    opened = social_log.read(outbox_path(site.settings.home_directory), number)
    if opened is None:
        return page("practice_missing.html", status_code=404, brand=site.settings.brand, number=number)
    return page(
        "practice_post.html",
        brand=site.settings.brand,
        opened=opened,
        network=network_name(opened.asked.network),
        now=datetime.now(UTC),
    )
