"""What HTML templates say in a language: `say` and `count`, whose values are escaped, and the filters of times."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from markupsafe import Markup, escape

from tocsin.domain.language import Language, fill, instant
from tocsin.domain.page import page_path


def spoken_names(language: Language) -> dict[str, Any]:
    """Return what templates call: {{ say('Stop all {what}', what=what) }}, {{ count('one', '{n} others', n) }}.

    {{ page_path('history') }} is where the status page has its history in this language.
    """

    def say(text: str, **values: object) -> Markup:
        return _filled(language.translated(text), values)

    def count(one: str, many: str, n: int, **values: object) -> Markup:
        return _filled(language.form(one, many, n), {**values, "n": language.number(n)})

    at = partial(page_path, language)
    return {"language": language, "say": say, "count": count, "page_path": at, "bold": bold, "link": link}


def spoken_filters(language: Language) -> dict[str, Any]:
    return {
        "instant": instant,
        "clock": language.clock,
        "moment": language.moment,
        "relative": language.relative,
        "duration": language.duration,
        "full_date": language.full_date,
        "month": language.month,
        "sentence_case": sentence_case,
    }


def bold(text: object) -> Markup:
    return Markup("<b>{}</b>").format(text)


def link(address: str, text: object) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, text)


def sentence_case(text: str) -> str:
    """Return `text` with its first letter large and the rest as it is: German nouns keep theirs."""
    return text[:1].upper() + text[1:]


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    # No catalog may bring markup: it is escaped like everything else, and values that are Markup stay as they are.
    escaped = {name: str(escape(value)) for name, value in values.items()}
    words = str(escape(text)).replace("&#39;", "'")  # our attributes stand in double quotes
    return Markup(fill(words, escaped))  # noqa: S704 - escaped piece by piece
