"""The door in front of every route: bodies are bounded; under /v1 a key, its quota and the content type come first.

Plain ASGI, so that it costs microseconds and answers before a body is read.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.web.auth import Caller, KeyRing, no_key
from tocsin.web.errors import Problem, answer, as_problem, logged_path
from tocsin.web.quota import Quota

log = structlog.get_logger()

_STREAMED: Final = "/v1/subscribers/import"  # read line by line, each of them bounded
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class Gate:
    """Lets a request through to `app`, or answers it."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path: str = scope["path"]
        try:
            if path.startswith("/v1/"):
                send = await self._admit(scope, headers, send)
                _refuse_other_content(scope["method"], path, headers)
            elif path.startswith("/hooks/") and "authorization" in headers:  # others sign what they send
                send = await self._admit(scope, headers, send)
            if path != _STREAMED:
                receive = self._bounded(headers, receive)
        except Exception as error:
            problem = as_problem(error)
            if problem.status_code >= 500:  # noqa: PLR2004 - HTTP's own number
                log.exception("request.failed", path=logged_path(path), status=problem.status_code)
            await answer(problem)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _admit(self, scope: Scope, headers: Headers, send: Send) -> Send:
        ring: KeyRing = scope["app"].state.key_ring
        quota: Quota = scope["app"].state.quota
        secret = _secret(headers.get("authorization", ""), basic=not scope["path"].startswith("/v1/"))
        key = None if secret is None else await ring.find(secret)
        if key is None:
            raise no_key()
        shown = await quota.spend(key)
        scope["tocsin.caller"] = Caller(key)

        async def send_with_quota(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(shown)
            await send(message)

        return send_with_quota

    def _bounded(self, headers: Headers, receive: Receive) -> Receive:
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.max_body_bytes:
            raise self._too_large()
        got = 0

        async def bounded() -> Message:
            nonlocal got
            message = await receive()
            if message["type"] == "http.request":
                got += len(message.get("body", b""))
                if got > self.max_body_bytes:
                    raise self._too_large()
            return message

        return bounded

    def _too_large(self) -> Problem:
        return Problem(413, f"A request has at most {self.max_body_bytes:,} bytes. Send less at once.")


def _secret(authorization: str, *, basic: bool) -> str | None:
    """Return the key that a request came with; systems that can send no bearer have it as a password."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic" or not basic:
        return None
    try:
        return b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return None


def _refuse_other_content(method: str, path: str, headers: Headers) -> None:
    if method not in _WITH_BODY or path == _STREAMED:
        return
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise Problem(
            415, f"Send JSON with the header `Content-Type: application/json`, not {media or 'without one'!r}."
        )
