"""What scripts say in a reader's language: in them it is English, in say("…"); the page brings the words for it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from io import BytesIO

from babel.messages.extract import extract

from tocsin.domain.language import Language


def script_words(language: Language, sources: Iterable[bytes]) -> str:
    """Return a JSON object, English → `language`, of what the scripts `sources` say; "" where nothing differs."""
    words = {text: language.translated(text) for source in sources for text in _said(source)}
    differing = {text: said for text, said in words.items() if said != text}
    return json.dumps(differing, ensure_ascii=False) if differing else ""


@cache
def _said(source: bytes) -> tuple[str, ...]:
    return tuple(str(told) for _, told, _, _ in extract("javascript", BytesIO(source), keywords={"say": None}))
