"""Which language a page is shown in: the one asked for by ?lang=, else the reader's own, else the browser's."""

from __future__ import annotations

from fastapi import Request

from tocsin.domain.language import Language, Languages
from tocsin.languages import read_languages
from tocsin.settings import config_directory


def languages() -> Languages:
    """Return the languages of this installation."""
    return read_languages(config_directory() / "languages").languages


def read_in(request: Request, locale: str = "") -> Language:
    """Return the language for whoever asks; `locale` is what we know of the reader, "" where we know nothing."""
    known = languages()
    if chosen := request.query_params.get("lang", ""):
        return known.of(chosen)
    return known.of(locale) if locale else known.best(request.headers.get("accept-language", ""))
