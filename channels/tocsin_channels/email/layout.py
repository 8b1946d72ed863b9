"""The form of a mail, which comes with Tocsin: mail programs forgive little, so operators write words alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from tocsin.domain import speech
from tocsin.domain.language import Language
from tocsin.domain.spoken_html import spoken_names
from tocsin_channels.email import markdown


def html_of(template: str, language: Language, **known: object) -> str:
    return _layouts().get_template(f"{template}.html").render(known | spoken_names(language))


def text_of(template: str, language: Language, **known: object) -> str:
    said: dict[str, Any] = {"language": language, "say": language.say}
    return _layouts().get_template(f"{template}.txt").render(known | said)


@cache
def _layouts() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["markdown"] = markdown.to_html
    environment.globals["speech"] = speech  # pyright: ignore[reportArgumentType]
    return environment
