"""Answers a form that another site's page sent: nothing is done, and the visitor is told where they can do it."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tocsin.settings import Settings
from tocsin.web.pages.layout import page
from tocsin.web.pages.reader import read_in
from tocsin.web.pages.session import is_from_elsewhere

_FORBIDDEN: Final = 403


class FromElsewhere(HTTPException):
    """A form of ours that another site's page sent."""


def only_from_here(request: Request) -> None:
    """Raise FromElsewhere where a page of another site sent this."""
    if is_from_elsewhere(request):
        raise FromElsewhere(_FORBIDDEN)


def answer_elsewhere(app: FastAPI) -> None:
    """Have `app` answer such a form with a page, in the visitor's language."""
    app.add_exception_handler(FromElsewhere, _answer)


async def _answer(request: Request, _: Exception) -> Response:
    settings: Settings = request.app.state.settings
    here = request.url.path.partition("/sentence/")[0]
    return page("elsewhere.html", status_code=_FORBIDDEN, language=read_in(request), brand=settings.brand, here=here)
