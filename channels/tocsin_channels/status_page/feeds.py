"""The history as feeds, for whoever reads news in a program of their own: Atom (RFC 4287) and RSS 2.0.

An incident or a maintenance is one entry with all its updates, the newest first; it comes anew whenever more is said.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from xml.etree import ElementTree as ET

from markupsafe import escape

from tocsin.domain.language import instant
from tocsin.domain.page import Page, PageIncident, page_path
from tocsin.domain.speech import LABELS, planned_for
from tocsin_channels.status_page.markdown import to_html

_MOST: Final = 50
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
# What XML 1.0 cannot carry (section 2.2), in whatever way it is written.
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed_files(page: Page) -> dict[str, bytes]:
    """Return path → content, relative to the folder of the page's language."""
    return {"history.atom": _atom(page), "history.rss": _rss(page)}


def _atom(page: Page) -> bytes:
    own = _url(page, "history.atom")
    feed = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", _LANG: page.language.code})
    _put(feed, "id", own)
    _put(feed, "title", _title(page))
    _put(feed, "updated", instant(_updated_at(page)))
    _put(feed, "link", "", rel="self", type="application/atom+xml", href=own)
    _put(feed, "link", "", rel="alternate", type="text/html", href=_url(page, "history"))
    _put(ET.SubElement(feed, "author"), "name", page.brand)
    for incident in _newest(page):
        at = _url(page, f"incidents/{incident.id}")
        entry = ET.SubElement(feed, "entry")
        _put(entry, "id", at)
        _put(entry, "title", incident.title)
        _put(entry, "published", instant(incident.created_at))
        _put(entry, "updated", instant(incident.updated_at))
        _put(entry, "link", "", rel="alternate", type="text/html", href=at)
        _put(entry, "content", _said(page, incident), type="html")
    return _written(feed)


def _rss(page: Page) -> bytes:
    rss = ET.Element("rss", {"version": "2.0", "xmlns:atom": "http://www.w3.org/2005/Atom"})
    channel = ET.SubElement(rss, "channel")
    _put(channel, "title", _title(page))
    _put(channel, "link", _url(page, "history"))
    _put(channel, "description", _title(page))
    _put(channel, "language", page.language.code)
    _put(channel, "lastBuildDate", format_datetime(_updated_at(page)))
    _put(channel, "atom:link", "", rel="self", type="application/rss+xml", href=_url(page, "history.rss"))
    for incident in _newest(page):
        at = _url(page, f"incidents/{incident.id}")
        item = ET.SubElement(channel, "item")
        _put(item, "title", incident.title)
        _put(item, "link", at)
        _put(item, "guid", at, isPermaLink="true")
        _put(item, "pubDate", format_datetime(incident.updated_at))
        _put(item, "description", _said(page, incident))
    return _written(rss)


def _said(page: Page, incident: PageIncident) -> str:
    """Return an incident's updates as HTML."""
    language = page.language
    planned = (
        "" if incident.window is None else f"<p>{escape(planned_for(language, incident.status, incident.window))}</p>\n"
    )
    return planned + "\n".join(
        f"<p><strong>{escape(language.say(LABELS[update.status]))}</strong>, {language.moment(update.created_at)}</p>"
        f"\n{to_html(update.body)}"
        for update in incident.updates
    )


def _newest(page: Page) -> list[PageIncident]:
    return sorted(page.told, key=lambda incident: incident.updated_at, reverse=True)[:_MOST]


def _updated_at(page: Page) -> datetime:
    """Return when anything was said last; a page that says nothing new is the same file."""
    said = [incident.updated_at for incident in page.told]
    return max(said or [component.created_at for component in page.components] or [page.rendered_at])


def _title(page: Page) -> str:
    return page.language.say("{brand} status", brand=page.brand)


def _url(page: Page, path: str) -> str:
    return f"{page.url}{page_path(page.language, path)}"


def _put(under: ET.Element, name: str, words: str, **attributes: str) -> None:
    ET.SubElement(under, name, attributes).text = _NO_XML.sub("\ufffd", words) or None


def _written(root: ET.Element) -> bytes:
    whole: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return whole
