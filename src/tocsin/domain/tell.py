"""What one endpoint is told now of all that it is owed, and what of it waits or is settled without a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.domain.delivery import Reason, State
from tocsin.domain.flood import Hold, Lanes, Owed, Pace, Tell, Tier, classify, decide, rung
from tocsin.domain.incident import Standing
from tocsin.domain.outline import Change, Plan, Planned, Rules
from tocsin.domain.rows import Row, Version
from tocsin.domain.told import told_after
from tocsin.domain.waiting import NO_WAIT, WAITING_FOR_PROVIDER, lasting, waits, withheld

_NOTHING: dict[int, Standing] = {}
_SKIPPED = State.SKIPPED
UNPACED = Lanes((Tier(1, 0.0), Tier(1, 0.0)), (Tier(1, 0.0), Tier(1, 0.0)))


def tell(
    result: Plan,
    rows: Sequence[Row],
    versions: Mapping[int, Version],
    newest: Mapping[int, Sequence[Version]],
    now: float,
    rules: Rules,
) -> None:
    """Add to the plan what becomes of the rows of one endpoint, which may be written to."""
    head = rows[0]
    pace = Pace(head.n1, head.n2, head.u1, head.u2)
    if rules.lanes is None and head.timing is None and not head.snoozed and not _particular(rows, rules):
        _write(result, rows, pace, head.told, versions, rules)
        return
    told = _told_of(rows, versions, newest)
    owing: list[Row] = []
    owed: list[Owed] = []
    for row in rows:
        version = versions[row.update_id]
        one = _owed(result, row, version, newest[version.incident_id][0].said_at, told, now, rules)
        if one is not None:
            owing.append(row)
            owed.append(one)
    if not owed:
        return
    lanes = _lanes(head, rules)
    act = decide(now, pace, owed, lanes, rules.waits, rules.urgent).act
    if isinstance(act, Tell):
        owing.sort(key=lambda row: act.keys.index(row.update_id))
        _write(result, owing, act.pace, head.told, versions, rules)
    elif isinstance(act, Hold):
        until, reason = act
        for row in owing:
            if row.reason in WAITING_FOR_PROVIDER:
                result.wait(row, until)
            else:
                result.hold(row, reason, until)


def told_at(rows: Sequence[Row], message: int, now: float, versions: Mapping[int, Version], rules: Rules) -> Planned:
    """Return, as it was planned, a message that went out at `now`: which rows it told, and the pace after it."""
    head = rows[0]
    pace = Pace(head.n1, head.n2, head.u1, head.u2)
    if head.state == State.UNKNOWN:  # it was counted when it went out first
        return Planned(tuple(rows), message, pace, list(head.told))
    told = told_after(head.told, [row.update_id for row in rows], versions)
    return Planned(tuple(rows), message, rung(now, pace, _lanes(head, rules)), told)


def _lanes(row: Row, rules: Rules) -> Lanes:
    own = rules.terms.get(row.audience)
    return (own.lanes if own is not None else None) or rules.lanes or UNPACED


def _particular(rows: Sequence[Row], rules: Rules) -> bool:
    # A bucket is looked at for the sake of any row in it: one that waits for its provider is not tried before its time.
    return any(row.audience in rules.terms or row.reason in WAITING_FOR_PROVIDER for row in rows)


def _told_of(
    rows: Sequence[Row], versions: Mapping[int, Version], newest: Mapping[int, Sequence[Version]]
) -> dict[int, Standing]:
    """Return how the incidents that rows are about stood when their endpoint was last told."""
    told = frozenset(rows[0].told)
    if not told:
        return _NOTHING
    found: dict[int, Standing] = {}
    for row in rows:
        incident = versions[row.update_id].incident_id
        for version in reversed(newest[incident]):
            if version.id in told:
                found[incident] = version.standing
                break
    return found


def _owed(
    result: Plan,
    row: Row,
    version: Version,
    opened_at: float,
    told: Mapping[int, Standing],
    now: float,
    rules: Rules,
) -> Owed | None:
    """Return what a row owes, None where it may not be told yet or at all: the plan has it then.

    `opened_at` is when its incident was first spoken of.
    """
    standing, first = version.standing, version.number == 1
    before = told.get(version.incident_id)
    kind = classify(standing, before, rules.urgent, first=first)
    if isinstance(kind, Reason):
        result.changes.append(Change(row, _SKIPPED, kind, None))
        return None
    terms = rules.terms.get(row.audience)
    if before is None and terms is not None and terms.lasting:
        lasts = lasting(row, version, opened_at, terms)
        if lasts > now:
            result.hold(row, Reason.LASTING, lasts)
            return None
    until, because = NO_WAIT
    if row.snoozed is not None or (terms is not None and terms.behind):
        keeps = withheld(row, version.incident_id, kind, terms, now)
        if isinstance(keeps, Reason):
            result.changes.append(Change(row, _SKIPPED, keeps, None))
            return None
        if keeps is not None:
            result.hold(row, keeps.reason, keeps.until)
            return None
    if row.timing is not None or terms is not None or row.reason in WAITING_FOR_PROVIDER:
        until, because = waits(row, standing, before, kind, terms, now)
    return Owed(row.update_id, standing, before, row.since, first, until, because, kind)


def _write(
    result: Plan,
    rows: Sequence[Row],
    pace: Pace,
    told: Sequence[int],
    versions: Mapping[int, Version],
    rules: Rules,
) -> None:
    for together in [rows] if rules.merges else [[row] for row in rows]:
        updates = [row.update_id for row in together]
        result.messages.append(Planned(tuple(together), max(updates), pace, told_after(told, updates, versions)))
