"""Operators' templates: plain words with named places, `{{title}}`, and nothing else, so that nobody can run anything.

What fills a place is never read for places again, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from tocsin.domain.errors import Refused

# Everything that could be meant as more than words: a place, a place that was never ended, another language's tags.
_TAG = re.compile(r"\{\{\s*(?P<name>[a-z][a-z0-9_]*)\s*\}\}|\{\{[^{}\n]*(?:\}\})?|\}\}|\{[%#]|[%#]\}")


class BrokenTemplate(Refused):
    """A template cannot be followed for a `problem`; `line` and `column` say where, counted from 1."""

    def __init__(self, message: str, line: int, column: int = 1) -> None:
        super().__init__(f"line {line}: {message}")
        self.problem = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Template:
    """`words` stand around `names`: one more of them than there are names."""

    words: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, allowed: Collection[str] | None) -> Template:
        """Read a template; raise BrokenTemplate where it has a place that is unknown or was never ended.

        Where `allowed` is None a place may have any name.
        """
        words: list[str] = []
        names: list[str] = []
        end = 0
        for tag in _TAG.finditer(text):
            name = tag["name"]
            if name is None or (allowed is not None and name not in allowed):
                line, column = text.count("\n", 0, tag.start()) + 1, tag.start() - text.rfind("\n", 0, tag.start())
                raise BrokenTemplate(_what_to_do(tag[0], name, allowed), line, column)
            words.append(text[end : tag.start()])
            names.append(name)
            end = tag.end()
        return cls((*words, text[end:]), tuple(names))

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the words with each place filled; a place that `values` leaves out is a KeyError."""
        filled = [self.words[0]]
        for name, words in zip(self.names, self.words[1:], strict=True):
            filled += (values[name], words)
        return "".join(filled)


def _what_to_do(tag: str, name: str | None, allowed: Collection[str] | None) -> str:
    if allowed is None:
        return f"{tag!r} is no placeholder. Write one as {{{{name}}}}, of small letters, digits and underscores."
    known = ", ".join(f"{{{{{one}}}}}" for one in sorted(allowed))
    if name is None:
        return f"{tag!r} is no placeholder. Write one of {known}; there are no conditions, loops or filters."
    near = get_close_matches(name, allowed, n=1)
    meant = f" Did you mean {{{{{near[0]}}}}}?" if near else ""
    return f"{tag} is not known here.{meant} Known are {known}."
