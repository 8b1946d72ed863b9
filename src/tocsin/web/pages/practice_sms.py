"""/practice/sms: the phones that were texted, each with what it got, and the numbers that misbehave."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tocsin.practice import twilio_behaviour, vonage_behaviour
from tocsin.practice.outbox import outbox_path
from tocsin.practice.twilio_log import phones, thread
from tocsin.web.deps import SiteDep
from tocsin.web.pages.layout import page

router = APIRouter(prefix="/practice/sms", include_in_schema=False)

_LIVE_SECONDS = 3


@router.get("")
def texts(site: SiteDep, number: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Show one phone, that of `number` or the one that was texted last, and the others to choose from."""
    outbox = outbox_path(site.settings.home_directory)
    settings = site.settings.sms
    table = vonage_behaviour if settings.kind == "vonage" else twilio_behaviour
    try:
        texted = phones(outbox)
        chosen = number or (texted[0].number if texted else "")
        got = thread(outbox, chosen) if chosen else []
    except sqlite3.OperationalError:
        texted, chosen, got = None, "", []
    return page(
        "practice_sms.html",
        brand=site.settings.brand,
        phones=texted,
        chosen=chosen,
        thread=got,
        carrier=settings.kind.capitalize(),
        behaviours=table.BEHAVIOURS,
        behaviour=table.behaviour_of(chosen),
        now=datetime.now(UTC),
        live=_LIVE_SECONDS,
    )
