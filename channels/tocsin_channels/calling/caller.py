"""Makes one call: what goes wrong is named by whether a byte had gone out, and nothing of the answer is trusted."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
from yarl import URL

from tocsin.domain.errors import Ambiguous, DeliveryError, GiveUp, TryAgain
from tocsin.domain.reach import Reach
from tocsin_channels.calling.gate import Forbidden, Lookup, Resolver, look_up, make_socket
from tocsin_channels.calling.reading import read_body

_MOST_READ = 65_536
_MOST_PER_HOST = 32
_IDLE_SECONDS = 5.0  # shorter than servers keep a connection: one that they close under us would leave us in doubt


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is what came of it within the limits, and is for reading only, never for showing."""

    status: int
    retry_after: str | None
    body: bytes


@dataclass(slots=True)
class _Progress:
    """Whether anything of a request went out."""

    began: bool = False


class Caller:
    """Keeps connections to many hosts; `seconds` are for the whole of one call."""

    def __init__(self, reach: Reach, seconds: float, connections: int, lookup: Lookup = look_up) -> None:
        self._reach = reach
        self._seconds = seconds
        self._connections = connections
        self._lookup = lookup
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post `body` to `url`, which must be as `read_url` gave it; raise DeliveryError where no answer came."""
        progress = _Progress()
        try:
            async with self._open().post(
                URL(url, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:
                content = await read_body(response, _MOST_READ)
                return Answer(response.status, response.headers.get("Retry-After"), content)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _explained(error, progress, self._seconds) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections,
                limit_per_host=_MOST_PER_HOST,
                resolver=Resolver(self._reach, self._lookup),
                socket_factory=make_socket(self._reach),
                ssl=ssl.create_default_context(),
                keepalive_timeout=_IDLE_SECONDS,
            )
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_note_beginning)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Tocsin", "Accept": "application/json", "Accept-Encoding": "identity"},
                auto_decompress=False,
                trust_env=False,
                trace_configs=[trace],
            )
        return self._session


async def _note_beginning(
    session: aiohttp.ClientSession, context: SimpleNamespace, sent: aiohttp.TraceRequestHeadersSentParams
) -> None:
    del session, sent
    context.trace_request_ctx.began = True


def _explained(  # noqa: PLR0911 - one line a kind of error, as in a table
    error: Exception, progress: _Progress, seconds: float
) -> DeliveryError:
    if progress.began:
        return _doubt(error, seconds)
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return TryAgain("The receiver's certificate is not valid for this address.")
        case aiohttp.ClientConnectorError(os_error=Forbidden()):
            return GiveUp("This address leads into a private network, where no call may go.")
        case aiohttp.ClientConnectorDNSError():
            return TryAgain("The receiver's name cannot be resolved.")
        case aiohttp.ClientConnectorSSLError():
            return TryAgain("The receiver speaks no TLS that can be agreed on.")
        case asyncio.TimeoutError():
            return TryAgain(f"No connection to the receiver within {seconds:g} s.")
        case aiohttp.ClientConnectorError():
            return TryAgain(f"The receiver cannot be reached: {os.strerror(error.os_error.errno or 0)}.")
        case _:
            return TryAgain(f"The call could not be made: {type(error).__name__}.")


def _doubt(error: Exception, seconds: float) -> Ambiguous:
    match error:
        case asyncio.TimeoutError():
            return Ambiguous(f"The call went out and no answer came within {seconds:g} s.")
        case aiohttp.ClientResponseError():
            return Ambiguous("The call went out and what came back is not HTTP.")
        case _:
            return Ambiguous("The call went out and the receiver hung up instead of answering.")
