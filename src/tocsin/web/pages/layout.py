"""What every page is made with: one template environment that escapes everything, and headers that allow little."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tocsin.domain.asset import asset_name
from tocsin.domain.language import ENGLISH, Language
from tocsin.domain.spoken_html import spoken_filters, spoken_names
from tocsin.domain.spoken_script import script_words

_WEB = Path(__file__).parents[1]

# Nothing from elsewhere, nothing inline, in no frame.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PRIVATE_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

# Address → content, of the style, script and icon that all pages share.
ASSETS: dict[str, bytes] = {}
_addresses: dict[str, str] = {}
_scripts: list[bytes] = []
for _file in sorted((_WEB / "static").iterdir()):
    _content = _file.read_bytes()
    _addresses[_file.name] = f"/static/{asset_name(_file.name, _content)}"
    ASSETS[_addresses[_file.name]] = _content
    if _file.suffix == ".js":
        _scripts.append(_content)


def thousands(number: int) -> str:
    """Return 12,430 for 12430."""
    return f"{number:,}"


def seconds(length: float) -> str:
    """Return "0.84 s", "75 s" or "12 min": two digits are enough."""
    if length < 10:  # noqa: PLR2004
        return f"{length:.2g} s"
    return f"{length:.0f} s" if length < 100 else ENGLISH.duration(length)  # noqa: PLR2004


def from_epoch(seconds: float) -> datetime:
    """Return the moment that the ledger's seconds stand for."""
    return datetime.fromtimestamp(seconds, tz=UTC)


@cache
def templates_in(language: Language) -> Environment:
    """Return the templates for one language: `say`, `count` and the filters of times speak it."""
    environment = Environment(
        loader=FileSystemLoader(_WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    names: dict[str, Any] = {
        "asset": _addresses.__getitem__,
        "live": None,
        "script_words": script_words(language, _scripts),
        **spoken_names(language),
    }
    environment.globals.update(names)
    environment.filters.update({**SHOWN, **spoken_filters(language)})
    return environment


SHOWN: dict[str, Any] = {"thousands": thousands, "seconds": seconds, "from_epoch": from_epoch}
templates = templates_in(ENGLISH)


def page(template: str, *, status_code: int = 200, language: Language = ENGLISH, **context: object) -> HTMLResponse:
    """Render a page that is for one reader alone: never stored, never indexed."""
    html = templates_in(language).get_template(template).render(**context)
    headers = {**PRIVATE_HEADERS, "Content-Language": language.code, "Vary": "Accept-Language"}
    return HTMLResponse(html, status_code=status_code, headers=headers)
