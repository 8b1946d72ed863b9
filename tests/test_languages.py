"""Languages: every fixed word in every catalog, places that agree, and what becomes of a catalog that is wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2 import Environment

from tocsin.domain.language import ENGLISH, ENGLISH_ALONE, word
from tocsin.domain.spoken_html import spoken_names
from tocsin.languages import OURS, place_fault, read_languages
from words_used import ROOT, Used, words_used

NOON = datetime(2026, 11, 21, 12, 31, tzinfo=UTC)
CATALOGS = sorted(OURS.glob("*.po"))
LANGUAGES = read_languages(Path("/nowhere")).languages
GERMAN = LANGUAGES.of("de")
# A block of attributes stands in no tag where it is filled.
_ATTRIBUTES = re.compile(r"\{% block (body_class|main_attributes) %\}.*?\{% endblock %\}")
_TEMPLATES = ROOT / "src/tocsin/web/templates"
_NAMES = {"Atom", "RSS"}  # what formats are called in any language
# Pages that people outside read; those of operators are English.
TEMPLATES = [
    *(ROOT / "channels/tocsin_channels/status_page/templates").glob("*.html"),
    *(_TEMPLATES / name for name in ("layout.html", "pieces.html", "notify.html", "person_frame.html")),
    *(
        _TEMPLATES / name
        for name in ("unsubscribe.html", "unsubscribe_unknown.html", "elsewhere.html", "too_often.html")
    ),
    *(path for name in ("subscribe_", "confirm", "manage", "choices") for path in _TEMPLATES.glob(f"{name}*.html")),
]


def _catalog(path: Path) -> Catalog:
    return read_po(BytesIO(path.read_bytes()), locale=path.stem, abort_invalid=True)


def _whole(message: Message) -> bool:
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return bool(strings) and all(strings)


def _key(message_id: str | list[str] | tuple[str, ...]) -> Used:
    return message_id if isinstance(message_id, str) else (message_id[0], message_id[1])


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.stem)
def test_every_word_that_is_said_exists_in_every_language_and_no_other(path: Path) -> None:
    translated = {
        _key(message.id) for message in _catalog(path) if message.id and not message.fuzzy and _whole(message)
    }
    used = words_used()
    assert not {words: place for words, place in used.items() if words not in translated}, "Not translated."
    assert not translated - used.keys(), "Nobody says these any more."


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.stem)
def test_the_places_of_a_translation_are_those_of_the_words(path: Path) -> None:
    assert [fault for message in _catalog(path) if message.id and (fault := place_fault(message))] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_fixed_english_stands_in_templates_that_people_outside_read(path: Path) -> None:
    tokens = Environment(autoescape=True).lex(_ATTRIBUTES.sub("", path.read_text()))
    reader = _Words()
    reader.feed("".join(text for _, kind, text in tokens if kind == "data"))
    assert set(reader.found) <= _NAMES


class _Words(HTMLParser):
    """Collects what a person would read of the fixed part of a template."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"style", "script"}
        read_out = {"aria-label", "title", "alt", "placeholder"}
        self.found += [value for name, value in attrs if name in read_out and value and re.search(r"[A-Za-z]", value)]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"style", "script"}

    def handle_data(self, data: str) -> None:
        if not self._silent and re.search(r"[A-Za-z]{2}", data):
            self.found.append(data.strip())


def test_austria_reads_german_with_its_own_dates_and_who_speaks_what_nobody_translated_reads_english() -> None:
    assert LANGUAGES.of("de-AT").say("Resolved") == LANGUAGES.of("de_at").say("Resolved") == "Behoben"
    assert LANGUAGES.of("de-AT").moment(NOON.replace(month=1)) == "21. Jän., 12:31 UTC"
    for locale in ("fr", "", "en-US", "x-nonsense", "de-nowhere", "tlh"):
        assert LANGUAGES.of(locale).say("Resolved") in {"Resolved", "Behoben"}
    assert LANGUAGES.of("fr") is LANGUAGES.english
    assert ENGLISH_ALONE.of("de") is ENGLISH


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("de", "de"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr, de;q=0.5, en;q=0.6", "en"), ("en;q=0.1,de;q=0.9", "de"),
        ("", "en"), ("*", "en"), ("de;q=0", "en"), ("de;q=x,,;", "en"),
    ],
)  # fmt: skip
def test_a_browser_is_answered_in_the_language_that_it_likes_best(accepted: str, code: str) -> None:
    assert LANGUAGES.best(accepted).code == code


