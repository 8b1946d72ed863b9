"""Until when one row waits for what its reader or the policy chose: never dropped by it, and never told too early."""

from __future__ import annotations

from tocsin.domain.delivery import Reason, Rule
from tocsin.domain.flood import Class
from tocsin.domain.incident import Phase, Standing
from tocsin.domain.rows import Row, Version
from tocsin.domain.terms import Terms
from tocsin.domain.timing import Held, Timing, held, read_timing_text, zone

WAITING_FOR_PROVIDER = frozenset({Reason.RETRYING, Reason.PROVIDER_DOWN, Reason.PROVIDER_PACED})


_URGENT = Class.URGENT
NO_WAIT = Held(0.0, Reason.MERGING)


def withheld(row: Row, incident: int, kind: Class, terms: Terms | None, now: float) -> Held | Reason | None:
    """Say whether a row may not be told yet, not even with something else, or not at all (a reason)."""
    if row.snoozed and kind is not Class.CLOSURE and row.rule != Rule.REQUIRED and str(incident) in row.snoozed:
        until = row.snoozed[str(incident)]
        if until is None:
            return Reason.SNOOZED
        if until > now:
            return Held(until, Reason.SNOOZED)
    if terms is not None and terms.behind and row.since + terms.behind > now:
        return Held(row.since + terms.behind, Reason.HEAD_START)
    return None


def lasting(row: Row, version: Version, opened_at: float, terms: Terms | None) -> float:
    """Return until when news of an incident waits that is told only if it lasts, 0 where it does not."""
    rule = None if terms is None else terms.lasting.get(version.standing.severity)
    if rule is None or not version.standing.is_open or version.phase & Phase.MAINTENANCE:
        return 0.0
    chosen = row.timing is not None and read_timing_text(row.timing).chosen
    return 0.0 if chosen and not rule.most else opened_at + rule.seconds


def timing_by_policy(chosen: Timing | None, standing: Standing, terms: Terms | None) -> Timing | None:
    """Return when someone hears who chose this, or nothing (None); None: at once and always."""
    if terms is None or not terms.digests:
        return chosen
    digest = terms.digests.get(standing.severity)
    return chosen if digest is None else digest.over(chosen)


def waits(row: Row, standing: Standing, told: Standing | None, kind: Class, terms: Terms | None, now: float) -> Held:
    """Say until when a row rings nobody by itself; it is told sooner where something else is told."""
    wait = NO_WAIT
    if row.reason in WAITING_FOR_PROVIDER:
        wait = Held(row.due_at, Reason.MERGING)
    chosen = None if row.timing is None else read_timing_text(row.timing)
    timing = timing_by_policy(chosen, standing, terms)
    if timing is not None:
        hours = held(timing, zone(row.time_zone), row.since, now, urgent=kind is _URGENT)
        if hours is not None and hours.until > wait.until:
            by_policy = timing is not chosen and hours.reason is Reason.DIGEST
            wait = hours._replace(reason=Reason.CADENCE) if by_policy else hours
    if terms is not None and terms.cadence:
        earliest = row.rung_at + _cadence(row, standing, told, kind, terms)
        if earliest > now and earliest > wait.until:
            wait = Held(earliest, Reason.CADENCE)
    return wait


def _cadence(row: Row, standing: Standing, told: Standing | None, kind: Class, terms: Terms) -> float:
    """Only an update of what is known to be open, and did not get worse, waits for the next summary."""
    cadence = terms.cadence.get(standing.severity)
    if cadence is None or kind is not Class.ROUTINE or told is None or not told.is_open or not standing.is_open:
        return 0.0
    chosen = row.timing is not None and read_timing_text(row.timing).chosen
    return 0.0 if standing.severity < told.severity or (chosen and not cadence.most) else cadence.seconds
