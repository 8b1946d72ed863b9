"""Reads a form about one address: every mistake is said beside its field, and nothing that was typed is lost."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import FormData

from tocsin.domain.incident import ALL_PHASES, Phase, Severity
from tocsin.domain.language import Language
from tocsin.domain.subscriber import Preference
from tocsin.domain.timing import DAYS, is_unclear, never_awake, read_timing
from tocsin.services.choose import AT_ONCE
from tocsin.store.subscribers import Endpoint
from tocsin.web.pages.ticked import ticked

MOST_QUIET: Final = 7
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_BEGINS: Final = Phase.OPENED | Phase.ESCALATED | Phase.UPDATE
_MODES: Final = ("", "realtime", "hourly", "daily")


@dataclass
class Quiet:
    """One row of quiet hours as it stands in the form."""

    days: list[str] = field(default_factory=list[str])
    begins: str = ""
    ends: str = ""


@dataclass
class Choices:
    """What stands in the form of one address, right or wrong."""

    only_some: bool = False
    components: list[str] = field(default_factory=list[str])
    groups: list[str] = field(default_factory=list[str])
    least: str = ""
    usual: bool = True
    phases: list[str] = field(default_factory=list[str])
    mode: str = ""
    digest_at: str = ""
    quiet: list[Quiet] = field(default_factory=list[Quiet])
    breaks: bool = True
    version: str = ""
    problems: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def shown_quiet(self) -> list[Quiet]:
        """Return the rows that are shown: those that there are, and an empty one."""
        return self.quiet if len(self.quiet) >= MOST_QUIET else [*self.quiet, Quiet()]


def of_endpoint(endpoint: Endpoint, version: str) -> Choices:
    """Return the form as an endpoint stands."""
    timing = endpoint.timing or {}
    phases = ALL_PHASES if endpoint.phases is None else endpoint.phases
    return Choices(
        only_some=endpoint.components is not None or endpoint.groups is not None,
        components=list(endpoint.components or ()),
        groups=list(endpoint.groups or ()),
        least="" if endpoint.least is None else endpoint.least.label,
        usual=endpoint.phases is None,
        phases=[phase.label for phase in phases],
        mode=timing.get("mode") or "",
        digest_at=timing.get("digest_at") or "",
        quiet=[Quiet(list(one["days"]), one["from"], one["to"]) for one in timing.get("quiet_hours") or ()],
        breaks=bool(timing.get("sev1_breaks_quiet", True)),
        version=version,
    )


def read(form: FormData) -> Choices:
    """Return what stands in a form."""
    return Choices(
        only_some=_text(form, "scope") == "some",
        components=ticked(form, "component"),
        groups=ticked(form, "group"),
        least=_text(form, "least"),
        usual=_text(form, "moments") != "chosen",
        phases=ticked(form, "phase"),
        mode=_text(form, "mode"),
        digest_at=_text(form, "digest_at"),
        quiet=[one for n in range(MOST_QUIET) if (one := _quiet(form, n)) is not None],
        breaks=bool(_text(form, "breaks")),
        version=_text(form, "version"),
    )


def preference(typed: Choices, endpoint: Endpoint, language: Language) -> Preference | None:
    """Return what is chosen; None where something is wrong, which `typed` says then."""
    say = language.say
    if typed.only_some and not (typed.components or typed.groups):
        typed.problems["scope"] = say("Choose at least one of them, or everything.")
    if not (typed.usual or _phases(typed)):
        typed.problems["moments"] = say("Choose at least one moment, or what is usual here.")
    least = Severity.parse(typed.least) if typed.least in {one.label for one in Severity} else None
    timing = _timing(typed, endpoint, language)
    if typed.problems:
        return None
    return Preference(
        components=(tuple(typed.components) or None) if typed.only_some else None,
        groups=(tuple(typed.groups) or None) if typed.only_some else None,
        least=least,
        phases=None if typed.usual else _phases(typed),
        timing=timing,
        fallback=endpoint.fallback,
    )


def _timing(typed: Choices, endpoint: Endpoint, language: Language) -> dict[str, Any] | None:
    say = language.say
    mode = typed.mode if typed.mode in _MODES else ""
    if mode == "daily" and not _CLOCK.fullmatch(typed.digest_at):
        typed.problems["digest_at"] = say("Say at what hour: 08:00.")
    for quiet in typed.quiet:
        if not (_CLOCK.fullmatch(quiet.begins) and _CLOCK.fullmatch(quiet.ends)):
            typed.problems["quiet"] = say("Quiet hours need both times: from 22:00 to 07:00.")
        elif is_unclear(quiet.begins, quiet.ends):
            typed.problems["quiet"] = say(
                "These quiet hours end when they begin. From 00:00 to 00:00 is the whole day."
            )
        elif not quiet.days:
            typed.problems["quiet"] = say("Choose the days of these quiet hours.")
    if typed.problems:
        return None
    timing = {
        "mode": mode or None,
        "digest_at": typed.digest_at if mode == "daily" else None,
        "quiet_hours": [{"days": q.days, "from": q.begins, "to": q.ends} for q in typed.quiet] or None,
        "sev1_breaks_quiet": typed.breaks,
    }
    if typed.quiet and never_awake(read_timing(timing)):
        typed.problems["quiet"] = say("These quiet hours never end. Leave some hours in which messages may come.")
        return None
    paused = (endpoint.timing or {}).get("paused_until")
    if paused:
        timing["paused_until"] = paused
    return None if timing == AT_ONCE else timing


def _phases(typed: Choices) -> Phase | None:
    """Return the moments chosen; who hears that something is broken hears that it is fixed."""
    chosen = Phase(0)
    for phase in Phase:
        if phase.label in typed.phases:
            chosen |= phase
    if chosen & _BEGINS:
        chosen |= Phase.RESOLVED
    return chosen or None


def _quiet(form: FormData, n: int) -> Quiet | None:
    quiet = Quiet(
        [day for day in DAYS if day in ticked(form, f"quiet_{n}_day")],
        _text(form, f"quiet_{n}_from"),
        _text(form, f"quiet_{n}_to"),
    )
    return quiet if quiet.days or quiet.begins or quiet.ends else None


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value[:64] if isinstance(value, str) else ""
