"""All that is kept about one person, as they may take it with them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.audience import Audiences
from tocsin.domain.incident import ALL_PHASES, Phase
from tocsin.domain.language import instant
from tocsin.services.change_subscriber import show_subscriber
from tocsin.store import consents, mine, opt_ins
from tocsin.store.consents import Consent
from tocsin.store.subscribers import Endpoint, Subscriber

_MOST_HEARD = 1_000


async def own_data(connection: AsyncConnection, subscriber: str, audiences: Audiences) -> dict[str, Any]:
    """Return everything about a subscriber; what is kept sealed is named, not opened."""
    who = await show_subscriber(connection, subscriber)
    heard = await mine.heard(connection, [one.id for one in who.endpoints], _MOST_HEARD)
    waiting = await opt_ins.of_subscriber(connection, who.id)
    evidence = await consents.of_subscribers(connection, [who.public_id])
    return {
        "id": who.public_id,
        "name": who.name,
        "language": who.locale,
        "time_zone": who.time_zone,
        "audiences": [audience.name for audience in audiences.in_mask(who.audiences)],
        "since": instant(who.created_at),
        "addresses": [_endpoint(endpoint, who) for endpoint in who.endpoints],
        "waiting_for_confirmation": [
            {"channel": one.channel, "address": one.address, "asked_at": instant(one.created_at)} for one in waiting
        ],
        "consent": [shown_consent(one) for one in evidence],
        "messages": [
            {"incident": one.incident, "title": one.title, "channel": one.channel, "state": one.state,
             "reason": one.reason}
            for one in heard
        ],
        "kept_after_deletion": "the numbers of ledger rows, the evidence of consent, and a sealed form of each address",
    }  # fmt: skip


def shown_consent(one: Consent) -> dict[str, Any]:
    """Return a row of evidence as it is exported, and can be imported again."""
    assert one.at is not None, "it was read from the database"
    return {
        "what": one.what,
        "how": one.how,
        "channel": one.channel,
        "endpoint": one.endpoint,
        "network": one.network,
        "wording": one.wording,
        "by": one.by,
        "basis": one.basis,
        "at": instant(one.at),
    }


def _endpoint(endpoint: Endpoint, who: Subscriber) -> dict[str, Any]:
    names = {one.public_id: one.address for one in who.endpoints}
    phases = ALL_PHASES if endpoint.phases is None else Phase(endpoint.phases)
    return {
        "id": endpoint.public_id,
        "channel": endpoint.channel,
        "address": endpoint.address,
        "state": endpoint.state,
        "because": endpoint.state_reason,
        "takes_nothing_since": endpoint.trouble and instant(datetime.fromtimestamp(endpoint.trouble.since, UTC)),
        "components": endpoint.components,
        "groups": endpoint.groups,
        "least_severity": None if endpoint.least is None else endpoint.least.label,
        "moments": [phase.label for phase in phases],
        "timing": endpoint.timing,
        "language": endpoint.locale or who.locale,
        "written_to_instead_where_it_fails": names.get(endpoint.fallback or ""),
        "paused_incidents": {
            incident: None if until is None else instant(datetime.fromtimestamp(until, UTC))
            for incident, until in endpoint.snoozed.items()
        },
        "followed_incidents": endpoint.follows,
        "hears_of_these_alone": endpoint.only_follows,
    }
