"""/practice/chat: what the rooms of Slack and Teams show, in threads, and every request that was made for it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import Response

from tocsin.practice.chat_behaviour import BEHAVIOURS
from tocsin.practice.chat_log import requests
from tocsin.practice.chat_room import rooms
from tocsin.practice.outbox import outbox_path
from tocsin.web.deps import SiteDep
from tocsin.web.pages.layout import page

router = APIRouter(prefix="/practice/chat", include_in_schema=False)

_LIVE_SECONDS = 3


@router.get("")
def chat(site: SiteDep) -> Response:
    """Show the rooms, the one that was written to last first."""
    outbox = outbox_path(site.settings.home_directory)
    try:
        found, asked = rooms(outbox), requests(outbox)
    except sqlite3.OperationalError:
        found, asked = None, []
    return page(
        "practice_chat.html",
        brand=site.settings.brand,
        rooms=found,
        requests=asked,
        behaviours=BEHAVIOURS,
        now=datetime.now(UTC),
        live=_LIVE_SECONDS,
    )
