"""The page in every language: its own words, dates and texts, the same state, and a way from each to the others."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from page_samples import GERMAN, NOW, component, in_german, incident, page, update
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Status
from tocsin.domain.page import Page
from tocsin.domain.uptime import Span
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.sentences import state_sentence

DOWN, PARTLY, SLOW = (
    ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE,
)  # fmt: skip


def busy_page() -> Page:
    spans = [Span(NOW - timedelta(days=3, hours=2), NOW - timedelta(days=3), PARTLY)]
    known = ("api", "Api", ComponentStatus.OPERATIONAL, DOWN)
    now = update("We know why.", Status.IDENTIFIED, components=(known,), id_="upd000000002")
    then = update("We look into it.", at=NOW - timedelta(hours=1))
    over = incident("Old", update("Over.", Status.RESOLVED, at=NOW - timedelta(days=2)), id_="inc000000002")
    told = incident("Mail is late", now, then, next_update_at=NOW + timedelta(minutes=30))
    shown = page(components=[component("api", DOWN, spans=spans)], incidents=[told, over])
    german = incident("E-Mails kommen spät", update("Wir wissen, warum.", Status.IDENTIFIED), then)
    return in_german(shown, german, over)


def words_of(html: bytes) -> str:
    """Return what a visitor reads, on one line, and then what is read out of pictures."""
    labels = re.findall(r'aria-label="([^"]*)"', html.decode())
    text = re.sub(r"<[^>]*>", " ", re.sub(r"</?time[^>]*>", "", html.decode()))
    return unescape(" ".join([*text.split(), *labels]))


def test_every_page_is_there_in_every_language_and_says_which() -> None:
    files = render(busy_page())
    english = {path for path in files if path.endswith(".html") and not path.startswith("de/")}
    assert {f"de/{path}" for path in english} == {path for path in files if path.startswith("de/") and "html" in path}
    for path in english:
        assert b'<html lang="en">' in files[path], path
        assert b'<html lang="de" ' in files[f"de/{path}"], path
    assert json.loads(files["stamp.json"])["files"].keys() == files.keys() - {"stamp.json"}


def test_the_page_speaks_german() -> None:
    files = render(busy_page())
    read = words_of(files["de/index.html"])
    for words in (
        "Api ist ausgefallen. Wir haben die Ursache gefunden und arbeiten an der Behebung.",
        "1 frühere Meldung", "E-Mails kommen spät", "Wir wissen, warum.", "99,97 % verfügbar", "vor 90 Tagen",
        "19. November 2026", "18. November 2026: 2 h teilweise ausgefallen", "Behoben am 19. Nov., 12:31 UTC",
        "Stand: 21. Nov., 12:31 UTC.",
    ):  # fmt: skip
        assert words in read, words
    assert "November 2026" in words_of(files["de/history.html"])
    assert "noch offen: Ursache gefunden" in words_of(files["de/history.html"])
    told = words_of(files["de/incidents/inc000000001.html"])
    assert "Ursache gefunden, offen seit 21. Nov., 11:31 UTC." in told


FEEDS = ("history.atom", "history.rss")  # people read these, whatever program shows them


def test_texts_in_a_language_are_for_its_readers_and_not_for_programs() -> None:
    files = render(busy_page())
    german = {path for path, content in files.items() if b"Wir wissen, warum." in content}
    assert german == {f"de/{name}" for name in ("index.html", "incidents/inc000000001.html", *FEEDS)}
    assert b"We know why." not in files["de/index.html"]
    assert {path: content for path, content in render(page_alone()).items() if path.startswith("api/")} == {
        path: content for path, content in files.items() if path.startswith("api/")
    }


def page_alone() -> Page:
    """Return the busy page as one without translations."""
    shown = busy_page()
    return page(components=shown.components, incidents=shown.incidents)


@pytest.mark.parametrize(
    ("file", "english", "german"),
    [
        ("index.html", "/", "/de/"),
        ("history.html", "/history", "/de/history"),
        ("incidents/inc000000001.html", "/incidents/inc000000001", "/de/incidents/inc000000001"),
        ("404.html", "/", "/de/"),
    ],
)
def test_one_goes_from_each_page_to_the_same_in_the_other_language(file: str, english: str, german: str) -> None:
    files = render(busy_page())
    assert f'<a href="{german}" lang="de" hreflang="de">Deutsch</a>' in files[file].decode()
    assert f'<a href="{english}" lang="en" hreflang="en">English</a>' in files[f"de/{file}"].decode()
    told = set(re.findall(r'<link rel="alternate" hreflang="([^"]*)" href="([^"]*)">', files[file].decode()))
    site = "https://status.acme.test"
    wanted = {("en", f"{site}{english}"), ("de", f"{site}{german}"), ("x-default", f"{site}{english}")}
    assert told == (set() if file == "404.html" else wanted)
    assert told == set(re.findall(r'rel="alternate" hreflang="([^"]*)" href="([^"]*)"', files[f"de/{file}"].decode()))


def test_german_links_stay_in_german() -> None:
    files = render(busy_page())
    there = {f"/{path.removesuffix('.html').removesuffix('index')}" for path in files}
    for path, content in files.items():
        if path.startswith("de/") and path.endswith(".html"):
            links = re.findall(r'<a [^>]*?href="(/[^"]*)"(?! lang)', content.decode())
            assert all(link.startswith("/de/") or link == "/subscribe?lang=de" for link in links), (path, links)
            assert set(links) <= there | {"/subscribe?lang=de"}, path


def test_a_page_in_one_language_links_to_no_other() -> None:
    assert b"hreflang" not in render(page())["index.html"]


def test_what_takes_pushes_knows_its_words_in_each_language() -> None:
    files = render(busy_page())
    [words] = re.findall(r"^const WORDS = (.*);", files["sw.js"].decode(), re.MULTILINE)
    assert json.loads(words)["de"]["Stop these"] == "Abbestellen"
    manifest = json.loads(files["de/manifest.json"])
    assert (manifest["lang"], manifest["start_url"], manifest["name"]) == ("de", "/de/", "Acme Status")
    assert json.loads(files["manifest.json"])["start_url"] == "/"


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        ([], "Alles ist in Betrieb."),
        ([DOWN, DOWN], "A und B sind ausgefallen."),
        ([SLOW, PARTLY], "B ist teilweise ausgefallen. A ist langsam."),
        ([DOWN] * 5, "A, B und 3 weitere sind ausgefallen."),
    ],
)
def test_the_state_is_a_german_sentence(statuses: list[ComponentStatus], sentence: str) -> None:
    components = [component(name, status) for name, status in zip("abcde", statuses, strict=False)]
    [german] = in_german(page(components=components)).translations
    assert german.language is GERMAN
    assert state_sentence(german) == sentence
