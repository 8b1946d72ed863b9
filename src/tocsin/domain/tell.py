"""What one endpoint is told now of all that it is owed, and what of it waits or is settled without a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.domain.delivery import Reason, State
from tocsin.domain.flood import Lanes, Nothing, Owed, Pace, Tell, Tier, classify, decide
from tocsin.domain.incident import Standing
from tocsin.domain.outline import Change, Plan, Planned, Rules
from tocsin.domain.rows import Row, Version
from tocsin.domain.told import told_after
from tocsin.domain.waiting import WAITING_FOR_PROVIDER, waits, withheld

UNPACED = Lanes((Tier(1, 0.0), Tier(1, 0.0)), (Tier(1, 0.0), Tier(1, 0.0)))


def tell(result: Plan, rows: Sequence[Row], versions: Mapping[int, Version], now: float, rules: Rules) -> None:
    """Add to the plan what becomes of the rows of one endpoint, which may be written to."""
    head = rows[0]
    pace = Pace(head.n1, head.n2, head.u1, head.u2)
    terms = rules.terms and any(row.audience in rules.terms for row in rows)
    if rules.lanes is None and head.timing is None and not head.snoozed and not terms:
        _write(result, rows, pace, head.told, versions, rules)
        return
    told = {versions[key].incident_id: versions[key].standing for key in sorted(head.told) if key in versions}
    owed = [one for row in rows if (one := _owed(result, row, versions, told, now, rules)) is not None]
    own = rules.terms.get(head.audience)
    lanes = (own.lanes if own is not None else None) or rules.lanes or UNPACED
    verdict = decide(now, pace, owed, lanes, rules.waits, rules.urgent)
    by_update = {row.update_id: row for row in rows}
    for key, reason in verdict.settled:
        result.changes.append(Change(by_update[key], State.SKIPPED, reason, None))
    settled = {key for key, _ in verdict.settled}
    act = verdict.act
    if isinstance(act, Tell):
        _write(result, [by_update[key] for key in act.keys], act.pace, head.told, versions, rules)
    elif not isinstance(act, Nothing):
        for one in owed:
            row = by_update[one.key]
            if one.key in settled:
                continue
            if row.reason in WAITING_FOR_PROVIDER:
                result.wait(row, act.until)
            else:
                result.hold(row, act.reason, act.until)


def _owed(
    result: Plan,
    row: Row,
    versions: Mapping[int, Version],
    told: Mapping[int, Standing],
    now: float,
    rules: Rules,
) -> Owed | None:
    """Return what a row owes, None where it may not be told yet or at all: the plan has it then."""
    version = versions[row.update_id]
    before = told.get(version.incident_id)
    owed = Owed(row.update_id, version.standing, before, row.since, version.number == 1)
    kind = classify(owed.now, owed.told, rules.urgent, first=owed.first)
    if isinstance(kind, Reason):
        return owed
    terms = rules.terms.get(row.audience)
    keeps = withheld(row, version.incident_id, kind, terms, now)
    if isinstance(keeps, Reason):
        result.changes.append(Change(row, State.SKIPPED, keeps, None))
        return None
    if keeps is not None:
        result.hold(row, keeps.because, keeps.until)
        return None
    if row.timing is None and terms is None and row.reason not in WAITING_FOR_PROVIDER:
        return owed
    wait = waits(row, version.standing, before, kind, terms, now)
    return owed._replace(not_before=wait.until, because=wait.because)


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
        result.messages.append(Planned(together, max(updates), pace, told_after(told, updates, versions)))
