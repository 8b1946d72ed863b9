"""What all pages of the console share: its frame, the page that says what did not work, and the way on after an act."""

from __future__ import annotations

from typing import Any, Final

from fastapi.responses import RedirectResponse, Response

from tocsin.domain.board import STATE_WORDS
from tocsin.domain.update import Snapshot
from tocsin.web.deps import Site
from tocsin.web.pages.layout import PRIVATE_HEADERS, page
from tocsin.web.pages.session import Operator

QUIET_SECONDS: Final = 10


def place_of(said: Snapshot) -> str:
    """Return where in the navigation an incident, or a maintenance, stands."""
    return "incidents" if said.window is None else "maintenances"


def show(
    template: str,
    site: Site,
    operator: Operator,
    here: str,
    *,
    live: int | None = QUIET_SECONDS,
    status_code: int = 200,
    **context: Any,
) -> Response:
    """Render a page of the console; `here` is its place in the navigation, `live` the seconds between refreshes."""
    shared: dict[str, Any] = {
        "brand": site.settings.brand,
        "operator": operator,
        "here": here,
        "live": live,
        "state_words": STATE_WORDS,
    }
    return page(f"console/{template}.html", status_code=status_code, **shared, **context)


def problem(site: Site, operator: Operator, error: Exception, status_code: int) -> Response:
    """Say in the words of `error` what did not work."""
    return show("problem", site, operator, "", live=None, status_code=status_code, problem=str(error.args[0]))


def go(address: str) -> Response:
    return RedirectResponse(address, 303, headers=PRIVATE_HEADERS)
