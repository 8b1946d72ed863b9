"""Stops everything that goes to one endpoint, for whoever holds the token that its messages carry."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

from tocsin.domain.asking import seal
from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.opting_in import Evidence
from tocsin.domain.subscription import key_of, spoken
from tocsin.domain.tokens import Signer
from tocsin.store import consents, persons
from tocsin.store import opt_out as store
from tocsin.store.consents import Consent
from tocsin.store.engine import begin
from tocsin.store.persons import Person


@dataclass(frozen=True, slots=True)
class Stoppable:
    """What a token speaks of: one address, named as little as its holder needs to recognise it."""

    channel: ChannelName
    address: str
    is_stopped: bool
    locale: str
    browser: str = ""  # where it is one: what it may know itself by


async def look_up(engine: AsyncEngine, secret: str, token: str) -> Stoppable | None:
    """Return what would stop, None for a token that isn't ours; writes nothing."""
    endpoint = _endpoint(secret, token)
    if endpoint is None:
        return None
    async with begin(engine) as connection:
        found = await store.find(connection, endpoint)
    if found is None:
        return None
    channel = ChannelName(found.channel)
    stopped = found.state == EndpointState.OPTED_OUT
    browser = sha256(key_of(found.address).encode()).hexdigest() if channel is ChannelName.PUSH else ""
    return Stoppable(channel, _recognisable(found.address), stopped, found.locale, browser)


async def unsubscribe(engine: AsyncEngine, secret: str, token: str) -> bool:
    """Opt the token's endpoint out and stop what is under way to it; doing it again does no harm."""
    endpoint = _endpoint(secret, token)
    if endpoint is None:
        return False
    async for attempt in yielding():
        with attempt:
            async with begin(engine) as connection:
                there = await persons.by_endpoint(connection, endpoint)
                if there is None or not await store.opt_out(connection, endpoint):
                    return False
                if there.state is not EndpointState.OPTED_OUT:
                    await consents.write(connection, evidence(Evidence.WITHDRAWN, secret, there, "link"))
                return True
    return False


def endpoint_of(secret: str, token: str) -> int | None:
    """Return the number of the endpoint that a token belongs to, None for a token that isn't ours."""
    return _endpoint(secret, token)


def evidence(what: Evidence, secret: str, there: Person, how: str) -> Consent:
    """Return what is kept of somebody's leaving or coming back."""
    sealed = seal(secret, there.channel, there.key)
    return Consent(what, how, there.channel, sealed, subscriber=there.subscriber, endpoint=there.endpoint)


def _endpoint(secret: str, token: str) -> int | None:
    numbers = Signer(secret, "unsubscribe").read(token)
    return numbers[0] if numbers is not None and len(numbers) == 1 else None


def _recognisable(address: str) -> str:
    """Return "a…@example.com": a forwarded mail must not tell a stranger the whole address."""
    if spoken(address) != address:
        return "this browser"
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    return f"…{address[-4:]}" if len(address) > 8 else "this address"  # noqa: PLR2004 - half of it stays hidden


def yielding() -> AsyncRetrying:
    """Return attempts at a change of rows that a worker may be writing at the same moment."""
    return AsyncRetrying(
        retry=retry_if_exception(_met_a_worker), stop=stop_after_attempt(5), wait=wait_random(0, 0.2), reraise=True
    )


def _met_a_worker(error: BaseException) -> bool:
    # A worker that writes outcomes at this moment may hold the same rows in another order: one of the two yields.
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in {"40P01", "40001"}
