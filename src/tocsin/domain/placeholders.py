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
    """A template cannot be followed; `line` says where, counted from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Template:
    """`words` stand around `names`: one more of them than there are names."""

    words: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, allowed: Collection[str]) -> Template:
        """Read a template; raise BrokenTemplate where it has a place that is unknown or was never ended."""
        words: list[str] = []
        names: list[str] = []
        end = 0
        for tag in _TAG.finditer(text):
            name = tag["name"]
            if name not in allowed:
                raise BrokenTemplate(_what_to_do(tag[0], name, allowed), text.count("\n", 0, tag.start()) + 1)
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


def _what_to_do(tag: str, name: str | None, allowed: Collection[str]) -> str:
    known = ", ".join(f"{{{{{one}}}}}" for one in sorted(allowed))
    if name is None:
        return f"{tag!r} is no placeholder. Write one of {known}; there are no conditions, loops or filters."
    near = get_close_matches(name, allowed, n=1)
    meant = f" Did you mean {{{{{near[0]}}}}}?" if near else ""
    return f"{tag} is not known here.{meant} Known are {known}."
