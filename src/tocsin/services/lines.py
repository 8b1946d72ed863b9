"""Finds the line of a TOML file on which a value stands, for whoever has to mend it: parsers give values alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import tomlkit


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Return the line of the key, table or element at `place`, or of the nearest thing around it that there is.

    The document without it differs from the document first where it stood: tomlkit leaves everything else as it was.
    """
    for length in range(len(place), 0, -1):
        document: Any = tomlkit.parse(text)
        around: Any = document
        try:
            for step in place[: length - 1]:
                around = around[step]
            del around[place[length - 1]]
            without = tomlkit.dumps(document)
        except (KeyError, IndexError, TypeError):
            continue
        for number, (one, other) in enumerate(zip_longest(text.splitlines(), without.splitlines()), start=1):
            if one != other:
                return number
    return 1
