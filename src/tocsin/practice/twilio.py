"""A look-alike of Twilio's Message resource, at its own paths: it checks what Twilio checks and keeps the texts."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import time
from email.utils import format_datetime, formatdate
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from aiohttp import encode_basic_auth, web

from tocsin.practice.sms_reports import Reports
from tocsin.practice.twilio_behaviour import Behaviour, Ending, Refusal, behaviour_of
from tocsin.practice.twilio_log import New, Text, Texts
from tocsin.practice.twilio_reports import TwilioVoice
from tocsin_channels.sms.segments import count

_ACCOUNTS: Final = "/2010-04-01/Accounts"
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST: Final = 1600
_LONGEST_VALIDITY: Final = 36_000
_LONGEST_PAGE: Final = 1000
_NOT_YET_SENT: Final = "queued"
_HTML: Final = "<!doctype html><title>Hello</title><p>This is not Twilio."


class PracticeTwilio:
    """One account, `sid` and `token`; texts are kept in `outbox`, committed before it answers."""

    def __init__(self, outbox: Path, sid: str, token: str, replies_url: str) -> None:
        self._sid = sid
        self._token = token
        self._texts = Texts(outbox)
        self._reports = Reports(self._texts, TwilioVoice(sid, token, replies_url))

    def add_to(self, app: web.Application) -> None:
        app.router.add_post(f"{_ACCOUNTS}/{{sid}}/Messages.json", self._take)
        app.router.add_get(f"{_ACCOUNTS}/{{sid}}/Messages.json", self._list)
        app.router.add_get(f"{_ACCOUNTS}/{{sid}}.json", self._account)
        app.on_startup.append(self._begin)

    async def close(self) -> None:
        await self._reports.stop()
        self._texts.close()

    async def _begin(self, _: web.Application) -> None:
        self._reports.wake()  # what an earlier run has left

    async def _account(self, request: web.Request) -> web.Response:
        refusal = self._stranger(request)
        if refusal is not None:
            return _refused(refusal)
        return web.json_response({"sid": self._sid, "friendly_name": "Practice", "status": "active", "type": "Trial"})

    async def _list(self, request: web.Request) -> web.Response:
        """Tell of the newest texts to one number, a page of them."""
        refusal = self._stranger(request)
        if refusal is not None:
            return _refused(refusal)
        size = min(int(request.query.get("PageSize", "50")), _LONGEST_PAGE)
        number, to = int(request.query.get("Page", "0")), request.query.get("To", "")
        told = [_listed(self._sid, text) for text in self._texts.taken(to, size, number * size)]
        start = number * size
        page = {"page": number, "page_size": size, "start": start, "end": max(start, start + len(told) - 1)}
        uri = f"{_ACCOUNTS}/{self._sid}/Messages.json?{urlencode({'To': to, 'PageSize': size})}&Page="
        following = f"{uri}{number + 1}" if len(told) == size else None
        ways = {"uri": f"{uri}{number}", "first_page_uri": f"{uri}0", "next_page_uri": following}
        return web.json_response({"messages": told, **page, **ways, "previous_page_uri": None})

    async def _take(self, request: web.Request) -> web.StreamResponse:
        fields = {name: str(value) for name, value in (await request.post()).items()}
        refusal = self._stranger(request) or _mistake(fields)
        if refusal is not None:
            self._keep(fields, "", str(refusal.code))
            return _refused(refusal)
        behaviour = behaviour_of(fields["To"])
        refusal = behaviour.refusal(
            self._texts.refused(fields["To"], "StatusCallback", fields.get("StatusCallback", "")) + 1
        )
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
        sid = f"SM{uuid4().hex}"
        words = {Ending.HUNG_UP: "hung up", Ending.GARBAGE: "not JSON"}.get(behaviour.ending, "201")
        self._keep(fields, sid, words)
        self._reports.wake()
        if behaviour.ending is Ending.HUNG_UP:
            assert request.transport is not None
            request.transport.abort()
        if behaviour.ending is Ending.GARBAGE:
            return web.Response(text=_HTML, content_type="text/html")
        return web.json_response(_message(self._sid, sid, fields), status=201)

    def _stranger(self, request: web.Request) -> Refusal | None:
        ours = encode_basic_auth(self._sid, self._token)
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), ours.encode()):
            return Refusal(401, 20003, "Authenticate")
        if request.match_info["sid"] != self._sid:
            return Refusal(404, 20404, f"The requested resource {request.path} was not found")
        return None

    def _keep(self, fields: dict[str, str], sid: str, answer: str) -> None:
        validity = fields.get("ValidityPeriod", "")
        body = fields.get("Body", "")
        self._texts.keep(
            New(
                received_at=time.time(),
                sid=sid,
                sender=fields.get("From") or fields.get("MessagingServiceSid", ""),
                recipient=fields.get("To", ""),
                body=body,
                segments=count(body).segments,
                validity=int(validity) if validity.isdecimal() else None,
                callback=fields.get("StatusCallback", ""),
                answer=answer,
                due="sent" if sid else "",
                fields=json.dumps(fields),
            )
        )


def _mistake(fields: dict[str, str]) -> Refusal | None:
    """Return how Twilio refuses a request that nobody could follow, whatever the number."""
    to, body, callback = (
        fields.get("To", ""),
        fields.get("Body", ""),
        urlsplit(fields.get("StatusCallback", "http://a")),
    )
    validity = fields.get("ValidityPeriod", "1")
    checks = (
        (to, 21604, "A 'To' phone number is required."),
        (_E164.fullmatch(to), 21211, f"The 'To' number {to} is not a valid phone number."),
        (fields.get("From") or fields.get("MessagingServiceSid"), 21603, "A 'From' phone number is required."),
        (body, 21602, "Message body is required."),
        (len(body) <= _LONGEST, 21617, "The concatenated message body exceeds the 1600 character limit"),
        (callback.scheme in {"http", "https"} and callback.hostname, 21609, "The StatusCallback is not a valid URL."),
        (validity.isdecimal() and 1 <= int(validity) <= _LONGEST_VALIDITY, 20001, "ValidityPeriod is out of range."),
    )
    return next((Refusal(400, code, message) for is_fine, code, message in checks if not is_fine), None)


def _refused(refusal: Refusal) -> web.Response:
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    if not refusal.code:
        return web.Response(status=refusal.status, text=_HTML, content_type="text/html", headers=headers)
    told = {
        "code": refusal.code,
        "message": refusal.message,
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status,
    }
    return web.json_response(told, status=refusal.status, headers=headers)


def _listed(account: str, text: Text) -> dict[str, Any]:
    sender = "MessagingServiceSid" if text.sender.startswith("MG") else "From"
    told = _message(account, text.sid, {"To": text.recipient, "Body": text.body, sender: text.sender})
    taken = format_datetime(text.received_at)
    sent = None if text.status == _NOT_YET_SENT else taken
    return told | {"status": text.status, "date_created": taken, "date_sent": sent}


def _message(account: str, sid: str, fields: dict[str, str]) -> dict[str, Any]:
    uri = f"{_ACCOUNTS}/{account}/Messages/{sid}"
    service = fields.get("MessagingServiceSid")
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": fields["Body"],
        "date_created": formatdate(),
        "date_sent": None,
        "date_updated": formatdate(),
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": fields.get("From"),
        "messaging_service_sid": service,
        "num_media": "0",
        "num_segments": "0" if service else str(count(fields["Body"]).segments),
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "accepted" if service else "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": fields["To"],
        "uri": f"{uri}.json",
    }
