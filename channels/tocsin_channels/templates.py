"""Operators' words: plain text with named places, for all readers or those of a phase, an audience, a language.

A file is called `one[.phase][.audience][.language].txt`. One that cannot be followed is refused when a process starts,
with its line, and is then as good as absent: what is built in is said instead, and no message waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NamedTuple

from babel.core import Locale, UnknownLocaleError

from tocsin.domain.errors import Refused
from tocsin.domain.incident import Phase
from tocsin.domain.placeholders import BrokenTemplate, Template
from tocsin.domain.story import Story
from tocsin.domain.text import many_lines

PHASES: Final = tuple(phase.label for phase in Phase)
_BRACE = re.compile(r"\{\{\s*[a-z][a-z0-9_]*\s*\}\}|(?P<lone>[{}])")


@dataclass(frozen=True, slots=True)
class Room:
    """What a channel can carry: at most `longest` of `unit`, by `measure`."""

    longest: int
    unit: str = "characters"
    measure: Callable[[str], int] = len


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that operators may write anew: `built_in` in English, with `places`, and at least one of `needed`.

    `least` has what stands in places when the room is measured; in all others nothing does. `check` raises
    BrokenTemplate where a text lacks a form of its own.
    """

    name: str
    built_in: str
    places: frozenset[str]
    room: Room
    needed: frozenset[str] = frozenset()
    least: Mapping[str, str] = field(default_factory=dict[str, str])
    check: Callable[[str], None] | None = None

    def parse(self, text: str) -> Template:
        """Read a text; raise BrokenTemplate, with its line, where it cannot be followed."""
        for line, written in enumerate(text.split("\n"), 1):
            if written.strip():
                _refuse_hidden(written, line)
        template = Template.parse(text, self.places)
        for brace in _BRACE.finditer(text):
            if brace["lone"]:
                what = "A brace stands alone here. Write a place like {{brand}}, and no other braces."
                raise BrokenTemplate(what, text.count("\n", 0, brace.start()) + 1)
        if self.needed and not self.needed.intersection(template.names):
            what = " or ".join(f"{{{{{name}}}}}" for name in sorted(self.needed))
            raise BrokenTemplate(f"Nothing here says {what}. Write it where it is to stand.", 1)
        if self.check is not None:
            self.check(text)
        self._measure(template.fill({name: self.least.get(name, "") for name in template.names}))
        return template

    def _measure(self, filled: str) -> None:
        room, whole = self.room, self.room.measure(filled)
        if whole <= room.longest:
            return
        lines = filled.split("\n")
        line = next(n for n in range(1, len(lines) + 1) if room.measure("\n".join(lines[:n])) > room.longest)
        raise BrokenTemplate(
            f"Here it grows too long: with short values in its places it takes {whole:,} {room.unit}, and "
            f"{room.longest:,} are the most. Shorten it.",
            line,
        )


class Fit(NamedTuple):
    """Whom a text is for, "" where for all; the order is that in which one that says more is chosen."""

    language: str = ""
    audience: str = ""
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one channel; `faults` says which of the operator's files are not used, where and why."""

    pieces: Mapping[str, Piece]
    texts: Mapping[str, Mapping[Fit, str]] = field(default_factory=dict[str, Mapping[Fit, str]])
    faults: tuple[str, ...] = ()

    def text(self, name: str, story: Story) -> str:
        """Return the template for the readers of `story`, in their language where a catalog has its words in it."""
        piece = self.pieces[name]
        found = piece.built_in
        texts = self.texts.get(name, {})
        for fit in _fits(story):
            if fit in texts:
                found = texts[fit]
                break
        said = story.language.translated(found)
        if said == found:
            return found
        try:
            piece.parse(said)
        except BrokenTemplate:  # a catalog's places are right, and this is about all the rest
            return found
        return said

    def template(self, name: str, story: Story) -> Template:
        return Template.parse(self.text(name, story), self.pieces[name].places)


def read_wording(folder: Path, pieces: Iterable[Piece], audiences: Collection[str]) -> Wording:
    """Read the files of one channel; where there is no folder there are none. File names know `audiences`."""
    known = {piece.name: piece for piece in pieces}
    texts: dict[str, dict[Fit, str]] = {name: {} for name in known}
    faults: list[str] = []
    for path in _files(folder):
        try:
            name, fit = _read_name(path.name, known, audiences)
            if fit in texts[name]:
                raise Refused("another file is for the same readers. Keep one of them.")  # noqa: TRY301
            text = _read(path)
            known[name].parse(text)
        except Refused as error:
            behind = ", " if isinstance(error, BrokenTemplate) else ": "
            faults.append(f"{folder.name}/{path.name}{behind}{error} Until then it is as if the file were not there.")
        else:
            texts[name][fit] = text.strip()
    return Wording(known, texts, tuple(faults))


def _files(folder: Path) -> list[Path]:
    """Return the files that are meant to be read: neither hidden nor an editor's copy."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and not path.name.endswith("~"))


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refused(f"It cannot be read ({error.strerror}). Let the user that Tocsin runs as read it.") from error
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").rstrip()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BrokenTemplate("This is no UTF-8. Save the file as UTF-8.", line) from error


def _read_name(file: str, known: Mapping[str, Piece], audiences: Collection[str]) -> tuple[str, Fit]:
    """Return what a file is called and whom it is for; raise Refused where its name says neither."""
    name, *rest = file.removesuffix(".txt").split(".")
    if name not in known or not file.endswith(".txt"):
        names = ", ".join(f"{one}.txt" for one in known)
        raise Refused(f"Nothing reads a file of this name. There are {names}, and each for some readers alone.")
    phase = rest.pop(0) if rest and rest[0] in PHASES else ""
    audience = rest.pop(0) if rest and rest[0] in audiences else ""
    language = _tag(rest.pop(0)) if rest and _is_language(rest[0]) else ""
    if rest:
        near = get_close_matches(rest[0], [*PHASES, *audiences], n=1)
        meant = f" Did you mean {near[0]!r}?" if near and near[0] != rest[0] else ""
        raise Refused(
            f"{rest[0]!r} is no phase, audience or language at this place.{meant} Call it "
            f"{name}[.phase][.audience][.language].txt. Phases: {', '.join(PHASES)}. "
            f"Audiences: {', '.join(audiences)}. Languages: de, pt-BR and the like."
        )
    return name, Fit(language, audience, phase)


def _is_language(tag: str) -> bool:
    try:
        Locale.parse(tag.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        return False
    return True


def _tag(locale: str) -> str:
    return locale.replace("_", "-").lower()


def _fits(story: Story) -> Iterator[Fit]:
    """Return whom a text for this story may be for, the best fit first."""
    phases = {chapter.phase.label for chapter in story.chapters}
    phase = phases.pop() if len(phases) == 1 else ""
    tag = _tag(story.locale)
    for language in dict.fromkeys((tag, tag.partition("-")[0], story.language.code.lower(), "")):
        for audience in dict.fromkeys((story.audience, "")):
            for one in dict.fromkeys((phase, "")):
                yield Fit(language, audience, one)


def _refuse_hidden(written: str, line: int) -> None:
    try:
        many_lines(written, "")
    except Refused as error:
        raise BrokenTemplate(str(error), line) from error
