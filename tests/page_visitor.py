"""A visitor of the status page, asking a web process that has just started."""

from __future__ import annotations

from pathlib import Path

import httpx
from starlette.responses import PlainTextResponse

from tocsin.web.pages.status import StatusPages


def visiting(folder: Path) -> httpx.AsyncClient:
    """Return the visitor; what the page's part of the web passes on is answered with a teapot."""
    pages = StatusPages(PlainTextResponse("passed on", 418), folder, "Acme")
    return httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://status.test")
