"""Every fixed word that the code and the templates say, found by Babel as translators' tools find them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_from_file
from jinja2.ext import babel_extract

ROOT = Path(__file__).parents[1]
_KEYWORDS: dict[str, Any] = {"word": None, "say": None, "count": (1, 2)}
_FOLDERS = ("src/tocsin", "channels/tocsin_channels")

# A word, or its two forms.
Used = str | tuple[str, ...]


@cache
def words_used() -> dict[Used, str]:
    """Return each word with a place where it stands."""
    found: dict[Used, str] = {}
    for folder in _FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            for line, words in _extracted(path):
                found.setdefault(words, f"{path.relative_to(ROOT)}:{line}")
    return found


def _extracted(path: Path) -> Iterator[tuple[int, Used]]:
    match path.suffix:
        case ".py" | ".js":
            method = "python" if path.suffix == ".py" else "javascript"
            for line, words, _, _ in extract_from_file(method, path, keywords=_KEYWORDS):
                yield line, words
        case ".html" | ".txt":
            with path.open("rb") as file:
                for line, function, told, _ in babel_extract(file, list(_KEYWORDS), [], {}):
                    said = [one for one in ([told] if isinstance(told, str) else list(told or ())) if one]
                    if said:
                        yield line, (said[0], said[1]) if function == "count" else said[0]
        case _:
            return
