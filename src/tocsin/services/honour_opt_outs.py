"""Sees to it that who left is written to by nobody's list again, until they come back or an operator has their word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.asking import seal
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Refused
from tocsin.domain.opting_in import Evidence
from tocsin.domain.subscriber import NewEndpoint
from tocsin.store import consents, suppressions
from tocsin.store.consents import Consent
from tocsin.store.subscribers import Endpoint, Subscriber

STAYS: Final = "{} has opted out and stays so until its owner opts in again."

# Nothing is sent to an endpoint in one of these states, and none of them hides that it was to be heard from again.
_SILENT: Final = frozenset({EndpointState.UNCONFIRMED, EndpointState.OPTED_OUT})


@dataclass(frozen=True, slots=True)
class Left:
    """That an address's owner left: by which word where it is kept, and when, if that is known; `now` is the moment."""

    reason: str
    at: datetime | None
    now: datetime


def writes_again(state: EndpointState | None) -> bool:
    """Tell whether an endpoint that is to be in `state` is one to write to, now or after a pause."""
    return state is not None and state not in _SILENT


async def who_left(
    connection: AsyncConnection, endpoints: Sequence[NewEndpoint], stopped: Sequence[NewEndpoint] = ()
) -> dict[bytes, Left]:
    """Return those of `endpoints` whose owners left, by their seals; that those of `stopped` did is known."""
    seals = [endpoint.seal for endpoint in endpoints if endpoint.seal]
    barred = await suppressions.among(connection, seals)
    known = {endpoint.seal for endpoint in stopped} | barred.keys()
    if not known:
        return {}
    now, ended = await consents.ended(connection, sorted(known))
    left: dict[bytes, Left] = {}
    for one in known:
        reason, since = barred.get(one, ("opted_out", None))
        times = [at for at in (since, ended.get(one)) if at is not None]
        left[one] = Left(reason, max(times, default=None), now)
    return left


def refuse(endpoint: NewEndpoint, left: Mapping[bytes, Left], place: int, field: str = "address") -> Refused | None:
    """Return why an endpoint that is to be written to may not be; `field` is at fault where no word is shown."""
    gone, word = left.get(endpoint.seal), endpoint.word
    if gone is None:
        return None
    if gone.reason == "stopped":
        return Refused(
            "Its owner answered STOP. They alone begin again, by texting START.", field=f"endpoints.{place}.{field}"
        )
    if word is None:
        return Refused(
            "Its owner left and asked not to be written to again. They alone can subscribe it, on /subscribe; import "
            'it as it is: "state": "opted_out"; or, where you hold their later word in writing, say so as '
            '"written_consent": {"basis": …, "at": …}.',
            field=f"endpoints.{place}.{field}",
        )
    if gone.at is not None and word.at <= gone.at:
        return Refused(
            f"This word is from before they left ({gone.at:%Y-%m-%d %H:%M} UTC): it counts no more. Ask them again.",
            field=f"endpoints.{place}.written_consent",
        )
    if word.at > gone.now:
        return Refused(
            "This time is still to come. Say when they gave their word.", field=f"endpoints.{place}.written_consent"
        )
    return None


async def keep_word(
    connection: AsyncConnection, subscriber: str, endpoint: NewEndpoint, left: Mapping[bytes, Left]
) -> None:
    """Keep on record by whose word an operator writes to somebody, and bar their address no longer."""
    if endpoint.word is None:
        return
    word = endpoint.word
    said = Consent(
        Evidence.CONFIRMED, "in writing", endpoint.channel, endpoint.seal, subscriber=subscriber, at=word.at,
        by=word.by, basis=word.basis,
    )  # fmt: skip
    await consents.write(connection, said)
    if endpoint.seal in left:
        await suppressions.lift(connection, endpoint.channel, endpoint.seal)
        await consents.write(connection, replace(said, what=Evidence.RETURNED, how="operator", at=None))


async def keep_withdrawal(
    connection: AsyncConnection, who: Subscriber, endpoint: Endpoint, seal: bytes, by: str
) -> None:
    """Keep on record which operator stopped an endpoint."""
    await consents.write(
        connection,
        Consent(
            Evidence.WITHDRAWN, "operator", endpoint.channel, seal, subscriber=who.public_id,
            endpoint=endpoint.public_id, by=by,
        ),
    )  # fmt: skip


async def keep_opt_outs(connection: AsyncConnection, secret: str, endpoints: Sequence[Endpoint]) -> None:
    """Remember, sealed, which of some endpoints about to be deleted had opted out: no import may forget it."""
    for endpoint in endpoints:
        if endpoint.state is EndpointState.OPTED_OUT:
            sealed = seal(secret, endpoint.channel, endpoint.key)
            await suppressions.add(connection, endpoint.channel, [sealed], "opted_out")
