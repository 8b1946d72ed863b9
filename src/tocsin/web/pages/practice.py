"""/practice: at one look what each channel got, the newest first, and the way to the page of each."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import Response

from tocsin.practice.everything import read_everything
from tocsin.practice.outbox import outbox_path
from tocsin.web.deps import SiteDep
from tocsin.web.pages.layout import page

router = APIRouter(prefix="/practice", include_in_schema=False)

_LIVE_SECONDS = 3


@router.get("")
def index(site: SiteDep) -> Response:
    """Show all channels, and the newest of what they got."""
    try:
        found = read_everything(outbox_path(site.settings.home_directory))
    except sqlite3.OperationalError:
        found = None
    return page("practice.html", brand=site.settings.brand, found=found, now=datetime.now(UTC), live=_LIVE_SECONDS)
