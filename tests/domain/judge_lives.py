"""Holds what endpoints were sent against the guarantees: nobody flooded, nobody left in the dark, nothing stale."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.small_ledger import Answer, Endpoint, Ledger, Sent
from tocsin.domain.flood import Lanes

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_quiet(timing: Mapping[str, Any], zone: str, at: float) -> bool:
    """Tell whether `at` lies in quiet hours, by a reading of its own: wall clock against wall clock."""
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    clock, day = f"{local:%H:%M}", local.weekday()
    for one in timing["quiet_hours"] or ():
        begins, ends = str(one["from"]), str(one["to"])
        if begins < ends:
            if _DAYS[day] in one["days"] and begins <= clock < ends:
                return True
        elif (_DAYS[day] in one["days"] and clock >= begins) or (_DAYS[day - 1] in one["days"] and clock < ends):
            return True
    return False


def flooded(times: list[float], lanes: Lanes) -> bool:
    """Tell whether in some window there are more messages than both lanes together let through (G1)."""
    for window in (1.0, 60.0, 300.0, 900.0, 3600.0, 4 * 3600.0):
        most = sum(min(tier.burst + int(window // tier.interval) for tier in lane) for lane in lanes)
        first = 0
        for last, at in enumerate(times):
            while at - times[first] > window:
                first += 1
            if last - first + 1 > most:
                return True
    return False


def judge(ledger: Ledger, lanes: Lanes, waits: Iterable[float], slack: float = 1e-3) -> set[str]:
    """Return the guarantees that did not hold in the life of a ledger that has come to rest.

    `slack`: seconds that what was due may have taken.
    """
    broken: set[str] = set()
    by_endpoint: dict[int, list[Sent]] = {}
    for one in ledger.log:
        by_endpoint.setdefault(one.endpoint, []).append(one)
    longest = max(waits) + max(tier.interval for tier in lanes.normal) + slack
    for endpoint in ledger.endpoints:
        sent = by_endpoint.get(endpoint.id, [])
        _pace(broken, endpoint, sent, lanes, longest, slack)
        _order(broken, sent)
        if endpoint.rows and endpoint.state == "active":
            broken.add("G4 something is owed for ever")
    _closure(broken, ledger, by_endpoint)
    return broken


def _pace(broken: set[str], endpoint: Endpoint, sent: list[Sent], lanes: Lanes, longest: float, slack: float) -> None:
    heard = [one for one in sent if one.answer in {Answer.TAKEN, Answer.NO_ANSWER} and not one.again]
    if flooded([one.at for one in heard], lanes):
        broken.add("G1 too many")
    if not any(told.urgent_since is not None for one in heard for told in one.told) and endpoint.pace[2:] != (0.0, 0.0):
        broken.add("G6 routine news spent the reserve")
    timing = None if endpoint.timing is None else json.loads(endpoint.timing)
    for one in sent:
        urgent = [told.urgent_since for told in one.told if told.urgent_since is not None]
        if endpoint.stopped_at is not None and one.at >= endpoint.stopped_at:
            broken.add("written to after opting out")
        breaks = urgent and timing is not None and timing["sev1_breaks_quiet"]
        if timing is not None and not (one.again or breaks) and is_quiet(timing, endpoint.zone, one.at):
            broken.add("rung in quiet hours")
        # What they chose, and what went wrong, may take longer.
        failed = any(other.answer is not Answer.TAKEN for other in sent)
        if timing is not None or endpoint.has_snoozed or endpoint.stands_in or failed:
            continue
        if any(one.at - since > 5 + max(tier.interval for tier in lanes.urgent) + slack for since in urgent):
            broken.add("G2 urgent too late")
        if any(one.at - told.since > longest for told in one.told):
            broken.add("G3 stale")


def _order(broken: set[str], sent: list[Sent]) -> None:
    last: dict[int, int] = {}
    for one in sent:
        for told in one.told:
            if told.version != told.newest:
                broken.add("G5 not how it stands now")
            if told.version < last.get(told.incident, 0):
                broken.add("D3 older after newer")
            if told.version == last.get(told.incident, 0) and not one.again and one.answer is Answer.TAKEN:
                broken.add("D2 the same thing twice")
            if one.answer in {Answer.TAKEN, Answer.NO_ANSWER}:
                last[told.incident] = told.version


def _closure(broken: set[str], ledger: Ledger, by_endpoint: dict[int, list[Sent]]) -> None:
    over = {incident for incident, found in ledger.newest.items() if not found[-1].standing.is_open}
    heard: dict[int, dict[int, bool]] = {}
    for endpoint in ledger.endpoints:
        for one in by_endpoint.get(endpoint.id, []):
            if one.answer in {Answer.TAKEN, Answer.NO_ANSWER}:
                heard.setdefault(endpoint.id, {}).update({told.incident: told.is_open for told in one.told})
    for endpoint in ledger.endpoints:
        who = endpoint
        if endpoint.state == "quarantined" and endpoint.fallback is not None:
            who = endpoint.fallback
        if who.state != "active":
            continue
        for incident, is_open in heard.get(endpoint.id, {}).items():
            if incident in over and is_open and heard.get(who.id, {}).get(incident, True):
                broken.add("G4 told open and never closed")
