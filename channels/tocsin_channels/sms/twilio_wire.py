"""The connection to Twilio: one session a process, with time-outs, whose failures come out as the five kinds.

Twilio's own client has neither a limit of time nor of connections, and loses the headers of a refusal.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final, cast

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response

from tocsin.domain.errors import Ambiguous, DeliveryError, TryAgain
from tocsin.domain.foreign_json import read_json
from tocsin.domain.printable import printable
from tocsin_channels.calling.reading import read_body
from tocsin_channels.sms.twilio_codes import TWILIO

_CONNECT_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 15.0
_LONGEST_WAIT: Final = 3600.0
_MOST_READ: Final = 1_000_000  # a page of texts is half of it at the most
_NOT_DONE: Final = 300
_TRIES: Final = 2
_GATEWAY_TIMEOUT: Final = 504

# It would log the headers of each request at level info.
_quiet = logging.getLogger("tocsin.twilio")
_quiet.disabled = True


class NothingSent(Exception):
    """A connection that was kept turned out to be closed before a byte went out: another one may do."""


class TwilioWire(AsyncTwilioHttpClient):  # type: ignore[misc]  # Twilio ships no types
    """Make it inside the loop that uses it; `seconds` is how long one request may take once a connection is free."""

    def __init__(self, connections: int, seconds: float) -> None:
        super().__init__(pool_connections=False, logger=_quiet)
        self._timeout = aiohttp.ClientTimeout(total=seconds, connect=min(_CONNECT_SECONDS, seconds / 2))
        self._free = asyncio.Semaphore(connections)
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=_IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - Twilio's signature
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - likewise
    ) -> Response:
        """Ask Twilio; raise TryAgain where nothing was sent, Ambiguous where it was and no answer came."""
        del timeout, allow_redirects
        again = AsyncRetrying(retry=retry_if_exception_type(NothingSent), stop=stop_after_attempt(_TRIES), reraise=True)
        try:
            return await again(self._ask, method, url, params, data, (headers or {}) | _authorization(auth))
        except NothingSent as error:
            raise TryAgain("Twilio keeps closing its connections before anything is sent.") from error

    async def _ask(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None,
        data: dict[str, object] | None,
        headers: dict[str, str],
    ) -> Response:
        assert self.session is not None
        try:
            async with (
                self._free,
                self.session.request(
                    method,
                    url,
                    params=cast("Any", params),
                    data=data,
                    headers=headers,
                    timeout=self._timeout,
                    allow_redirects=False,
                ) as answer,
            ):
                body = (await read_body(answer, _MOST_READ)).decode("utf-8", "replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TryAgain(f"Twilio cannot be reached: {_said(error)}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(error.__cause__, aiohttp.ClientConnectionResetError):
                raise NothingSent from error
            raise Ambiguous(f"Twilio was asked and gave no answer: {_said(error)}") from error
        if answer.status >= _NOT_DONE:
            raise _refusal(answer.status, body, answer.headers.get("Retry-After", ""))
        return Response(answer.status, body, answer.headers)


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:
    return {} if auth is None else {"Authorization": aiohttp.encode_basic_auth(*auth)}


def _refusal(status: int, body: str, retry_after: str) -> DeliveryError:
    if status == _GATEWAY_TIMEOUT:
        return Ambiguous("Twilio's gateway waited in vain for the answer (504)", code=status)
    code, words = _told(body)
    return TWILIO.refusal(code or status, words or f"HTTP {status}", retry_after=_seconds(retry_after))


def _told(body: str) -> tuple[int | None, str]:
    """Return the code and words of Twilio's JSON, nothing where something else stands between us and Twilio."""
    try:
        told = read_json(body)
    except ValueError:
        return None, ""
    if not isinstance(told, dict):
        return None, ""
    fields = cast("dict[str, object]", told)
    code = fields.get("code")
    return (code if isinstance(code, int) else None), str(fields.get("message") or fields.get("title") or "")


def _seconds(retry_after: str) -> float | None:
    return min(float(retry_after), _LONGEST_WAIT) if retry_after.strip().isdecimal() else None


def _said(error: BaseException) -> str:
    if isinstance(error, aiohttp.ServerDisconnectedError):  # its own words are the half that came
        return "it hung up"
    if isinstance(error, aiohttp.ClientResponseError):
        return "what came back is not HTTP"
    return printable(str(error) or type(error).__name__)
