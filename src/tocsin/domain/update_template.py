"""Templates of updates: words that are ready before they are needed, with places for what only the moment knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tocsin.domain.errors import Refused
from tocsin.domain.placeholders import BrokenTemplate, Template
from tocsin.domain.text import many_lines, one_line

LONGEST_TITLE: Final = 255
LONGEST_BODY: Final = 25_000


@dataclass(frozen=True, slots=True)
class Wording:
    """What an update says, to everyone and to single audiences. None: nothing of that kind."""

    title: str | None = None
    body: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict[str, str])
    texts: Mapping[str, str] = field(default_factory=dict[str, str])

    def parts(self) -> dict[str, str]:
        """Return the words by the field they stand in: "title", "texts.support"."""
        whole = {"title": self.title, "body": self.body}
        found = {place: said for place, said in whole.items() if said is not None}
        found |= {f"titles.{key}": said for key, said in self.titles.items()}
        return found | {f"texts.{key}": said for key, said in self.texts.items()}

    def without(self, other: Wording) -> Wording:
        """Return what `other` does not say itself."""
        return Wording(
            self.title if other.title is None else None,
            self.body if other.body is None else None,
            {key: said for key, said in self.titles.items() if key not in other.titles},
            {key: said for key, said in self.texts.items() if key not in other.texts},
        )

    def each(self, change: Callable[[str, str], str]) -> Wording:
        """Return the wording with `change(field, words)` in the place of all words."""
        return Wording(
            None if self.title is None else change("title", self.title),
            None if self.body is None else change("body", self.body),
            {key: change(f"titles.{key}", said) for key, said in self.titles.items()},
            {key: change(f"texts.{key}", said) for key, said in self.texts.items()},
        )


def variables_of(wording: Wording) -> list[str]:
    """Return the names of the places; raise Refused, with the field and the position, where one is broken."""
    found: dict[str, None] = {}
    for place, said in wording.parts().items():
        try:
            found |= dict.fromkeys(Template.parse(said, None).names)
        except BrokenTemplate as error:
            raise Refused(f"Line {error.line}, column {error.column}: {error.problem}", field=place) from error
    return list(found)


def fill(template: Wording, variables: Mapping[str, str], said: Wording) -> Wording:
    """Return what a template says beside `said`, which is what the update says itself.

    Raise Refused where a variable is missing or the template has no place for it, or what comes of it cannot be shown.
    """
    places = variables_of(template)
    for name in variables:
        if name not in places:
            known = ", ".join(places) or "none"
            raise Refused(f"The template has no place {{{{{name}}}}}. It has: {known}.", field=f"variables.{name}")

    def filled(place: str, words: str) -> str:
        parsed = Template.parse(words, None)
        for name in parsed.names:
            if name not in variables:
                raise Refused(f"The template's {place} needs this: {{{{{name}}}}}.", field=f"variables.{name}")
        return _checked(parsed.fill(variables), place)

    return template.without(said).each(filled)


def sample(template: Wording, values: Mapping[str, str]) -> Wording:
    """Return what a template says, with each place that `values` leave out by its name: "[minutes]"."""
    filled = {name: values.get(name) or f"[{name}]" for name in variables_of(template)}
    return fill(template, filled, Wording())


def _checked(words: str, place: str) -> str:
    is_title = place.startswith("title")
    longest = LONGEST_TITLE if is_title else LONGEST_BODY
    if len(words) > longest:
        raise Refused(f"With its variables this has {len(words):,} characters; {longest:,} are taken.", field=place)
    return one_line(words, place) if is_title else many_lines(words, place)
