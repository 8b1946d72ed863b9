"""What a worker does with the buckets it leased: for each endpoint one message, a wait, or an end with its reason.

Pure: rows and versions in, a plan out. A bucket is held by one worker at a time, so lanes, told and the order of
versions of its endpoints need no locks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from tocsin.domain.channel import OnUnknown
from tocsin.domain.delivery import Reason, State
from tocsin.domain.endpoint import SUPPRESSED_BECAUSE, EndpointState
from tocsin.domain.flood import Class, Lanes, Nothing, Owed, Pace, Tell, Tier, Waits, classify, decide
from tocsin.domain.incident import Severity
from tocsin.domain.rows import Row, Version
from tocsin.domain.timing import held, read_timing, zone

# Two endpoints whose holds end milliseconds apart must not become two claims.
LOOK_AGAIN_SECONDS = 0.25
# A row that a newer version is about to supersede is looked at again after this long.
STALE_SECONDS = 1.0
MOST_TOLD = 20
UNPACED = Lanes((Tier(1, 0.0), Tier(1, 0.0)), (Tier(1, 0.0), Tier(1, 0.0)))
MOST_UNKNOWNS = 2


class Planned(NamedTuple):
    """One message to one endpoint: which rows it tells, and what the endpoint's pace and told are once it is out."""

    rows: tuple[Row, ...]
    message: int
    pace: Pace
    told: list[int]


class Change(NamedTuple):
    """A row that gets no message now: held until `due_at`, or ended for `reason`."""

    row: Row
    state: State
    reason: Reason
    due_at: float | None


