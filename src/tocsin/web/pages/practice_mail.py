"""/practice/mail: what each recipient got from the SMTP server that stands in, and the addresses that misbehave."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from tocsin.practice import reading
from tocsin.practice.behaviour import BEHAVIOURS, behaviour_of
from tocsin.practice.outbox import outbox_path
from tocsin.web.deps import SiteDep
from tocsin.web.pages.layout import PRIVATE_HEADERS, page

router = APIRouter(prefix="/practice", include_in_schema=False)

_LIVE_SECONDS = 3
# The page shows a mail in a frame of ours; nothing else may.
_FRAMING = PRIVATE_HEADERS["Content-Security-Policy"] + "; frame-src 'self'"
# A mail styles itself and opens links in new windows. It runs nothing, loads nothing, and sends no form.
_MAIL_HEADERS = {
    **PRIVATE_HEADERS,
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
        "img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    ),
}
_LINKS_OPEN_ELSEWHERE = '<base target="_blank">'


@router.get("/mail")
def outbox(
    site: SiteDep,
    q: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Show what was taken, newest first."""
    search = q.strip()
    try:
        found = reading.find(_path(site), search, before)
    except sqlite3.OperationalError:
        found = None
    older = f"/practice/mail?{urlencode({'q': search, 'before': found.before})}" if found and found.before else None
    return page(
        "practice_mail.html",
        brand=site.settings.brand,
        found=found,
        search=search,
        is_first=before is None,
        older=older,
        behaviours=BEHAVIOURS,
        behaviour_of=behaviour_of,
        now=datetime.now(UTC),
        live=_LIVE_SECONDS if before is None and not search else None,
    )


@router.get("/{number}")
def mail(number: int, site: SiteDep) -> Response:
    """Show one message: rendered, as text, with its headers."""
    opened = reading.read(_path(site), number)
    if opened is None:
        return page("practice_missing.html", status_code=404, brand=site.settings.brand, number=number)
    shown = page(
        "practice_letter.html",
        brand=site.settings.brand,
        opened=opened,
        behaviour=behaviour_of(opened.mail.recipient),
        now=datetime.now(UTC),
    )
    shown.headers["Content-Security-Policy"] = _FRAMING
    return shown


@router.get("/{number}/html")
def html(number: int, site: SiteDep) -> Response:
    """Serve the HTML part alone, for the frame."""
    opened = reading.read(_path(site), number)
    if opened is None or not opened.html:
        return HTMLResponse("There is nothing to show.", status_code=404, headers=_MAIL_HEADERS)
    content = opened.html.replace("<head>", f"<head>{_LINKS_OPEN_ELSEWHERE}", 1)
    return HTMLResponse(content, headers=_MAIL_HEADERS)


@router.get("/{number}/raw")
def raw(number: int, site: SiteDep) -> Response:
    """Serve the message as it came over the wire, for a mail program to open."""
    opened = reading.read(_path(site), number)
    if opened is None:
        return Response(status_code=404, headers=PRIVATE_HEADERS)
    disposition = {"Content-Disposition": f'attachment; filename="practice-{number}.eml"'}
    return Response(opened.raw, media_type="message/rfc822", headers={**PRIVATE_HEADERS, **disposition})


def _path(site: SiteDep) -> Path:
    return outbox_path(site.settings.home_directory)
