"""What a carrier of texts would report of each, and replies of whoever got it: posted to us as that carrier does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

import httpx
import structlog

from tocsin.practice.twilio_behaviour import Behaviour
from tocsin.practice.twilio_log import Text, Texts

_AFTER_SECONDS: Final = 0.5
_AGAIN_SECONDS: Final = 2.0
_FIRST: Final = "sent"
_REPLY: Final = "reply"
_AT_ONCE: Final = 16

log = structlog.get_logger()


class Call(NamedTuple):
    """One request to us."""

    url: str
    content: bytes
    headers: Mapping[str, str]


class Voice(Protocol):
    """How one carrier speaks to us."""

    def behaviour(self, number: str) -> Behaviour: ...

    def report(self, text: Text, status: str, error: int | None) -> Call | None:
        """Say that `text` is `status`; None where nobody asked to be told."""
        ...

    def reply(self, text: Text, body: str) -> Call:
        """Say that whoever got `text` answered `body`."""
        ...


class Reports:
    """Posts what is due of `texts`, in the `voice` of their carrier."""

    def __init__(self, texts: Texts, voice: Voice) -> None:
        self._texts = texts
        self._voice = voice
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
        behaviour = self._voice.behaviour(text.recipient)
        if text.due == _REPLY:
            if not await _post(client, self._voice.reply(text, behaviour.reply)):
                return False
            self._texts.reported(text, text.status, "")
            return True
        call = self._voice.report(text, text.due, None if text.due == _FIRST else behaviour.error)
        if call is not None and not await _post(client, call):
            return False
        last = _REPLY if behaviour.reply else ""
        self._texts.reported(text, text.due, behaviour.status if text.due == _FIRST else last)
        return True


async def _post(client: httpx.AsyncClient, call: Call) -> bool:
    try:
        answer = await client.post(call.url, content=call.content, headers=call.headers)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        log.info("practice.report_waits", why=str(error))
        return False
    if answer.is_server_error:
        log.info("practice.report_waits", why=answer.status_code)
        return False
    if answer.is_client_error:
        log.warning("practice.report_refused", status=answer.status_code, answer=answer.text[:300])
    return True
