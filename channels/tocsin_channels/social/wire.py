"""HTTP beneath the libraries that block: in threads of our own, with a time-out, and with the last answer at hand.

What came of a request is read from the answer itself: the libraries' exceptions lose the status (a list as body is an
AttributeError in one of them) or a post that was made (a header that cannot be read is an error in the other).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError, ProxyError, SSLError

from tocsin.domain.errors import Ambiguous, DeliveryError, TryAgain

_KEPT_CHARACTERS = 20_000
_MOST_READ = 1_000_000
_A_PIECE = 65_536
_UNSENT = (NewConnectionError, ConnectTimeoutError, SSLError, ProxyError)
_SLACK = 3.0  # how many times its time-out a request may take in all: a byte now and then would keep it for ever

T = TypeVar("T")

for _chatty in ("tweepy", "oauthlib", "requests_oauthlib", "urllib3"):  # they log bodies and what is signed
    logging.getLogger(_chatty).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


def read_json(text: str) -> dict[str, Any]:
    """Return the object that `text` holds as JSON, an empty one where it holds none."""
    try:
        return mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def mapping(value: object) -> dict[str, Any]:
    """Return `value` if it is an object of JSON, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """Return the objects in `value`, where it is a list."""
    return [mapping(one) for one in cast("list[object]", value)] if isinstance(value, list) else []


class Wire(requests.Session):
    """Requests to `host` go to `base` instead. Used by one thread at a time."""

    def __init__(self, base: str, seconds: float, host: str = "") -> None:
        super().__init__()
        self._host = host or base
        self._base = base.rstrip("/")
        self._seconds = seconds
        self.heard: Heard | None = None

    def request(self, method: str, url: str | bytes, *arguments: Any, **options: Any) -> requests.Response:
        self.heard = None
        address = url.decode() if isinstance(url, bytes) else url
        if address.startswith(self._host):
            address = self._base + address.removeprefix(self._host)
        # Credentials do not follow where somebody points.
        options |= {"timeout": self._seconds, "allow_redirects": False, "stream": True}
        until = time.monotonic() + self._seconds
        response = super().request(method, address, *arguments, **options)
        response._content = _body(response, until)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        headers = {name.lower(): value for name, value in response.headers.items()}
        self.heard = Heard(response.status_code, headers, response.text[:_KEPT_CHARACTERS])
        return response


def _body(response: requests.Response, until: float) -> bytes:
    """Return a body as far as it comes within the time and is worth reading: its status counts in any case."""
    content = bytearray()
    try:
        while piece := response.raw.read1(_A_PIECE, decode_content=True):
            content += piece
            if len(content) >= _MOST_READ or time.monotonic() >= until:
                break
    except (HTTPError, OSError):
        pass
    finally:
        response.close()
    return bytes(content)


async def in_thread(pool: ThreadPoolExecutor, seconds: float, network: str, call: Callable[[], T]) -> T:
    """Return what `call` returns, made in a thread; Ambiguous where it does not come back in time."""
    try:
        async with asyncio.timeout(seconds * _SLACK):
            return await asyncio.get_running_loop().run_in_executor(pool, call)
    except TimeoutError as error:
        raise Ambiguous(f"{network} did not answer within {seconds * _SLACK:.0f} s.") from error


def lost(error: BaseException, network: str) -> DeliveryError:
    """Return what a request that got no answer means: whether its bytes may have gone out."""
    causes = list(_causes(error))
    if any(isinstance(cause, _UNSENT) for cause in causes):
        return TryAgain(f"{network} cannot be reached: {_innermost(causes)}.")
    return Ambiguous(f"The connection to {network} ended without an answer: {_innermost(causes)}.")


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        reason: BaseException | None = None
        if isinstance(error, MaxRetryError):
            reason = error.reason
        elif error.args and isinstance(error.args[0], BaseException):
            reason = error.args[0]
        error = reason or error.__cause__ or error.__context__
    return found


def _innermost(causes: list[BaseException]) -> str:
    return type(causes[-1]).__name__
