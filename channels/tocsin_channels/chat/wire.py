"""HTTP as chat uses it: no redirects, proxies or cookies, a time for everything, and errors by what to do next."""

from __future__ import annotations

import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from tocsin.domain.errors import Ambiguous, GiveUp, TryAgain
from tocsin.domain.reach import Reach

# Firewalls and load balancers forget connections that idle; ours are gone before.
_IDLE_SECONDS = 15.0
_LONGEST_WAIT = 3_600.0
_REDIRECTS = range(300, 400)


class _Redirected(aiohttp.ClientError):
    """The answer sends us elsewhere, where nobody said that we may go."""


class _Guide(AbstractResolver):
    """Resolves names, and finds nobody where a name leads into a network that only we can see."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        # One closed address is enough: the others may be there to get past us.
        if not all(self._reach.allows(one["host"], port) for one in found):
            raise OSError(f"{host} leads into a private network")
        return found

    async def close(self) -> None:
        await self._inner.close()


def open_session(seconds: float, reach: Reach | None) -> aiohttp.ClientSession:
    """Return a session for calls that take at most `seconds`; `reach` is None where an operator named the host."""
    resolver = _Guide(reach) if reach is not None and not reach.private else ThreadedResolver()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver, keepalive_timeout=_IDLE_SECONDS, use_dns_cache=False),
        timeout=aiohttp.ClientTimeout(total=seconds, connect=seconds / 2),
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=(_stay,),
        trust_env=False,
    )


async def _stay(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    response = await handler(request)
    if response.status in _REDIRECTS:
        response.close()
        raise _Redirected(str(response.status))
    return response


@contextmanager
def translated(who: str) -> Generator[None]:
    """Turn what fails on the wire to `who` into what to do next. No URL goes into a note: they are secrets."""
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise TryAgain(f"{who} cannot be reached: {_reason(error)}.") from error
    except _Redirected as error:
        raise TryAgain(f"{who} answered {error} and sends us elsewhere, where we do not go.") from error
    except aiohttp.InvalidURL as error:
        raise GiveUp(f"{who} has an address that cannot be called.") from error
    except TimeoutError as error:
        raise Ambiguous(f"{who} did not answer in time.") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Ambiguous(f"{who} broke off before it had answered: {type(error).__name__}.") from error


def _reason(error: BaseException) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its certificate cannot be trusted"
        case aiohttp.ClientConnectorDNSError():
            inner = str(error.os_error)
            return inner if "private network" in inner else "its name cannot be resolved"
        case aiohttp.ClientConnectorError():
            return error.strerror or type(error.os_error).__name__
        case _:
            return "no connection in time"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After, None where it says none that we understand."""
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT) if seconds == seconds else None  # noqa: PLR0124 - not a number
