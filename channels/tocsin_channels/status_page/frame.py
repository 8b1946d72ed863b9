"""What every file for visitors is made with: the templates in its language, and the links to the other languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import tocsin
from tocsin.domain.asset import asset_name
from tocsin.domain.incident import Status
from tocsin.domain.language import Language
from tocsin.domain.page import PageIncident, page_path
from tocsin.domain.speech import LABELS
from tocsin.domain.spoken_html import spoken_filters, spoken_names
from tocsin.domain.spoken_script import script_words
from tocsin.domain.uptime import DAYS, uptime
from tocsin_channels.status_page.bars import bars, record
from tocsin_channels.status_page.markdown import to_html

_SHARED: Final = Path(tocsin.__file__).parent / "web"  # the frame and the style are those of all our pages


@dataclass(frozen=True, slots=True)
class Frame:
    """Around what is said in `language`: the page's name and address, and the `languages` that it is there in."""

    language: Language
    languages: tuple[Language, ...]
    brand: str
    url: str
    push_key: str

    def html(self, template: str, *, at: str = "", **context: object) -> bytes:
        """Return the file that is at the path `at` in each language: "history"."""
        made = _templates(self.language).get_template(template)
        names = {"languages": self.languages, "brand": self.brand, "url": self.url, "push_key": self.push_key}
        return made.render(at=at, **names, **context).encode()


@cache
def assets() -> dict[str, bytes]:
    """Return path → content of the style, scripts and icon that all pages share."""
    contents = {path.name: path.read_bytes() for path in sorted((_SHARED / "static").iterdir())}
    return {f"static/{asset_name(name, content)}": content for name, content in contents.items()}


@cache
def _templates(language: Language) -> Environment:
    own = Path(__file__).parent / "templates"
    environment = Environment(
        loader=FileSystemLoader([own, _SHARED / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    addresses = {f"{path.split('/')[1].split('.')[0]}.{path.rpartition('.')[2]}": f"/{path}" for path in assets()}
    scripts = [content for path, content in assets().items() if path.endswith(".js")]
    names: dict[str, Any] = {
        "asset": addresses.__getitem__,
        "live": None,
        "script_words": script_words(language, scripts),
        "shown_days": DAYS,
        "bars": partial(bars, language),
        "record": partial(record, language),
        "uptime": uptime,
        "label": partial(_label, language),
        "lasted": partial(_lasted, language),
        "path_in": page_path,
        **spoken_names(language),
    }
    environment.globals.update(names)
    environment.filters.update({"markdown": to_html, **spoken_filters(language)})
    for template in own.iterdir():
        environment.get_template(template.name)  # compiled with the first page, so that no incident waits for it
    return environment


def _label(language: Language, status: Status) -> str:
    return language.say(LABELS[status])


def _lasted(language: Language, incident: PageIncident) -> str:
    return language.duration(((incident.resolved_at or incident.updated_at) - incident.started_at).total_seconds())
