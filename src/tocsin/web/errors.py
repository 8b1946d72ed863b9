"""Every error is an answer in one form: RFC 9457 problem+json with a `detail` that says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from tocsin.domain.errors import Conflict, IllegalMove, NotFound, NotReady, Refused

log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"
TITLES: Final = {
    400: "The request cannot be read",
    401: "No valid key",
    403: "The key may not do this",
    404: "Not found",
    405: "Not possible here",
    409: "Not possible now",
    413: "Too large",
    415: "Not JSON",
    422: "The request breaks a rule",
    429: "Too many requests",
    500: "Something is wrong on our side",
    503: "Not ready",
}
# What passes by itself: deadlock, serialization, lock not available, shutting down, starting, too many connections.
_PASSING: Final = frozenset({"40P01", "40001", "55P03", "57P01", "57P02", "57P03", "53300"})
_WITH_TOKEN: Final = re.compile(r"^(/(?:confirm|manage|unsubscribe)/)[^/]+")
_INTERNAL: Final = "This is our fault and was logged. Nothing was saved; it is safe to send the same request again."
_NO_DATABASE: Final = "The database does not answer. Nothing was saved; send the same request again in a few seconds."


class Problem(HTTPException):
    """An error answer, raised from anywhere in the web."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers) if headers else None)
        self.errors = list(errors)


class _ProblemResponse(JSONResponse):
    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        # A field's name may be anything that a caller sent, half a surrogate pair too.
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def answer(problem: Problem, more: Mapping[str, Any] | None = None) -> JSONResponse:
    """Return `problem` as it is sent, with `more` members."""
    status = problem.status_code
    content: dict[str, Any] = {
        "type": f"/docs#problem-{status}",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": problem.detail,
    }
    if problem.errors:
        content["errors"] = problem.errors
    return _ProblemResponse(content | dict(more or {}), status, problem.headers)


def as_problem(error: Exception) -> Problem:  # noqa: PLR0911 - one line a kind of error, as in a table
    """Say what an error means to the caller; what is not foreseen tells nothing of the inside."""
    match error:
        case Problem():
            return error
        case ClientDisconnect():
            return Problem(400, "The connection ended before the whole request was here. Send it again.")
        case HTTPException():
            return Problem(error.status_code, _plain(error), headers=error.headers)
        case RequestValidationError():
            return _invalid(error)
        case IllegalMove() | Conflict():
            return Problem(409, str(error))
        case Refused():
            field = error.field or "body"
            return Problem(422, f"{field}: {error}", errors=[{"field": field, "detail": str(error)}])
        case NotFound():
            return Problem(404, str(error.args[0]))
        case NotReady():
            return Problem(503, str(error), headers={"Retry-After": "2"})
        case _ if _is_database_away(error):
            return Problem(503, _NO_DATABASE, headers={"Retry-After": "2"})
        case _:
            return Problem(500, _INTERNAL)


def add_error_answers(app: FastAPI) -> None:
    """Answer every error of `app` in the one form."""
    for kind in (HTTPException, ClientDisconnect, RequestValidationError, Refused, Conflict, NotFound, NotReady,
                 DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError,
                 OSError):  # fmt: skip
        app.add_exception_handler(kind, _handle)
    app.add_exception_handler(Exception, _handle)


async def _handle(request: Request, error: Exception) -> Response:
    problem = as_problem(error)
    if problem.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request.failed", method=request.method, path=logged_path(request.url.path),
                  status=problem.status_code, exc_info=error)  # fmt: skip
    return answer(problem)


def logged_path(path: str) -> str:
    """Return a path as it may stand in a log: without the token that lets its holder act for somebody."""
    return _WITH_TOKEN.sub(r"\1…", path)


def _is_database_away(error: Exception) -> bool:
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError | asyncpg.PostgresConnectionError):
        return True
    if isinstance(error, asyncpg.PostgresError):
        return error.sqlstate in _PASSING
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        return error.connection_invalidated or isinstance(error, InterfaceError | OperationalError) or state in _PASSING
    return isinstance(error, PoolTimeout | OSError)


def _plain(error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return "There is nothing at this address. /docs lists what there is."
        case 405:
            return "This address does not take that method. /docs lists what it takes."
        case 400:
            return (
                "The body cannot be read as JSON. Check that it is complete, and nested no deeper than it needs to be."
            )
        case _:
            return str(error.detail)


def _invalid(error: RequestValidationError) -> Problem:
    found: Sequence[ErrorDetails] = error.errors()
    broken = next((one for one in found if one["type"] == "json_invalid"), None)
    if broken is not None:
        at = broken["loc"][-1]
        return Problem(
            400, f"The body is not valid JSON: {broken.get('ctx', {}).get('error')} at character {at}. Mend it."
        )
    errors = [{"field": field_of(one), "detail": detail_of(one)} for one in found[:50]]
    first = errors[0]
    more = f" (and {len(found) - 1} more, see errors)" if len(found) > 1 else ""
    return Problem(422, f"{first['field']}: {first['detail']}{more}", errors=errors)


def field_of(error: ErrorDetails) -> str:
    """Return where it is wrong, as `endpoints.0.address`."""
    places = [str(place) for place in error["loc"] if place not in {"body", "[key]"}]
    if error["loc"][:1] in {("query",), ("path",), ("header",)}:
        places = places[1:]
    return ".".join(places) or "body"


def detail_of(error: ErrorDetails) -> str:
    """Return what is wrong there and what to do."""
    match error["type"]:
        case "missing" if error["loc"] == ("body",):
            return "The request is empty. Send a JSON object."
        case "model_attributes_type" | "model_type" | "dict_type" if error["loc"] == ("body",):
            return "The request is no JSON object. Send one: {…}."
        case "missing":
            return "This is required."
        case "extra_forbidden":
            return "There is no such field. Check its spelling, or leave it out."
        case _:
            text = error["msg"].removeprefix("Value error, ")
            return text if text.endswith(".") else f"{text}."
