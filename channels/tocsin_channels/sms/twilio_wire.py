"""The connection to Twilio: one session a process, with time-outs, whose failures come out as the five kinds.

Twilio's own client has neither a limit of time nor of connections, and loses the headers of a refusal.
"""

from __future__ import annotations

import json
import logging
import ssl
from typing import Any, Final, cast

import aiohttp
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response

from tocsin.domain.errors import Ambiguous, DeliveryError, TryAgain
from tocsin_channels.sms.twilio_codes import TWILIO

_CONNECT_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 15.0
_LONGEST_WAIT: Final = 3600.0
_REFUSED: Final = 400
_GATEWAY_TIMEOUT: Final = 504

# It would log the headers of each request at level info.
_quiet = logging.getLogger("tocsin.twilio")
_quiet.disabled = True


class TwilioWire(AsyncTwilioHttpClient):  # type: ignore[misc]  # Twilio ships no types
    """Make it inside the loop that uses it; `seconds` is how long one request may take."""

    def __init__(self, connections: int, seconds: float) -> None:
        super().__init__(pool_connections=False, logger=_quiet)
        self._timeout = aiohttp.ClientTimeout(total=seconds, connect=None, sock_connect=min(_CONNECT_SECONDS, seconds))
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
        assert self.session is not None
        try:
            async with self.session.request(
                method,
                url,
                params=cast("Any", params),
                data=data,
                headers=headers,
                auth=aiohttp.BasicAuth(*auth) if auth else None,
                timeout=self._timeout,
                allow_redirects=False,
            ) as answer:
                body = (await answer.read()).decode("utf-8", "replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, ssl.SSLError) as error:
            raise TryAgain(f"Twilio cannot be reached: {_said(error)}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Ambiguous(f"Twilio was asked and gave no answer: {_said(error)}") from error
        if answer.status >= _REFUSED:
            raise _refusal(answer.status, body, answer.headers.get("Retry-After", ""))
        return Response(answer.status, body, answer.headers)


def _refusal(status: int, body: str, retry_after: str) -> DeliveryError:
    if status == _GATEWAY_TIMEOUT:
        return Ambiguous("Twilio's gateway waited in vain for the answer (504)", code=status)
    code, words = _told(body)
    return TWILIO.refusal(code or status, words or f"HTTP {status}", retry_after=_seconds(retry_after))


def _told(body: str) -> tuple[int | None, str]:
    """Return the code and words of Twilio's JSON, nothing where something else stands between us and Twilio."""
    try:
        told = json.loads(body)
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
    return str(error) or type(error).__name__
