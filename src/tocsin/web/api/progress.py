"""How far an update has come, over HTTP."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from tocsin.domain.delivery import NOT_ELIGIBLE, State
from tocsin.domain.errors import NotFound
from tocsin.domain.scope import Scope
from tocsin.store import incidents
from tocsin.store import progress as store
from tocsin.store.engine import begin
from tocsin.web.api.deliveries import SENT, Version, find_incident
from tocsin.web.api.shown import moment
from tocsin.web.auth import needs
from tocsin.web.deps import SiteDep
from tocsin.web.each_key_once import EachKeyOnce

router = APIRouter(prefix="/v1", tags=["deliveries"], route_class=EachKeyOnce)

_AWAITED: Final = frozenset({State.PENDING, State.SENDING, State.UNKNOWN})


@router.get(
    "/incidents/{which}/progress", dependencies=[needs(Scope.DELIVERIES_READ)], summary="How far an update has come"
)
async def get_progress(which: str, site: SiteDep, version: Annotated[Version | None, Query()] = None) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        incident = await find_incident(connection, which)
        update = incident.latest
        if version is not None and version != update.snapshot.version:
            of_version = {one.snapshot.version: one for one in await incidents.read_updates(connection, incident.id)}
            if version not in of_version:
                raise NotFound(f"{incident.ref} has no version {version}. The latest is {update.snapshot.version}.")
            update = of_version[version]
        progress = await store.read_progress(connection, update.public_id)
    return {"incident": incident.ref, "version": update.snapshot.version} | show_progress(progress)


def show_progress(progress: store.Progress) -> dict[str, Any]:
    """Return the counts as they are shown: `reasons` has them all, `by_reason` those who are not eligible."""
    by_state: Counter[str] = Counter()
    by_channel: dict[str, Counter[str]] = {}
    by_reason: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {}
    for count in progress.counts:
        by_state[count.state] += count.n
        by_channel.setdefault(count.channel, Counter())[count.state] += count.n
        if count.reason is not None:
            reasons.setdefault(count.state, Counter())[count.reason] += count.n
            if count.state in NOT_ELIGIBLE:
                by_reason[count.reason] += count.n
    sent = [count for count in progress.counts if count.state in SENT]
    p50, p95, p99 = progress.seconds or (None, None, None)
    return {
        "eligible": sum(count.n for count in progress.counts if count.state not in NOT_ELIGIBLE),
        "by_state": by_state,
        "by_channel": by_channel,
        "by_reason": by_reason,
        "reasons": reasons,
        "first_sent_at": moment(min((one.first for one in sent if one.first is not None), default=None)),
        "last_sent_at": moment(max((one.last for one in sent if one.last is not None), default=None)),
        "seconds_to": {"p50": p50, "p95": p95, "p99": p99},
        "done": progress.written and not any(state in by_state for state in _AWAITED),
    }
