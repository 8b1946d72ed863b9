"""A look-alike of Vonage's SMS API, at its own paths: it answers 200 whatever happens, and says within what did."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from aiohttp import encode_basic_auth, web

from tocsin.practice.sms_reports import Reports
from tocsin.practice.twilio_behaviour import Behaviour, Ending, Refusal
from tocsin.practice.twilio_log import New, Texts
from tocsin.practice.vonage_behaviour import behaviour_of
from tocsin.practice.vonage_reports import VonageVoice
from tocsin_channels.sms import gsm
from tocsin_channels.sms.segments import count

_LONGEST: Final = 3200
_SHORTEST_TTL, _LONGEST_TTL = 20_000, 604_800_000
_HTML: Final = "<!doctype html><title>Hello</title><p>This is not Vonage."
_TYPES: Final = frozenset({"text", "unicode"})


class PracticeVonage:
    """One account, `key` and `secret`; texts are kept in `outbox`, committed before it answers."""

    def __init__(self, outbox: Path, key: str, secret: str, signature_secret: str, replies_url: str) -> None:
        self._key = key
        self._secret = secret
        self._texts = Texts(outbox, "vonage")
        self._reports = Reports(self._texts, VonageVoice(key, signature_secret, replies_url))

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/sms/json", self._take)
        app.router.add_get("/account/get-balance", self._balance)
        app.on_startup.append(self._begin)

    async def close(self) -> None:
        await self._reports.stop()
        self._texts.close()

    async def _begin(self, _: web.Application) -> None:
        self._reports.wake()  # what an earlier run has left

    async def _balance(self, request: web.Request) -> web.Response:
        if not self._is_ours(request):
            return web.json_response({"error-code": "401", "error-code-label": "authentication failed"}, status=401)
        return web.json_response({"value": 10.28, "autoReload": False})

    async def _take(self, request: web.Request) -> web.StreamResponse:
        fields = {name: str(value) for name, value in (await request.post()).items()}
        refusal = None if self._is_ours(request) else Refusal(200, 4, "Bad Credentials")
        refusal = refusal or _mistake(fields)
        if refusal is not None:
            self._keep(fields, "", str(refusal.code))
            return _refused(refusal)
        number = f"+{fields['to']}"
        behaviour = behaviour_of(number)
        tries = self._texts.refused(number, "client-ref", fields.get("client-ref", "")) + 1
        refusal = behaviour.refusal(tries)
        if refusal is not None:
            self._keep(fields, "", str(refusal.code or refusal.status))
            return _refused(refusal)
        return await self._answer(request, fields, behaviour)

    async def _answer(self, request: web.Request, fields: dict[str, str], behaviour: Behaviour) -> web.StreamResponse:
        if behaviour.ending is Ending.NEVER_ANSWERED:
            self._keep(fields, "", "no answer")
            await asyncio.Event().wait()  # until the caller hangs up, which cancels us
        if behaviour.seconds:
            await asyncio.sleep(behaviour.seconds)
        name = uuid4().hex[:16].upper()
        words = {Ending.HUNG_UP: "hung up", Ending.GARBAGE: "not JSON"}.get(behaviour.ending, "0")
        self._keep(fields, name, words)
        self._reports.wake()
        if behaviour.ending is Ending.HUNG_UP:
            assert request.transport is not None
            request.transport.abort()
        if behaviour.ending is Ending.GARBAGE:
            return web.Response(text=_HTML, content_type="text/html")
        return web.json_response(_taken(name, fields))

    def _is_ours(self, request: web.Request) -> bool:
        ours = encode_basic_auth(self._key, self._secret)
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), ours.encode())

    def _keep(self, fields: dict[str, str], name: str, answer: str) -> None:
        body, ttl = fields.get("text", ""), fields.get("ttl", "")
        self._texts.keep(
            New(
                received_at=time.time(),
                sid=name,
                sender=_number(fields.get("from", "")),
                recipient=_number(fields.get("to", "")),
                body=body,
                segments=count(body).segments,
                validity=int(ttl) // 1000 if ttl.isdecimal() else None,
                callback=fields.get("callback", ""),
                answer=answer,
                due="sent" if name else "",
                fields=json.dumps(fields),
                reference=fields.get("client-ref", ""),
            )
        )


def _number(written: str) -> str:
    return f"+{written}" if written.isdecimal() else written


def _mistake(fields: dict[str, str]) -> Refusal | None:
    """Return how Vonage refuses a request that nobody could follow, whatever the number."""
    to, text, kind, ttl = (
        fields.get("to", ""),
        fields.get("text", ""),
        fields.get("type", "text"),
        fields.get("ttl", ""),
    )
    checks = (
        (to, 2, "Missing to param"),
        (fields.get("from"), 2, "Missing from param"),
        (text, 2, "Missing text param"),
        (to.isdecimal() and not to.startswith("0") and 7 <= len(to) <= 15, 3, "Invalid to address"),  # noqa: PLR2004
        (kind in _TYPES and (kind == "unicode" or gsm.fits(text)), 3, "Invalid message type"),
        (not ttl or (ttl.isdecimal() and _SHORTEST_TTL <= int(ttl) <= _LONGEST_TTL), 3, "Invalid ttl"),
        (len(text) <= _LONGEST, 12, "Message too long"),
    )
    return next((Refusal(200, code, words) for is_fine, code, words in checks if not is_fine), None)


def _refused(refusal: Refusal) -> web.Response:
    if not refusal.code:
        return web.Response(status=refusal.status, text=_HTML, content_type="text/html")
    told = {"status": str(refusal.code), "error-text": refusal.message}
    return web.json_response({"message-count": "1", "messages": [told]}, status=refusal.status)


def _taken(name: str, fields: dict[str, str]) -> dict[str, Any]:
    """Return Vonage's answer: one entry a segment, the first of which has the name that reports carry."""
    segments = count(fields["text"]).segments
    part = {
        "to": fields["to"],
        "status": "0",
        "remaining-balance": "10.28000000",
        "message-price": "0.03330000",
        "network": "310260",
        "client-ref": fields.get("client-ref", ""),
    }
    names = [name, *(uuid4().hex[:16].upper() for _ in range(segments - 1))]
    return {"message-count": str(segments), "messages": [{**part, "message-id": one} for one in names]}
