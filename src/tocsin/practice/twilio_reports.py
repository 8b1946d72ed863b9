"""What Twilio would report of each text, and replies of whoever got it: posted to us, signed as Twilio signs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final
from uuid import uuid4

import httpx
import structlog
from twilio.request_validator import RequestValidator

from tocsin.practice.twilio_behaviour import behaviour_of
from tocsin.practice.twilio_log import Text, Texts

_AFTER_SECONDS: Final = 0.5
_AGAIN_SECONDS: Final = 2.0
_FIRST: Final = "sent"
_REPLY: Final = "reply"
_AT_ONCE: Final = 16

log = structlog.get_logger()


class Reports:
    """Posts what is due of `texts`, signed with the account's `token`; replies come in at `replies_url`."""

    def __init__(self, texts: Texts, sid: str, token: str, replies_url: str) -> None:
        self._texts = texts
        self._sid = sid
        self._sign = RequestValidator(token)
        self._replies_url = replies_url
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        self._woken.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            while True:
                self._woken.clear()
                due = self._texts.due()
                if not due:
                    await self._woken.wait()
                    await asyncio.sleep(_AFTER_SECONDS)
                    continue
                posted: list[bool] = []
                for first in range(0, len(due), _AT_ONCE):
                    some = due[first : first + _AT_ONCE]
                    posted += await asyncio.gather(*(self._next(client, text) for text in some))
                if not all(posted):
                    await asyncio.sleep(_AGAIN_SECONDS)

    async def _next(self, client: httpx.AsyncClient, text: Text) -> bool:
        behaviour = behaviour_of(text.recipient)
        if text.due == _REPLY:
            if not await self._post(client, self._replies_url, _reply(text, self._sid, behaviour.reply)):
                return False
            self._texts.reported(text, text.status, "")
            return True
        error = "" if text.due == _FIRST or behaviour.error is None else str(behaviour.error)
        if text.callback and not await self._post(client, text.callback, _status(text, self._sid, text.due, error)):
            return False
        last = _REPLY if behaviour.reply else ""
        self._texts.reported(text, text.due, behaviour.status if text.due == _FIRST else last)
        return True

    async def _post(self, client: httpx.AsyncClient, url: str, fields: dict[str, str]) -> bool:
        headers = {
            "X-Twilio-Signature": self._sign.compute_signature(url, fields),
            "I-Twilio-Idempotency-Token": str(uuid4()),
            "User-Agent": "TwilioProxy/1.1",
        }
        try:
            answer = await client.post(url, data=fields, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            log.info("practice.report_waits", why=str(error))
            return False
        if answer.is_server_error:
            log.info("practice.report_waits", why=answer.status_code)
            return False
        if answer.is_client_error:
            log.warning("practice.report_refused", status=answer.status_code, answer=answer.text[:300])
        return True


def _status(text: Text, sid: str, status: str, error: str) -> dict[str, str]:
    told = {
        "SmsSid": text.sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": text.recipient,
        "MessageSid": text.sid,
        "AccountSid": sid,
        "From": text.sender,
        "ApiVersion": "2010-04-01",
    }
    return told | ({"ErrorCode": error} if error else {})


def _reply(text: Text, sid: str, body: str) -> dict[str, str]:
    name = f"SM{uuid4().hex}"
    return {
        "ToCountry": "US",
        "MessageSid": name,
        "SmsSid": name,
        "SmsMessageSid": name,
        "SmsStatus": "received",
        "NumMedia": "0",
        "NumSegments": "1",
        "Body": body,
        "OptOutType": body,
        "To": text.sender,
        "From": text.recipient,
        "AccountSid": sid,
        "ApiVersion": "2010-04-01",
    }
