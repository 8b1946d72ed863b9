"""How each channel says the latest update of an incident, to one audience in one language."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import NotFound
from tocsin.services.preview import Preview, show_latest
from tocsin.services.samples import Sample, render
from tocsin.services.tell_story import Teller
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages.console_frame import place_of, problem, show
from tocsin.web.pages.layout import PRIVATE_HEADERS
from tocsin.web.pages.reader import languages
from tocsin.web.pages.session import Operator

router = APIRouter(prefix="/console/incidents/{which}/looks", include_in_schema=False)

# The page shows the mail in a frame of ours; nothing else may.
_FRAMING = PRIVATE_HEADERS["Content-Security-Policy"] + "; frame-src 'self'"
# A mail styles itself. It runs nothing, loads nothing, sends no form, and leads nowhere.
_MAIL_HEADERS = {
    **PRIVATE_HEADERS,
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
        "base-uri 'none'; form-action 'none'"
    ),
}


@dataclass(frozen=True, slots=True)
class _Found:
    preview: Preview
    samples: list[Sample]

    def of(self, audience: str, language: str) -> dict[str, Sample]:
        """Return the samples of one audience by channel, in `language` where there is one, else the nearest."""
        found: dict[str, Sample] = {}
        for sample in self.samples:
            if sample.audience == audience and (sample.channel not in found or sample.language == language):
                found[sample.channel] = sample
        return found

    def languages(self, audience: str) -> list[str]:
        """Return its languages, the one that most people read before the others."""
        readers: dict[str, int] = {}
        for sample in self.samples:
            if sample.audience == audience:
                readers[sample.language] = readers.get(sample.language, 0) + sample.hearers
        return sorted(readers, key=lambda language: -readers[language])


@router.get("")
async def show_looks(which: str, site: SiteDep, operator: Operator, audience: str = "", language: str = "") -> Response:
    """Show every channel as its reader sees it."""
    try:
        found = await _find(site, which)
    except NotFound as error:
        return problem(site, operator, error, 404)
    addressed = [one.name for one in site.audiences.in_mask(found.preview.snapshot.audiences)]
    audience = audience if audience in addressed else addressed[-1]
    languages = found.languages(audience)
    language = language if language in languages else next(iter(languages), "en")
    shown = show(
        "looks",
        site,
        operator,
        place_of(found.preview.snapshot),
        live=None,
        which=which,
        said=found.preview.snapshot,
        addressed=addressed,
        audience=audience,
        languages=languages,
        spoken=language,
        samples=found.of(audience, language),
        pretty=_pretty,
    )
    shown.headers["Content-Security-Policy"] = _FRAMING
    return shown


@router.get("/email")
async def show_mail(which: str, site: SiteDep, operator: Operator, audience: str = "", language: str = "") -> Response:
    """Serve the HTML of the e-mail alone, for the frame."""
    del operator
    try:
        sample = (await _find(site, which)).of(audience, language).get(ChannelName.EMAIL)
    except NotFound:
        sample = None
    if sample is None or "html" not in sample.look.content:
        return HTMLResponse("There is nothing to show.", status_code=404, headers=_MAIL_HEADERS)
    return HTMLResponse(sample.look.content["html"], headers=_MAIL_HEADERS)


async def _find(site: Site, which: str) -> _Found:
    preview = await show_latest(site.engine, which)
    teller = Teller(site.audiences, languages(), brand=site.settings.brand, url=site.settings.url)
    return _Found(preview, await asyncio.to_thread(render, preview, site.channels, teller, site.audiences))


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
