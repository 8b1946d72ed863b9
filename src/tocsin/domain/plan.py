"""What a worker does with the buckets it leased: for each endpoint one message, a wait, or an end with its reason.

Pure: rows and versions in, a plan out. A bucket is held by one worker at a time, so lanes, told and the order of
versions of its endpoints need no locks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter

from tocsin.domain.channel import OnUnknown
from tocsin.domain.delivery import Reason, State
from tocsin.domain.endpoint import SUPPRESSED_BECAUSE, EndpointState
from tocsin.domain.flood import Pace
from tocsin.domain.late import is_late
from tocsin.domain.outline import Change, Plan, Planned, Rules
from tocsin.domain.rows import Row, Version
from tocsin.domain.tell import tell

_ENDPOINT = attrgetter("endpoint_id")
# Read millions of times, and a name in an enum is found slowly.
_ACTIVE, _UNKNOWN = EndpointState.ACTIVE, State.UNKNOWN
# Two endpoints whose holds end milliseconds apart must not become two claims.
LOOK_AGAIN_SECONDS = 0.25
# A row that a newer version is about to supersede is looked at again after this long.
STALE_SECONDS = 1.0
MOST_UNKNOWNS = 2


def plan(
    rows: Iterable[Row],
    versions: Mapping[int, Version],
    newest: Mapping[int, Sequence[Version]],
    fanned_out: frozenset[int],
    now: float,
    rules: Rules,
    muted: frozenset[int] = frozenset(),
) -> Plan:
    """Decide about every row.

    `newest` has all versions of each incident, `fanned_out` those with all rows written, `muted` the updates of which
    operators want nobody to hear on this channel for now.
    """
    result = Plan()
    decided: dict[Hashable, Planned] = {}
    for _, group in groupby(rows, key=_ENDPOINT):
        audible = list(group)
        if muted:
            audible = [row for row in audible if not (row.update_id in muted and _mute(result, row))]
            if not audible:
                continue
        alike = _likeness(audible)
        same = None if alike is None else decided.get(alike)
        if same is not None:
            result.messages.append(same._replace(rows=(audible[0],)))
            continue
        before = len(result.messages), len(result.changes)
        _plan_endpoint(result, audible, versions, newest, fanned_out, now, rules)
        if alike is not None and (len(result.messages), len(result.changes)) == (before[0] + 1, before[1]):
            decided[alike] = result.messages[-1]
    return result


# Whom and where a row is about no rule looks at, and hours only where some are kept. All else is compared, columns that
# come later included: in a blast the 500 endpoints of a bucket are alike, and one decision serves them.
_NOT_COMPARED = {"endpoint_id", "bucket_id", "endpoint", "address", "name", "locale", "time_zone", "timing", "snoozed"}
_compared = itemgetter(*(at for at, name in enumerate(Row._fields) if name not in {*_NOT_COMPARED, "told"}))


def _likeness(rows: Sequence[Row]) -> Hashable | None:
    """Return what an endpoint's only row has in common with those that are decided alike; None: decide it by itself."""
    row = rows[0]
    if len(rows) > 1 or row.timing is not None or row.snoozed is not None:
        return None
    return (*_compared(row), *row.told)


def _mute(result: Plan, row: Row) -> bool:
    """End a row that is muted, and say that it is; who may not be written to at all is not."""
    if row.endpoint_state != EndpointState.ACTIVE:
        return False
    if row.state == State.UNKNOWN:  # it was perhaps heard, and is not sent again now
        result.changes.append(Change(row, State.ACCEPTED, Reason.OUTCOME_UNKNOWN, None))
    else:
        result.changes.append(Change(row, State.SUPPRESSED, Reason.MUTED, None))
    return True


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
    state = rows[0].endpoint_state
    if state != _ACTIVE:
        reason = SUPPRESSED_BECAUSE[EndpointState(state)]
        result.changes += [Change(row, State.SUPPRESSED, reason, None) for row in rows]
        return
    current: list[Row] = []
    unknown: list[Row] = []
    for row in rows:
        newer = newer_version(row, versions, newest)
        if newer is None:
            (unknown if row.state == _UNKNOWN else current).append(row)
        elif newer.id in fanned_out:  # it came into that audience after the fan-out had passed
            result.changes.append(Change(row, State.SUPERSEDED, Reason.NEWER_VERSION, None))
        else:  # the newer version's fan-out is on its way and takes this row's place
            result.wait(row, now + STALE_SECONDS)
    if unknown and _resolve_unknown(result, unknown, versions, now, rules):
        for row in current:  # never two messages to one endpoint at once
            result.wait(row, now + LOOK_AGAIN_SECONDS)
        return
    if rules.deadlines:
        late = [row for row in current if is_late(row, versions, rules, now)]
        if late:
            result.changes += [Change(row, State.EXPIRED, Reason.TOO_LATE, None) for row in late]
            current = [row for row in current if row not in late]
    if current:
        tell(result, current, versions, newest, now, rules)


def _resolve_unknown(result: Plan, rows: list[Row], versions: Mapping[int, Version], now: float, rules: Rules) -> bool:
    """Send the same message once more where the channel allows it, one at a time; else it counts as accepted.

    Tell whether one is sent now. What else is owed does not wait for the end of a doubt, which may take minutes.
    """
    soon = now + LOOK_AGAIN_SECONDS
    rows.sort(key=lambda row: (row.message or row.update_id, row.update_id))
    sent = False
    for message, group in groupby(rows, key=lambda row: row.message or row.update_id):
        # What one message told may have been in doubt before, some of it and some not: each row is sent again once.
        settled, same = _settled(list(group), versions, now, rules)
        result.changes += [Change(row, State.ACCEPTED, Reason.OUTCOME_UNKNOWN, None) for row in settled]
        if not same:
            continue
        head = same[0]
        if sent or head.due_at > now:
            for row in same:
                result.wait(row, max(soon, row.due_at))
        else:
            pace = Pace(head.n1, head.n2, head.u1, head.u2)
            result.messages.append(Planned(same, message, pace, list(head.told)))
            sent = True
    return sent


def _settled(
    rows: Sequence[Row], versions: Mapping[int, Version], now: float, rules: Rules
) -> tuple[list[Row], tuple[Row, ...]]:
    """Divide rows in doubt into those that are not sent again, since they were or are no news any more, and others."""
    if rules.on_unknown is OnUnknown.RESEND_FREELY:
        return [], tuple(rows)
    over = [row for row in rows if row.doubts >= MOST_UNKNOWNS or is_late(row, versions, rules, now)]
    return over, tuple(row for row in rows if row not in over)
