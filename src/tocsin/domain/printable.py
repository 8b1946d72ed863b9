"""What somebody else's program said, as an operator may read it: on one line, bounded, a page by its title alone."""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 300
_LOOKED_AT: Final = 8_192
_PAGE: Final = re.compile(r"<(?:!doctype|html|head|body|title|h1|p)\b", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)


def printable(words: str, longest: int = _LONGEST) -> str:
    """Return `words` as one line of at most `longest` characters; of a page of HTML they are its title."""
    words = words[:_LOOKED_AT]
    if (page := _PAGE.search(words)) is not None:
        found = _TITLE.search(words)
        titled = f", titled “{found[1].strip()}”" if found is not None and found[1].strip() else ""
        words = f"{words[: page.start()]}a page of HTML{titled}"
    words = " ".join("".join(one if one.isprintable() else " " for one in words).split())
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"