def test_dates_numbers_and_lengths_of_time_are_written_as_the_reader_writes_them() -> None:
    assert (ENGLISH.moment(NOON), GERMAN.moment(NOON)) == ("21 Nov, 12:31 UTC", "21. Nov., 12:31 UTC")
    assert GERMAN.moment(NOON, beside=NOON + timedelta(hours=1)) == "12:31 UTC"
    assert (ENGLISH.full_date(NOON.date()), GERMAN.full_date(NOON.date())) == ("21 November 2026", "21. November 2026")
    assert (ENGLISH.month(NOON), LANGUAGES.of("de").month(NOON.replace(month=3))) == ("November 2026", "März 2026")
    assert [ENGLISH.duration(s) for s in (45, 720, 3900, 259_200)] == ["45 s", "12 min", "1 h 5 min", "3 days"]
    assert [GERMAN.duration(s) for s in (45, 720, 3900, 259_200)] == ["45 s", "12 min", "1 h 5 min", "3 Tage"]
    ahead = [GERMAN.relative(NOON + timedelta(minutes=m), NOON) for m in (12, -5, 0, 5000, -60_000)]
    assert ahead == ["in 12 min", "vor 5 min", "gerade eben", "in 3 Tagen", "vor 41 Tagen"]
    assert (ENGLISH.number(12430), GERMAN.number(12430)) == ("12,430", "12.430")
    assert GERMAN.listed(["A", "B", "C"]) == "A, B und C"
    assert (ENGLISH.name, GERMAN.name) == ("English", "Deutsch")


def test_what_fills_a_place_is_never_read_for_places_again() -> None:
    assert ENGLISH.say(word("in {duration}"), duration="{duration} {brand}") == "in {duration} {brand}"
    said = spoken_names(GERMAN)["say"]("Stop all {what}", what="<b>{what}</b>")
    assert said == "Alle &lt;b&gt;{what}&lt;/b&gt; abbestellen"


def test_operators_words_come_before_ours_and_a_wrong_line_is_told_and_not_used(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text(
        'msgid "Resolved"\nmsgstr "Erledigt"\n\nmsgid "in {duration}"\nmsgstr "in {dauer}"\n', "utf-8"
    )
    (tmp_path / "fr.po").write_text('msgid "Resolved"\nmsgstr "Résolu"\n', "utf-8")
    (tmp_path / "en.po").write_text('msgid "Resolved"\nmsgstr "Fixed"\n', "utf-8")
    read = read_languages(tmp_path)
    assert [read.languages.of(tag).say("Resolved") for tag in ("de", "fr", "en", "it")] == [
        *("Erledigt", "Résolu", "Fixed", "Fixed"),
    ]
    assert read.languages.of("de").say("in {duration}", duration="5 min") == "in 5 min"
    assert read.languages.of("fr").say("Investigating") == "Investigating"
    assert len(read.faults) == 1
    assert "de.po, line 4: 'in {dauer}' must have the places of 'in {duration}': duration" in read.faults[0]


@pytest.mark.parametrize(
    ("hours", "english", "german"),
    [
        (48, "2 days", "2 Tage"),
        (24, "1 day", "1 Tag"),
        (36, "36 hours", "36 Stunden"),
        (1, "1 hour", "1 Stunde"),
        (1.5, "90 minutes", "90 Minuten"),
        (50.9, "50 hours", "50 Stunden"),
        (1 / 60, "1 minute", "1 Minute"),
        (0.001, "1 minute", "1 Minute"),
    ],
)
def test_how_long_something_is_good_is_said_in_words_with_the_plural_of_each_language(
    hours: float, english: str, german: str
) -> None:
    assert (ENGLISH.span(hours * 3600), GERMAN.span(hours * 3600)) == (english, german)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("de.po", b'msgid "Resolved"\nmsgstr "x"\nResolved = x\n', "de.po, line 3"),
        ("de.po", b'msgid "Resolved"\nmsgstr "\xff"\n', "de.po"),
        ("klingonish.po", b'msgid "Resolved"\nmsgstr "x"\n', "klingonish.po"),
    ],
)
def test_a_catalog_that_cannot_be_read_is_told_of_and_the_rest_goes_on(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    read = read_languages(tmp_path)
    assert len(read.faults) == 1
    assert told in read.faults[0]
    assert read.languages.of("de").say("Resolved") == "Behoben"
