"""What one endpoint gets, in one sentence that its owner can check: it is rewritten as they choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Final

from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import ALL_PHASES, Phase, Severity
from tocsin.domain.language import Language, word
from tocsin.domain.speech import PHASES
from tocsin.domain.subscriber import Preference
from tocsin.domain.timing import DAYS, QuietHours, Timing, read_timing, zone

_MOST_NAMED: Final = 4
_WAYS: Final = {
    ChannelName.EMAIL: word("You get an e-mail"),
    ChannelName.SMS: word("You get a text message"),
    ChannelName.CHAT: word("Your channel gets a message"),
    ChannelName.PUSH: word("Your browser shows a notification"),
    ChannelName.WEBHOOK: word("Your receiver is called"),
    ChannelName.SOCIAL: word("A post appears"),
    ChannelName.STATUS_PAGE: word("The page changes"),
}
_LEAST: Final = {
    Severity.SEV1: word("has a very severe problem"),
    Severity.SEV2: word("has a severe problem"),
    Severity.SEV3: word("has a problem that is more than slight"),
    Severity.SEV4: word("has any problem"),
}
_DAYS: Final = {
    "mon": word("Monday"),
    "tue": word("Tuesday"),
    "wed": word("Wednesday"),
    "thu": word("Thursday"),
    "fri": word("Friday"),
    "sat": word("Saturday"),
    "sun": word("Sunday"),
}


def sentence(language: Language, channel: ChannelName, preference: Preference, names: Mapping[str, str]) -> str:
    """Return the sentence; `names` are those of components and groups by their slugs."""
    say = language.say
    parts = [
        say("{way} when {what} {problem}", way=say(_WAYS[channel]), what=_what(language, preference, names),
            problem=say(_LEAST[preference.least or Severity.SEV4]))
    ]  # fmt: skip
    parts.append(_moments(language, preference.phases))
    timing = None if preference.timing is None else read_timing(preference.timing)
    if timing is not None:
        parts.append(_pace(language, preference.timing or {}, timing))
        parts.append(_quiet(language, timing))
    return ", ".join(part for part in parts if part) + "."


def _what(language: Language, preference: Preference, names: Mapping[str, str]) -> str:
    places = {slug: place for place, slug in enumerate(names)}
    slugs = {*(preference.groups or ()), *(preference.components or ())}
    chosen = [names.get(slug, slug) for slug in sorted(slugs, key=lambda slug: (places.get(slug, len(places)), slug))]
    if preference.everything or not chosen:
        return language.say("anything")
    return either(language, chosen)


def either(language: Language, chosen: Sequence[str]) -> str:
    """Return "Checkout, API or Search"; many are counted, not named."""
    if len(chosen) == 1:
        return chosen[0]
    if len(chosen) > _MOST_NAMED:
        more = len(chosen) - _MOST_NAMED + 1
        rest = language.count("{n} other part", "{n} other parts", more)
        return language.say("{first} or {last}", first=", ".join(chosen[: _MOST_NAMED - 1]), last=rest)
    return language.say("{first} or {last}", first=", ".join(chosen[:-1]), last=chosen[-1])


def _moments(language: Language, phases: Phase | None) -> str:
    if phases is None:
        return language.say("as often as is usual here")
    if phases == ALL_PHASES:
        return language.say("from its beginning to its end, with all that is said in between")
    return language.listed([language.say(PHASES[phase]) for phase in phases])


def _pace(language: Language, kept: Mapping[str, object], timing: Timing) -> str:
    say = language.say
    match kept.get("mode"):
        case "hourly":
            return say("gathered once an hour")
        case "daily":
            assert timing.digest_at is not None
            return say("gathered once a day at {time}", time=_clock(timing.digest_at))
        case "realtime":
            return say("at once")
        case _:
            return ""


def _quiet(language: Language, timing: Timing) -> str:
    if not timing.quiet:
        return ""
    say = language.say
    hours = say("never {hours}", hours=language.listed([_hours(language, one) for one in timing.quiet]))
    if timing.sev1_breaks_quiet:
        return say("{hours} unless it is very severe", hours=hours)
    return hours


def _hours(language: Language, quiet: QuietHours) -> str:
    say = language.say
    if quiet.begins == quiet.ends == time(0):
        return say("on {days}", days=language.listed([say(_DAYS[day]) for day in DAYS if day in quiet.days]))
    span = say("between {begins} and {ends}", begins=_clock(quiet.begins), ends=_clock(quiet.ends))
    if len(quiet.days) == len(DAYS):
        return span
    days = language.listed([say(_DAYS[day]) for day in DAYS if day in quiet.days])
    return say("{span} on {days}", span=span, days=days)


def paused(language: Language, until: float, zone_name: str) -> str:
    """Return until when everything waits, in the reader's own hours."""
    at = datetime.fromtimestamp(until, UTC).astimezone(zone(zone_name))
    return language.say("{day}, {time}", day=language.full_date(at.date()), time=_clock(at.time()))


def _clock(at: time) -> str:
    return f"{at:%H:%M}"
