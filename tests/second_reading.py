"""The rules of docs/policy.md read once more, in plain words and numbers: it imports nothing of what it checks."""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST_AND_LAST = {"opened", "escalated", "resolved", "maintenance"}
LATELY = 1800.0  # whoever was written to in this time waits for more to come
HEAD_START = 600.0
EVERY = {1: 1800.0, 2: 3600.0}  # seconds between summaries for leadership; where it is smaller they come each morning


@dataclass
class Person:
    """What somebody chose, and what they have heard so far."""

    name: str
    audience: str
    state: str = "active"
    components: frozenset[str] | None = None
    least: int | None = None
    phases: frozenset[str] | None = None
    digest: bool = False
    quiet: bool = False
    sev1_breaks_quiet: bool = True
    snoozes: bool = False  # the first incident, until its end
    follows: bool = False  # the first incident alone
    told: dict[str, tuple[bool, int]] = field(default_factory=dict[str, "tuple[bool, int]"])
    owed: dict[str, str] = field(default_factory=dict[str, str])
    rung: float = -1e12
    verdicts: dict[str, tuple[str, str | None]] = field(default_factory=dict[str, "tuple[str, str | None]"])


@dataclass(frozen=True)
class News:
    """One update: `wishes`, snoozes and follows count by now."""

    incident: str
    severity: int
    component: str
    audiences: frozenset[str]
    at: float
    phase: str = "opened"
    number: int = 1
    muted: bool = False
    wishes: bool = False


def skipped(person: Person, news: News) -> str | None:  # noqa: C901, PLR0911 - the documented order, line by line
    """Return the rule that keeps an update from somebody, the first in the documented order."""
    if person.state != "active":
        return person.state
    if news.muted:
        return "muted"
    told, was_owed = news.incident in person.told, news.incident in person.owed
    closes = news.phase == "resolved"
    if closes and (told or was_owed):
        return None
    first, follows = news.incident == "A", person.follows and news.wishes
    if news.wishes and person.snoozes and first:
        return "snoozed"
    if follows and not first:
        return "not_followed"
    if not follows:
        if person.components is not None and news.component not in person.components:
            return "components_not_chosen"
        if person.least is not None and news.severity > person.least:
            return "below_least_severity"
    if was_owed:
        return None
    phases = {news.phase} if told or closes else {news.phase, "opened"}
    if person.phases is not None:
        return None if person.phases & phases else "phase_not_chosen"
    return "policy" if person.audience == "staff" and not phases & FIRST_AND_LAST else None


def hear(person: Person, news: News) -> None:
    """Work out what becomes of one update's row, and of what was still owed."""
    if person.audience not in news.audiences:
        return
    reason = skipped(person, news)
    person.owed.pop(news.incident, None)
    if reason is not None:
        hard = reason in {person.state, "muted"}
        person.verdicts[news.incident] = ("suppressed" if hard else "skipped", reason)
        return
    is_open, told = news.phase != "resolved", person.told.get(news.incident)
    if not is_open and news.number > 1 and (told is None or not told[0]):
        person.verdicts[news.incident] = ("skipped", "already_over" if told is None else "already_told")
        return
    held = waits(person, news, is_open=is_open)
    person.owed[news.incident] = held or ""
    if held is None:
        tell(person, news.at, {news.incident: (is_open, news.severity)})
    else:
        wait_together(person)


def wait_together(person: Person) -> None:
    """What waits is told with whatever of it is told first, and says what that waits for."""
    waiting = [held for held in ("merging", "quiet_hours", "digest", "cadence") if held in person.owed.values()]
    for incident, held in person.owed.items():
        person.owed[incident] = held if held == "head_start" else waiting[0]
        person.verdicts[incident] = ("held", person.owed[incident])


def waits(person: Person, news: News, *, is_open: bool) -> str | None:
    """Return what an update waits for that is meant for somebody."""
    told = person.told.get(news.incident)
    urgent = is_open and news.severity == 1 and (told is None or not told[0] or told[1] > 1)
    if person.audience == "staff":
        return "head_start"
    update = told is not None and told[0] and is_open and news.severity >= told[1] and not urgent
    if person.audience == "leadership" and not person.digest and not urgent:
        every = EVERY.get(news.severity)
        if every is None or (update and person.rung + every > news.at):
            return "cadence"
    if person.digest and not urgent:
        return "digest"
    if person.quiet and not (urgent and person.sev1_breaks_quiet):
        return "quiet_hours"
    if news.at - person.rung < LATELY and is_open:
        return "merging"
    return None


def tell(person: Person, at: float, now: dict[str, tuple[bool, int]]) -> None:
    """One message, with everything that is owed and not kept back for those further inside."""
    for incident, held in list(person.owed.items()):
        if held != "head_start" or incident in now:
            person.verdicts[incident] = ("accepted", None)
            person.told[incident] = now.get(incident, person.told.get(incident, (True, 3)))
            del person.owed[incident]
    person.rung = at


def later(person: Person, at: float) -> None:
    """Hours pass: what waited for minutes goes out, with all that is owed."""
    short = [incident for incident, held in person.owed.items() if held in {"head_start", "merging"}]
    if not short:
        return
    if all(person.owed[incident] == "head_start" for incident in short) and (person.digest or person.quiet):
        for incident in short:
            person.owed[incident] = "digest" if person.digest else "quiet_hours"
            person.verdicts[incident] = ("held", person.owed[incident])
        return
    for incident in short:
        person.owed[incident] = ""
    tell(person, at, {})
