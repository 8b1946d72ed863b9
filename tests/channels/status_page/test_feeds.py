"""The history as Atom and RSS: well-formed whatever people write, with what RFC 4287 and RSS 2.0 ask for."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from page_samples import NOW, component, in_german, incident, page, update
from tocsin.domain.incident import Status
from tocsin.domain.page import Page
from tocsin_channels.status_page.feeds import feed_files
from tocsin_channels.status_page.render import render

ATOM = "{http://www.w3.org/2005/Atom}"
URL = "https://status.acme.test"
OVER = update("It **works** again.", Status.RESOLVED, at=NOW)
BEGAN = update("We see <b>failed</b> payments.", at=NOW - timedelta(hours=1))
OLD = incident("Mail is late", update("Late.", at=NOW - timedelta(days=9)), id_="inc000000002")
SHOWN = page(components=[component("api")], incidents=[OLD, incident("Checkout & more", OVER, BEGAN)])


def atom(shown: Page) -> ET.Element:
    return ET.fromstring(feed_files(shown)["history.atom"])


def rss(shown: Page) -> ET.Element:
    channel = ET.fromstring(feed_files(shown)["history.rss"]).find("channel")
    assert channel is not None
    return channel


def texts(found: ET.Element, *names: str) -> list[str]:
    return [found.findtext(name) or "" for name in names]


def test_an_atom_feed_has_what_the_standard_requires() -> None:
    feed = atom(SHOWN)
    assert texts(feed, f"{ATOM}id", f"{ATOM}title", f"{ATOM}updated") == [
        f"{URL}/history.atom", "Acme status", "2026-11-21T12:31:00Z",
    ]  # fmt: skip
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Acme"
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {"self": f"{URL}/history.atom", "alternate": f"{URL}/history"}
    first, second = feed.findall(f"{ATOM}entry")
    assert texts(first, *(f"{ATOM}{name}" for name in ("id", "title", "published", "updated"))) == [
        f"{URL}/incidents/inc000000001", "Checkout & more", "2026-11-21T11:31:00Z", "2026-11-21T12:31:00Z",
    ]  # fmt: skip
    assert second.findtext(f"{ATOM}title") == "Mail is late"
    content = first.find(f"{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"
    said = content.text or ""
    assert said.index("<strong>Resolved</strong>, 21 Nov, 12:31 UTC") < said.index("<strong>Investigating</strong>")
    assert "It <strong>works</strong> again." in said
    assert "<b>" not in said  # what people write is words, never markup


def test_an_rss_feed_says_the_same() -> None:
    channel = rss(SHOWN)
    assert texts(channel, "title", "link", "description", "language") == [
        "Acme status", f"{URL}/history", "Acme status", "en",
    ]  # fmt: skip
    first, _ = channel.findall("item")
    assert texts(first, "title", "link", "guid") == ["Checkout & more", *[f"{URL}/incidents/inc000000001"] * 2]
    assert parsedate_to_datetime(first.findtext("pubDate") or "") == NOW
    entry = atom(SHOWN).find(f"{ATOM}entry")
    assert entry is not None
    assert first.findtext("description") == entry.findtext(f"{ATOM}content")


def test_each_language_has_feeds_of_its_own() -> None:
    files = render(in_german(SHOWN, incident("Kasse gestört", update("Wir sehen Fehler."))))
    german = ET.fromstring(files["de/history.atom"])
    assert german.findtext(f"{ATOM}title") == "Acme Status"
    assert german.findtext(f"{ATOM}id") == f"{URL}/de/history.atom"
    assert german.findtext(f"{ATOM}entry/{ATOM}title") == "Kasse gestört"
    assert "Wird untersucht" in (german.findtext(f"{ATOM}entry/{ATOM}content") or "")
    assert b"Checkout &amp; more" in files["history.rss"]


def test_pages_name_their_feeds() -> None:
    files = render(in_german(SHOWN))
    for path, folder, title in (
        ("index.html", "", "Acme status"),
        ("history.html", "", "Acme status"),
        ("de/index.html", "de/", "Acme Status"),
    ):
        for ending in ("atom", "rss"):
            address = f'title="{title}" href="/{folder}history.{ending}">'
            assert f'<link rel="alternate" type="application/{ending}+xml" {address}' in files[path].decode()


def test_a_page_that_says_nothing_new_has_the_same_feeds() -> None:
    later = NOW + timedelta(minutes=5)
    for shown in (SHOWN, page(components=[component("api")])):
        again = page(components=shown.components, incidents=shown.incidents, rendered_at=later)
        assert feed_files(again) == feed_files(shown)
    assert atom(page()).findtext(f"{ATOM}updated") == "2026-11-21T12:31:00Z"


def test_a_long_history_is_cut_at_its_oldest() -> None:
    many = [incident("x", update("y", at=NOW - timedelta(hours=n)), id_=f"inc{n:09}") for n in range(60)]
    entries = atom(page(incidents=many)).findall(f"{ATOM}entry")
    assert len(entries) == 50
    oldest = datetime.fromisoformat(entries[-1].findtext(f"{ATOM}updated") or "")
    assert oldest == NOW - timedelta(hours=49)


class Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.add(tag)


@given(title=st.text(max_size=40), body=st.text(max_size=80))
def test_no_words_break_a_feed_or_bring_in_markup(title: str, body: str) -> None:
    shown = page(incidents=[incident(title, update(body))])
    for content in (
        atom(shown).findtext(f"{ATOM}entry/{ATOM}content") or "",
        rss(shown).findtext("item/description") or "",
    ):
        read = Read()
        read.feed(content)
        assert not read.tags & {"script", "img", "iframe", "style", "form"}
