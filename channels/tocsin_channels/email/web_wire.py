"""HTTP to a carrier's API: no redirects, proxies or cookies, a time for everything, and errors by what to do next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any, Final, cast

import aiohttp

from tocsin.domain.errors import Ambiguous, DeliveryError, TryAgain
from tocsin.domain.foreign_json import read_json
from tocsin.domain.printable import printable
from tocsin_channels.calling.reading import read_body

_IDLE_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 10.0
_MOST_READ: Final = 4_000_000
_LONGEST_WAIT: Final = 3_600.0
_REDIRECTS: Final = range(300, 400)
_GATEWAY_TIMEOUT: Final = 504
_SUCCESS: Final = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is what came of it, which may be less than was meant; header names are in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return self.status // 100 == _SUCCESS

    def told(self) -> object:
        """Return the JSON of the body, None where it is none."""
        try:
            return read_json(self.body)
        except ValueError:
            return None

    def fields(self) -> dict[str, Any]:
        """Return the JSON object of the body, an empty one where it is none."""
        told = self.told()
        return cast("dict[str, Any]", told) if isinstance(told, dict) else {}

    def wait(self) -> float | None:
        """Return the seconds that Retry-After asks for, None where it says none that we understand."""
        return wait_of(self.headers.get("Retry-After", ""), time.time())


def wait_of(retry_after: str, now: float) -> float | None:
    """Read Retry-After (RFC 9110, 10.2.3): seconds or a date."""
    value = retry_after.strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        seconds = float(value)
    else:
        try:
            until = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        seconds = until.replace(tzinfo=until.tzinfo or UTC).timestamp() - now
    return min(max(seconds, 0.0), _LONGEST_WAIT)


@dataclass(slots=True)
class _Progress:
    """Whether anything of a request went out."""

    began: bool = False


class WebWire:
    """Keeps `connections` to `carrier`; a request takes `seconds` at most, from when one of them is free.

    It opens within the loop that uses it.
    """

    def __init__(self, carrier: str, seconds: float, connections: int) -> None:
        self._carrier = carrier
        self._seconds = seconds
        self._connections = connections
        self._free = asyncio.Semaphore(connections)
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, method: str, url: str, headers: Mapping[str, str], body: Any = None) -> Answer:
        """Return the answer; raise TryAgain where nothing went out, Ambiguous where it did and none came."""
        progress = _Progress()
        try:
            async with (
                self._free,
                self._opened().request(
                    method, url, data=body, headers=headers, allow_redirects=False, trace_request_ctx=progress
                ) as response,
            ):
                answer = Answer(response.status, response.headers, await read_body(response, _MOST_READ))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._explained(error, progress) from error
        if answer.status in _REDIRECTS:
            raise TryAgain(f"{self._carrier} answered {answer.status} and sends us elsewhere, where we do not go.")
        if answer.status == _GATEWAY_TIMEOUT:
            raise Ambiguous(f"{self._carrier}'s gateway waited in vain for the answer (504)", code=answer.status)
        return answer

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_note_beginning)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=self._seconds, sock_connect=min(_CONNECT_SECONDS, self._seconds)),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Tocsin", "Accept": "application/json"},
                trust_env=False,
                trace_configs=[trace],
            )
        return self._session

    def _explained(self, error: Exception, progress: _Progress) -> DeliveryError:
        match error:
            case aiohttp.ServerDisconnectedError():
                said = "it hung up"
            case aiohttp.ClientResponseError():
                said = "what came back is not HTTP"
            case TimeoutError():
                said = f"nothing came within {self._seconds:g} s"
            case _:
                said = printable(str(error) or type(error).__name__)
        if progress.began:
            return Ambiguous(f"{self._carrier} was asked and gave no answer: {said}")
        return TryAgain(f"{self._carrier} cannot be reached: {said}")


async def _note_beginning(
    session: aiohttp.ClientSession, context: SimpleNamespace, sent: aiohttp.TraceRequestHeadersSentParams
) -> None:
    del session, sent
    context.trace_request_ctx.began = True
