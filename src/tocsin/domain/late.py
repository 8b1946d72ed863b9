"""When news that could not be told is not worth telling any more; the end of what somebody was told always is."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.domain.delivery import State
from tocsin.domain.outline import Rules
from tocsin.domain.rows import Row, Version
from tocsin.domain.terms import Terms
from tocsin.domain.timing import held, read_timing_text, zone
from tocsin.domain.told import is_owed_the_end
from tocsin.domain.waiting import WAITING_FOR_PROVIDER, timing_by_policy


def is_late(row: Row, versions: Mapping[int, Version], rules: Rules, now: float) -> bool:
    """Tell whether the deadline of a row's phase has passed; what its reader or the policy chose to wait is not late.

    Whoever knows something to be open hears that it is over by whatever says so first, a report on it included.

    A newer version inherits `since`, so its own age counts, not that of the news it took the place of.
    """
    version = versions[row.update_id]
    deadline = rules.deadlines.get(version.phase)
    if deadline is None or now - row.since < deadline:
        return False
    began = max(row.since, version.said_at, _chosen(row, version, rules.terms.get(row.audience)))
    return now - began >= deadline and not is_owed_the_end(row, versions)


def _chosen(row: Row, version: Version, terms: Terms | None) -> float:
    """Return until when a row waited because somebody wanted it to."""
    if row.state == State.HELD and row.reason not in WAITING_FOR_PROVIDER:
        return row.due_at
    ends = [0.0]
    chosen = None if row.timing is None else read_timing_text(row.timing)
    timing = timing_by_policy(chosen, version.standing, terms)
    if timing is not None and (hours := held(timing, zone(row.time_zone), row.since, 0.0, urgent=False)) is not None:
        ends.append(hours.until)
    if row.snoozed:
        ends.append(row.snoozed.get(str(version.incident_id)) or 0.0)
    if terms is not None:
        ends.append(row.since + terms.behind)
        if (cadence := terms.cadence.get(version.standing.severity)) is not None:
            ends.append(row.rung_at + cadence.seconds)
    return max(ends)
