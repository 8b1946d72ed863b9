"""What the buttons beside a subscriber do, one function a button; those that cannot be undone are asked about first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import FormData

from tocsin.domain.errors import Conflict, NotFound
from tocsin.services import look_after
from tocsin.services.ask import Asker
from tocsin.services.change_subscriber import show_subscriber
from tocsin.services.unsubscribe import yielding
from tocsin.store import mine
from tocsin.store.engine import begin
from tocsin.store.subscribers import Endpoint, Subscriber
from tocsin.web.deps import Site

# What an operator must say twice, with what it does.
SURE: Final = frozenset({"stop", "remove", "delete"})
_HOURS: Final = {"4": 4, "24": 24, "168": 168}


@dataclass(frozen=True, slots=True)
class Deed:
    """One press of a button by the operator `by`, within a transaction."""

    connection: AsyncConnection
    site: Site
    by: str
    who: Subscriber
    form: FormData
    network: str

    @property
    def secret(self) -> str:
        return self.site.settings.secret.get_secret_value()

    @property
    def endpoint(self) -> Endpoint:
        """Return the address that the button stands beside; raise NotFound where it is not theirs."""
        wanted = self.form.get("endpoint")
        for one in self.who.endpoints:
            if one.public_id == wanted:
                return one
        raise NotFound("There is no such address of theirs any more.")


async def _lift(deed: Deed) -> None:
    await look_after.lift(deed.connection, deed.who, deed.endpoint, deed.by)


async def _ask(deed: Deed) -> None:
    endpoint = deed.endpoint
    asker = Asker(deed.network, endpoint.locale or deed.who.locale)
    bound = await look_after.ask_there(
        deed.connection, deed.site.settings.subscribe, deed.secret, deed.who, endpoint, asker, deed.by
    )
    if bound is not None:
        raise Conflict("So many questions were asked from here or on this channel lately that none goes out now.")


async def _stop(deed: Deed) -> None:
    await look_after.stop(deed.connection, deed.secret, deed.who, deed.endpoint, deed.by)


async def _remove(deed: Deed) -> None:
    await look_after.remove(deed.connection, deed.secret, deed.who, deed.endpoint, deed.by)


async def _pause(deed: Deed) -> None:
    hours = _HOURS.get(str(deed.form.get("hours")))
    if hours is None:
        raise Conflict("Say for how long: four hours, a day or a week.")
    now, _ = await mine.now(deed.connection)
    await look_after.pause(deed.connection, deed.who, now + hours * 3600, deed.by)


async def _resume(deed: Deed) -> None:
    await look_after.pause(deed.connection, deed.who, None, deed.by)
    await mine.look_again(deed.connection, [one.id for one in deed.who.endpoints])


async def _delete(deed: Deed) -> None:
    await look_after.delete(deed.connection, deed.secret, deed.who, deed.by)


DEEDS: Final[Mapping[str, Callable[[Deed], Awaitable[None]]]] = {
    "lift": _lift,
    "ask": _ask,
    "stop": _stop,
    "remove": _remove,
    "pause": _pause,
    "resume": _resume,
    "delete": _delete,
}


async def press(site: Site, by: str, public_id: str, form: FormData, network: str) -> Subscriber:
    """Do what the button says for a subscriber, in one transaction or not at all; return them as they were."""
    deed = DEEDS.get(str(form.get("do")))
    if deed is None:
        raise NotFound("This button is not known here. Load the page again.")
    async for attempt in yielding():
        with attempt:
            async with begin(site.engine) as connection:
                who = await show_subscriber(connection, public_id)
                await deed(Deed(connection, site, by, who, form, network))
                return who
    raise AssertionError("the last attempt raises")
