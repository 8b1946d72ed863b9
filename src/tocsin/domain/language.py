"""Languages: the fixed words that people outside read, and dates, numbers and durations as their readers write them.

The words stand in the code in English, marked with `word` where they are not said on the spot; a catalog has what they
are in another language. Nothing is read here: `tocsin.languages` reads the catalogs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from gettext import NullTranslations
from typing import Final

from babel.core import Locale
from babel.dates import format_date, format_skeleton, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_MANY_HOURS: Final = 6
_PLACE = re.compile(r"\{([a-z_]+)\}")
# English is read in many countries: the day comes before the month, as in most of them.
_ENGLISH: Final = Locale.parse("en_150")


def word(text: str) -> str:
    """Mark `text` as one that is translated where it is said, and return it."""
    return text


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """One reader's language. `code` is for HTML and headers: "de"; `locale` is how dates and numbers are written."""

    code: str
    locale: Locale
    catalog: NullTranslations

    def say(self, text: str, **values: str) -> str:
        """Return `text` in this language with its places, `{title}`, filled; what fills them is never read again."""
        return fill(self.translated(text), values)

    def count(self, one: str, many: str, n: int, **values: str) -> str:
        """Return the form that goes with `n`, which fills the place `{n}`."""
        return fill(self.form(one, many, n), {**values, "n": self.number(n)})

    def translated(self, text: str) -> str:
        """Return `text` in this language with its places as they are."""
        return self.catalog.gettext(text) if text else ""

    def form(self, one: str, many: str, n: int) -> str:
        return self.catalog.ngettext(one, many, n)

    @property
    def name(self) -> str:
        """Return what the language calls itself: "Deutsch"."""
        own = self.locale.get_language_name(self.locale.language) or self.code
        return own[:1].upper() + own[1:]

    def number(self, number: float) -> str:
        """Return "12,430" or "12.430"."""
        return _number(number, self.locale)

    def listed(self, names: Sequence[str]) -> str:
        """Return "Checkout, API and Search"."""
        return format_list(names, locale=self.locale)

    def clock(self, at: datetime) -> str:
        """Return "12:31 UTC": what has readers in all zones says its own."""
        return f"{_skeleton('Hm', at, self.locale)} UTC"

    def moment(self, at: datetime, beside: datetime | None = None) -> str:
        """Return "21 Nov, 12:31 UTC", without the day where it is that of `beside`."""
        if beside is not None and at.astimezone(UTC).date() == beside.astimezone(UTC).date():
            return self.clock(at)
        return f"{_skeleton('MMMd', at, self.locale)}, {self.clock(at)}"

    def full_date(self, day: date) -> str:
        """Return "21 November 2026"."""
        return _full_date(day, self.locale)

    def month(self, day: date) -> str:
        """Return "November 2026"."""
        return format_skeleton("yMMMM", datetime(day.year, day.month, day.day, tzinfo=UTC), locale=self.locale)

    def duration(self, seconds: float) -> str:
        """Return a length of time with at most two units: "45 s", "12 min", "1 h 5 min", "3 days"."""
        whole = max(0, round(seconds))
        if whole < 2 * _DAY:
            return _short(whole)
        return format_unit(whole // _DAY, "day", "long", locale=self.locale)

    def span(self, seconds: float) -> str:
        """Return a length of time in one unit, never longer than it is: "2 days", "36 hours", "90 minutes"."""
        minutes = max(1, int(seconds // _MINUTE))
        if minutes * _MINUTE % _DAY == 0:
            return format_unit(minutes * _MINUTE // _DAY, "day", "long", locale=self.locale)
        hours = minutes * _MINUTE // _HOUR
        if minutes * _MINUTE % _HOUR == 0 or hours >= _MANY_HOURS:
            return format_unit(hours, "hour", "long", locale=self.locale)
        return format_unit(minutes, "minute", "long", locale=self.locale)

    def relative(self, at: datetime, now: datetime) -> str:
        """Return "in 12 min" or "5 min ago"."""
        seconds = (at - now).total_seconds()
        if abs(seconds) < _MINUTE:
            return self.say("in a moment") if seconds > 0 else self.say("just now")
        if abs(seconds) >= 2 * _DAY:
            days = timedelta(days=int(seconds / _DAY))
            # So high a threshold that weeks and months are never reached.
            return format_timedelta(days, "day", threshold=1e9, add_direction=True, locale=self.locale)
        length = self.duration(abs(seconds))
        return (
            self.say("in {duration}", duration=length) if seconds > 0 else self.say("{duration} ago", duration=length)
        )


ENGLISH: Final = Language("en", _ENGLISH, NullTranslations())


@dataclass(frozen=True, slots=True, eq=False)
class Languages:
    """The languages there are, English first; a reader of any other reads English."""

    by_code: Mapping[str, Language]

    def __iter__(self) -> Iterator[Language]:
        return iter(self.by_code.values())

    @property
    def english(self) -> Language:
        return self.by_code[ENGLISH.code]

    def of(self, locale: str) -> Language:
        """Return the language for "de", "de-AT" or "de_AT", with that country's dates; English where there is none."""
        return _of(self, locale)

    def best(self, accepted: str) -> Language:
        """Return the language that an Accept-Language header (RFC 9110, 12.5.4) likes best of those there are."""
        for tag in _by_weight(accepted):
            if tag == "*":
                break
            if tag.partition("-")[0].lower() in self.by_code:
                return self.of(tag)
        return self.english


ENGLISH_ALONE: Final = Languages({ENGLISH.code: ENGLISH})


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with each place filled; one that `values` leaves out is a KeyError."""
    return _PLACE.sub(lambda place: values[place[1]], text) if "{" in text else text


def places(text: str) -> set[str]:
    """Return the names of the places of a text."""
    return set(_PLACE.findall(text))


def instant(at: datetime) -> str:
    """Return `at` as machines read it: RFC 3339 in UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=256)
def _of(languages: Languages, locale: str) -> Language:
    tag = locale.replace("_", "-")
    language, _, country = tag.partition("-")
    found = languages.by_code.get(tag) or languages.by_code.get(language.lower())
    if found is None:
        return languages.english
    try:
        exact = Locale.parse(tag, sep="-") if country else found.locale
    except ValueError:  # a country that nobody knows
        return found
    return found if exact == found.locale else Language(found.code, exact, found.catalog)


def _by_weight(accepted: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        tag, _, weight = part.partition(";")
        try:
            liked = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if tag.strip() and liked > 0:
            weighed.append((-liked, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda one: one[0])]


def _short(seconds: int) -> str:
    # The symbols of units are the same in every language (ISO 80000).
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    hours, rest = divmod(seconds, _HOUR)
    return f"{hours} h {rest // _MINUTE} min" if rest >= _MINUTE else f"{hours} h"


@lru_cache(maxsize=4096)
def _skeleton(skeleton: str, at: datetime, locale: Locale) -> str:
    return format_skeleton(skeleton, at.astimezone(UTC), locale=locale)


@lru_cache(maxsize=1024)
def _full_date(day: date, locale: Locale) -> str:
    return format_date(day, "long", locale=locale)


@lru_cache(maxsize=1024)
def _number(number: float, locale: Locale) -> str:
    return format_decimal(number, locale=locale)