@dataclass(slots=True)
class Plan:
    """`waiting` has, for each bucket, the updates that still have unfinished rows and when to look at them again."""

    messages: list[Planned] = field(default_factory=list[Planned])
    changes: list[Change] = field(default_factory=list[Change])
    waiting: dict[int, dict[int, float]] = field(default_factory=dict[int, dict[int, float]])

    def wait(self, row: Row, until: float) -> None:
        bucket = self.waiting.setdefault(row.bucket_id, {})
        bucket[row.update_id] = min(until, bucket.get(row.update_id, until))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a channel and the policy say about every endpoint; `lanes` is None where nothing is paced."""

    lanes: Lanes | None
    waits: Waits
    urgent: Severity
    merges: bool
    on_unknown: OnUnknown


def plan(
    rows: Iterable[Row],
    versions: Mapping[int, Version],
    newest: Mapping[int, Sequence[Version]],
    fanned_out: frozenset[int],
    now: float,
    rules: Rules,
) -> Plan:
    """Decide about every row. `newest` has all versions of each incident, `fanned_out` those with all rows written."""
    result = Plan()
    for _, group in groupby(rows, key=lambda row: row.endpoint_id):
        _plan_endpoint(result, list(group), versions, newest, fanned_out, now, rules)
    return result


def newer_version(row: Row, versions: Mapping[int, Version], newest: Mapping[int, Sequence[Version]]) -> Version | None:
    """Return the newest version of the row's incident that is meant for this endpoint too, None if it is the row's."""
    mine = versions[row.update_id]
    for other in reversed(newest[mine.incident_id]):
        if other.number <= mine.number:
            return None
        if other.notify and other.audiences & row.audiences:
            return other
    return None


def _plan_endpoint(
    result: Plan,
    rows: list[Row],
    versions: Mapping[int, Version],
    newest: Mapping[int, Sequence[Version]],
    fanned_out: frozenset[int],
    now: float,
    rules: Rules,
) -> None:
    first = rows[0]
    if first.endpoint_state != EndpointState.ACTIVE:
        reason = SUPPRESSED_BECAUSE[EndpointState(first.endpoint_state)]
        result.changes += [Change(row, State.SUPPRESSED, reason, None) for row in rows]
        return
    current: list[Row] = []
    for row in rows:
        newer = newer_version(row, versions, newest)
        if newer is None:
            current.append(row)
        elif newer.id in fanned_out:  # it came into that audience after the fan-out had passed
            result.changes.append(Change(row, State.SUPERSEDED, Reason.NEWER_VERSION, None))
        else:  # the newer version's fan-out is on its way and takes this row's place
            result.wait(row, now + STALE_SECONDS)
    unknown = [row for row in current if row.state == State.UNKNOWN]
    if unknown:
        _resolve_unknown(result, unknown, now, rules)
        for row in current:
            if row.state != State.UNKNOWN:  # never two messages to one endpoint at once
                result.wait(row, now + LOOK_AGAIN_SECONDS)
    elif current:
        _tell(result, current, versions, now, rules)


def _resolve_unknown(result: Plan, rows: list[Row], now: float, rules: Rules) -> None:
    """Send the same message once more where the channel allows it, one at a time; else it counts as accepted."""
    rows.sort(key=lambda row: (row.message or row.update_id, row.update_id))
    sent = False
    for message, group in groupby(rows, key=lambda row: row.message or row.update_id):
        same = tuple(group)
        head = same[0]
        if rules.on_unknown is OnUnknown.RESEND_ONCE and head.unknowns >= MOST_UNKNOWNS:
            result.changes += [Change(row, State.ACCEPTED, Reason.OUTCOME_UNKNOWN, None) for row in same]
        elif sent or head.due_at > now:
            for row in same:
                result.wait(row, max(now + LOOK_AGAIN_SECONDS, row.due_at))
        else:
            pace = Pace(head.n1, head.n2, head.u1, head.u2)
            result.messages.append(Planned(same, message, pace, list(head.told)))
            sent = True


def _tell(result: Plan, rows: list[Row], versions: Mapping[int, Version], now: float, rules: Rules) -> None:
    head = rows[0]
    told = {versions[key].incident_id: versions[key] for key in sorted(head.told) if key in versions}
    pace = Pace(head.n1, head.n2, head.u1, head.u2)
    if rules.lanes is None and head.timing is None:
        _write(result, rows, pace, head.told, versions, rules)
        return
    owed = [_owed(row, versions, told, now, rules) for row in rows]
    verdict = decide(now, pace, owed, rules.lanes or UNPACED, rules.waits, rules.urgent)
    by_update = {row.update_id: row for row in rows}
    for key, reason in verdict.settled:
        result.changes.append(Change(by_update.pop(key), State.SKIPPED, reason, None))
    act = verdict.act
    if isinstance(act, Tell):
        _write(result, [by_update[key] for key in act.keys], act.pace, head.told, versions, rules)
    elif not isinstance(act, Nothing):
        for row in by_update.values():
            result.wait(row, act.until)
            if row.reason not in _WAITING_FOR_PROVIDER and (row.state != State.HELD or row.due_at != act.until):
                result.changes.append(Change(row, State.HELD, act.reason, act.until))


_WAITING_FOR_PROVIDER = frozenset({Reason.RETRYING, Reason.PROVIDER_DOWN})


def _owed(row: Row, versions: Mapping[int, Version], told: Mapping[int, Version], now: float, rules: Rules) -> Owed:
    version = versions[row.update_id]
    before = told.get(version.incident_id)
    owed = Owed(
        row.update_id,
        version.standing,
        before.standing if before is not None else None,
        row.since,
        version.number == 1,
        row.due_at if row.reason in _WAITING_FOR_PROVIDER else 0.0,
    )
    if row.timing is None:
        return owed
    kind = classify(owed.now, owed.told, rules.urgent, first=owed.first)
    waits = held(read_timing(row.timing), zone(row.time_zone), row.since, now, urgent=kind is Class.URGENT)
    if waits is None or waits.until <= owed.not_before:
        return owed
    return owed._replace(not_before=waits.until, because=waits.reason)


def _write(
    result: Plan,
    rows: Sequence[Row],
    pace: Pace,
    told: Sequence[int],
    versions: Mapping[int, Version],
    rules: Rules,
) -> None:
    for together in [tuple(rows)] if rules.merges else [(row,) for row in rows]:
        updates = [row.update_id for row in together]
        result.messages.append(Planned(together, max(updates), pace, _told_after(told, updates, versions)))


def told_in_all(messages: Iterable[Planned], versions: Mapping[int, Version]) -> list[Planned]:
    """Return one of each endpoint's messages, which says what all of those given have told it.

    Where each incident has a message of its own, some of them may have been taken and others not.
    """
    by_endpoint: dict[int, list[Planned]] = {}
    for message in messages:
        by_endpoint.setdefault(message.rows[0].endpoint_id, []).append(message)
    return [
        same[0]._replace(
            told=_told_after(same[0].rows[0].told, [row.update_id for one in same for row in one.rows], versions)
        )
        if len(same) > 1
        else same[0]
        for same in by_endpoint.values()
    ]


def _told_after(told: Sequence[int], now: Sequence[int], versions: Mapping[int, Version]) -> list[int]:
    if not told:
        return list(now)
    incidents = {versions[key].incident_id for key in now}
    kept = [key for key in told if key in versions and versions[key].incident_id not in incidents]
    closed = [key for key in kept if not versions[key].standing.is_open]
    forgotten = set(closed[: max(0, len(kept) + len(now) - MOST_TOLD)])
    return [key for key in kept if key not in forgotten] + list(now)
