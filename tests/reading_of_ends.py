"""How deliveries wait and end, read once more from docs/policy.md in plain words: it imports nothing of what it checks.

Times are in seconds. A verdict is (state, reason, rule).
"""

from __future__ import annotations

from dataclasses import dataclass, field

DEADLINE = 6 * 3600.0  # news that could not be told for so long is not told any more, unless it is the end
PATIENCE = 24 * 3600.0  # nothing is tried for longer than this, but the end for who knows of the beginning
# How many messages at once, then one every so many seconds: both must allow one.
LANES = {"customers": ((3, 120.0), (3, 1200.0)), "oncall": ((3, 120.0), (12, 1800.0))}
Verdict = tuple[str, str | None, str | None]


@dataclass
class Reader:
    """What somebody chose, how their mailbox is, and what they have heard so far."""

    name: str
    audience: str
    component: str | None = None  # the only one they want to hear of
    busy: bool = False  # their mailbox asks to come back later
    bounces: bool = False  # takes a message and sends it back
    quarantined: bool = False
    is_open: dict[str, bool] = field(default_factory=dict[str, bool])  # what they know of each incident
    owed: dict[str, tuple[bool, float, str]] = field(default_factory=dict[str, "tuple[bool, float, str]"])
    told_at: list[float] = field(default_factory=list[float])
    verdicts: dict[str, Verdict] = field(default_factory=dict[str, Verdict])


def hear(reader: Reader, incident: str, severity: int, component: str, at: float, *, closes: bool = False) -> None:
    """An update is written to the ledger: say by which rule it is meant for somebody, or is not."""
    told, was_owed = incident in reader.is_open, incident in reader.owed
    chosen = reader.component in {None, component}
    if reader.quarantined:
        reader.verdicts[incident] = ("suppressed", "quarantined", None)
        return
    if severity == 1 and reader.audience == "oncall":  # operators marked it: each of these hears
        rule = "required"
    elif closes and (told or was_owed):
        rule = "closure"
    elif chosen:
        rule = "audience" if reader.component is None else "components"
    else:
        reader.verdicts[incident] = ("skipped", "components_not_chosen", None)
        return
    reader.owed[incident] = (not closes, at, rule)
    reader.verdicts[incident] = ("pending", None, rule)


def cancel(reader: Reader, incident: str) -> None:
    """An operator stops what is still owed."""
    _, _, rule = reader.owed.pop(incident)
    reader.verdicts[incident] = ("cancelled", "cancelled", rule)


def pause(reader: Reader, incident: str) -> None:
    """An operator pauses the channel: what is due stays."""
    if incident in reader.owed:
        reader.verdicts[incident] = ("pending", "channel_paused", reader.owed[incident][2])


def deliver(reader: Reader, incident: str, now: float) -> None:
    """The provider is called about one incident, where it may be."""
    if incident not in reader.owed:
        return
    is_open, since, rule = reader.owed[incident]
    if not is_open and reader.is_open.get(incident) is False:
        verdict: Verdict = ("skipped", "already_told", None)
    elif is_open and now - since > DEADLINE:
        verdict = ("expired", "too_late", rule)
    elif not may_ring(reader, now):
        verdict = ("held", "paced", rule)
    elif reader.busy:
        given_up = now - since > PATIENCE and not (reader.is_open.get(incident) and not is_open)
        verdict = ("failed", "retries_exhausted", rule) if given_up else ("held", "retrying", rule)
    else:
        reader.is_open[incident] = is_open
        reader.told_at.append(now)
        verdict = ("bounced", "bounced_later", rule) if reader.bounces else ("accepted", None, rule)
        reader.quarantined = reader.bounces
    reader.verdicts[incident] = verdict
    if verdict[0] != "held":
        del reader.owed[incident]


def may_ring(reader: Reader, now: float) -> bool:
    """Each lane is a jar that fills by one every so often; a message takes one out."""
    for most, every in LANES[reader.audience]:
        jar, last = float(most), 0.0
        for at in reader.told_at:
            jar, last = min(most, jar + (at - last) / every) - 1, at
        if min(most, jar + (now - last) / every) < 1:
            return False
    return True
