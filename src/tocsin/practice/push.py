"""A push service to practise on, at /push/<browser>: it checks what real ones check, and opens what it was sent.

`GET /push/<browser>/subscription` hands out the subscription of that browser, as its `toJSON()` would.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from aiohttp import web

from tocsin.practice.push_behaviour import Behaviour, Ending, behaviour_of
from tocsin.practice.push_browser import Unreadable, browser_named, subscription_of
from tocsin.practice.push_log import New, Pushes
from tocsin.practice.push_vapid import RIGHT, fault_of

LARGEST: Final = 4_096  # bytes of a sealed message, which all services take (RFC 8030, 7.2)
_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{0,32}").fullmatch
_URGENCIES: Final = frozenset({"very-low", "low", "normal", "high", ""})
_TAKEN: Final = 201
_PAGE: Final = "<!doctype html><title>Bad gateway</title><p>Something else answered."
_ENDINGS: Final = {Ending.NEVER_ANSWERED: "no answer", Ending.HUNG_UP: "hung up", Ending.PAGE: "200 with a page"}


class PracticePush:
    """Keeps what it is sent in `outbox`; `key` is the public one that its browsers subscribed with."""

    def __init__(self, outbox: Path, key: str) -> None:
        self._pushes = Pushes(outbox)
        self._key = key

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/push/{browser}/subscription", self._hand_out)
        app.router.add_post("/push/{browser}", self._take)

    async def close(self) -> None:
        self._pushes.close()

    async def _hand_out(self, request: web.Request) -> web.Response:
        found = subscription_of(request.match_info["browser"], request.host).as_object()
        # Read by the page that subscribes, in tests of it.
        headers = {"Access-Control-Allow-Origin": "*"}
        return web.json_response(found | {"expirationTime": None}, headers=headers)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["browser"]
        behaviour = behaviour_of(name)
        body = await request.read()
        vapid = fault_of(request.headers.get("Authorization", ""), self._key, f"http://{request.host}", time.time())
        tries = self._pushes.tries(name) + 1
        status = _refusal(request, body, vapid) or behaviour.refusal(tries) or _TAKEN
        message = New(
            received_at=time.time(),
            browser=name,
            answer=str(status),
            kept=status == _TAKEN,
            vapid=vapid or RIGHT,
            topic=request.headers.get("Topic", ""),
            urgency=request.headers.get("Urgency", ""),
            ttl=request.headers.get("TTL", ""),
            size=len(body),
            opened=_opened(name, body),
        )
        if status == _TAKEN and behaviour.ending is not Ending.ANSWERED:
            return await self._end(request, behaviour, message)
        if status == _TAKEN:
            await asyncio.sleep(behaviour.seconds)
        self._pushes.keep(message)
        return _answer(status, behaviour, tries)

    async def _end(self, request: web.Request, behaviour: Behaviour, message: New) -> web.StreamResponse:
        """Do to a message what is not answering it."""
        kept = behaviour.ending is not Ending.NEVER_ANSWERED
        self._pushes.keep(replace(message, answer=_ENDINGS[behaviour.ending], kept=kept))
        if not kept:
            await asyncio.Event().wait()  # until the caller hangs up, which cancels us
        if behaviour.ending is Ending.HUNG_UP:
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0)
        return web.Response(text=_PAGE, content_type="text/html")


def _refusal(request: web.Request, body: bytes, vapid: str) -> int | None:
    """Return the status with which a real service refuses such a message, None where it takes it."""
    headers = request.headers
    if vapid:
        return 403 if "Authorization" in headers else 401
    if headers.get("Content-Encoding") != "aes128gcm":
        return 415
    if len(body) > LARGEST:
        return 413
    fine = headers.get("TTL", "").isdecimal() and _TOPIC(headers.get("Topic", "")) is not None
    return None if fine and headers.get("Urgency", "") in _URGENCIES else 400


def _opened(name: str, body: bytes) -> str:
    try:
        return browser_named(name).open(body).decode()
    except (Unreadable, UnicodeDecodeError):
        return ""


def _answer(status: int, behaviour: Behaviour, tries: int) -> web.Response:
    if status == _TAKEN:
        return web.Response(status=status, headers={"Location": f"/message/{behaviour.name or 'm'}-{tries}"})
    headers = {} if behaviour.retry_after is None else {"Retry-After": str(behaviour.retry_after)}
    if behaviour.page:
        return web.Response(status=status, text=_PAGE, content_type="text/html", headers=headers)
    return web.Response(status=status, headers=headers)
