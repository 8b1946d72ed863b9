"""Operators' words: whom each file is for, what is refused and where, and that nothing waits for a broken one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mail_to_send import chapter, story
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Phase
from tocsin.domain.story import Story
from tocsin.languages import read_languages
from tocsin.settings import REPOSITORY_CONFIG
from tocsin_channels.registry_words import PIECES
from tocsin_channels.templates import Wording, read_wording
from words_to_send import AUDIENCES, SHIPPED

LANGUAGES = read_languages(Path("/nowhere")).languages
SMS = ChannelName.SMS
FAR = "well, " * 120


def read(folder: Path, files: dict[str, str | bytes], channel: ChannelName = SMS) -> Wording:
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_wording(folder, PIECES[channel], AUDIENCES)


def told(locale: str = "en", audience: str = "customers", phase: Phase = Phase.UPDATE) -> Story:
    language = LANGUAGES.of(locale)
    return replace(story(chapter(phase=phase)), locale=locale, audience=audience, language=language)


@pytest.mark.parametrize("channel", PIECES)
def test_the_files_that_come_with_tocsin_are_the_built_in_words(channel: ChannelName) -> None:
    files = {path.name: path.read_text().strip() for path in (REPOSITORY_CONFIG / "templates" / channel).iterdir()}
    assert files == {f"{piece.name}.txt": piece.built_in for piece in PIECES[channel]}
    assert SHIPPED[channel].faults == ()


@pytest.mark.parametrize("channel", PIECES)
def test_where_there_is_no_folder_the_built_in_words_are_said_in_every_language(channel: ChannelName) -> None:
    wording = read_wording(Path("/nowhere"), PIECES[channel], AUDIENCES)
    for piece in PIECES[channel]:
        for language in LANGUAGES:
            said = wording.text(piece.name, told(language.code))
            assert said == SHIPPED[channel].text(piece.name, told(language.code))
            piece.parse(said)
        assert wording.text(piece.name, told()) == piece.built_in


def test_the_file_that_says_most_about_its_reader_is_taken_language_before_audience_before_phase(
    tmp_path: Path,
) -> None:
    suffixes = ("", "resolved", "oncall", "resolved.oncall", "de", "resolved.de", "oncall.de", "resolved.oncall.de-AT")
    names = {f"one.{suffix}.txt".replace("..", "."): f"{suffix}: {{{{title}}}}" for suffix in suffixes}
    wording = read(tmp_path, dict(names))
    assert wording.faults == ()

    def chosen(locale: str, audience: str, phase: Phase) -> str:
        return wording.text("one", told(locale, audience, phase)).partition(":")[0]

    assert chosen("en", "customers", Phase.UPDATE) == ""
    assert chosen("en", "customers", Phase.RESOLVED) == "resolved"
    assert chosen("en", "oncall", Phase.UPDATE) == "oncall"
    assert chosen("fr", "oncall", Phase.RESOLVED) == "resolved.oncall"
    assert chosen("de", "customers", Phase.UPDATE) == "de"
    assert chosen("de_AT", "customers", Phase.RESOLVED) == "resolved.de"
    assert chosen("de", "oncall", Phase.RESOLVED) == "oncall.de"
    assert chosen("de-at", "oncall", Phase.RESOLVED) == "resolved.oncall.de-AT"


def test_a_file_for_english_is_for_all_whose_language_nobody_translated(tmp_path: Path) -> None:
    wording = read(
        tmp_path, {"one.txt": "{{title}} alle", "one.en.txt": "{{title}} all", "one.fr.txt": "{{title}} tous"}
    )
    said = [wording.text("one", told(locale)).split()[-1] for locale in ("en-GB", "it", "fr-CA", "de")]
    assert said == ["all", "all", "tous", "alle"]


def test_incidents_in_different_phases_are_told_together_in_words_for_no_phase(tmp_path: Path) -> None:
    wording = read(tmp_path, {"several.txt": "{{incidents}}", "several.resolved.txt": "over: {{incidents}}"})
    over, new = chapter(phase=Phase.RESOLVED), chapter(phase=Phase.OPENED)
    assert wording.text("several", story(over, over)) == "over: {{incidents}}"
    assert wording.text("several", story(over, new)) == "{{incidents}}"


def test_an_operators_words_are_said_in_a_language_where_its_catalog_has_them(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text(
        'msgid "News: {{title}}"\nmsgstr "Neues: {{title}}"\n\nmsgid "Now: {{title}}"\nmsgstr "Jetzt: {{{title}}"\n',
        "utf-8",
    )
    german = read_languages(tmp_path).languages.of("de")
    (tmp_path / "sms").mkdir()
    wording = read(tmp_path / "sms", {"one.txt": "News: {{title}}\n", "one.oncall.txt": "Now: {{title}}"})
    assert wording.text("one", replace(told(), language=german)) == "Neues: {{title}}"
    assert wording.text("one", replace(told(audience="oncall"), language=german)) == "Now: {{title}}"


@pytest.mark.parametrize(
    ("channel", "name", "content", "said"),
    [
        (SMS, "one.txt", "{{brand}}\n{{tilte}}", r"sms/one\.txt, line 2: \{\{tilte\}\} .*Did you mean \{\{title\}\}\?"),
        (SMS, "one.txt", "{{title}}\n\n{{url", r"line 3: .*no placeholder"),
        (SMS, "one.txt", "{{title}}\n{url}", r"line 2: A brace stands alone"),
        (SMS, "one.txt", "{{title}} :-}", r"line 1: A brace stands alone"),
        (SMS, "one.txt", "{{title}}\n{% if url %}", r"line 2: .*no conditions"),
        (SMS, "one.txt", "{{brand}}: we know.", r"line 1: Nothing here says \{\{title\}\}"),
        (SMS, "one.txt", "", r"line 1: Nothing here says \{\{title\}\}"),
        (SMS, "several.txt", "{{title}}", r"line 1: \{\{title\}\} is not known here"),
        (SMS, "one.txt", b"{{title}}\nfr\xfcher", r"line 2: This is no UTF-8\. Save"),
        (SMS, "one.txt", "{{title}}\nred\u202eder", r"line 2: Character 4 is U\+202E"),
        (SMS, "one.txt", f"{{{{title}}}}\n{FAR}", r"line 2: Here it grows too long: .* 5 segments, and 3 are the most"),
        (SMS, "one.oncal.txt", "{{title}}", r"one\.oncal\.txt: 'oncal' is no phase.*Did you mean 'oncall'\?"),
        (SMS, "one.de.oncall.txt", "{{title}}", r"'oncall' is no .* at this place\. Call it one\[\.phase\]"),
        (SMS, "one.solved.txt", "{{title}}", r"'solved' is no phase.*Did you mean 'resolved'\?"),
        (SMS, "one.xx.txt", "{{title}}", r"'xx' is no .*language"),
        (SMS, "eins.txt", "{{title}}", r"sms/eins\.txt: Nothing reads .* There are one\.txt, several\.txt"),
        (SMS, "one.html", "{{title}}", r"sms/one\.html: Nothing reads"),
        (ChannelName.PUSH, "one.txt", "{{title}}\n" + "é" * 800, r"push/one\.txt, line 2: .*1,601 bytes, and 1,500"),
        (ChannelName.PUSH, "one.txt", "{{body}}", r"Nothing here says \{\{title\}\}"),
        (ChannelName.SOCIAL, "post.txt", "{{title}}", r"says \{\{mark\}\} or \{\{status\}\}"),
        (ChannelName.SOCIAL, "post.txt", "{{status}}\n" + "の" * 150, r"line 2: .*314 characters as X counts them"),
        (ChannelName.CHAT, "first.txt", "{{sentence}}\n", r"chat/first\.txt, line 1: .*exactly once"),
        (ChannelName.CHAT, "reply.txt", "{{body}}\n\n{{body}}\n", r"line 3: .*exactly once"),
        (ChannelName.CHAT, "reply.txt", "So: {{body}}\n", r"line 1: .*on a line of its own"),
        (ChannelName.CHAT, "first.txt", "{{body}}\n" + "more\n" * 50, r"line 42: .*more than 40 lines"),
        (ChannelName.CHAT, "headline.txt", "{{title}}\n{{body}}", r"line 2: \{\{body\}\} is not known here"),
        (ChannelName.CHAT, "footer.txt", "f" * 201, r"line 1: .*201 characters, and 200"),
        (ChannelName.EMAIL, "subject.txt", "[{{status}}]", r"email/subject\.txt, line 1: .*says \{\{title\}\}"),
        (ChannelName.EMAIL, "footer.txt", "{{unsubscribe_url}}", r"line 1: .*is not known here"),
        (ChannelName.EMAIL, "message.html", "<p>", r"Nothing reads .* There are subject\.txt"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_line_and_stops_nothing(
    tmp_path: Path, channel: ChannelName, name: str, content: str | bytes, said: str
) -> None:
    folder = tmp_path / channel
    folder.mkdir()
    wording = read(folder, {name: content}, channel)
    [fault] = wording.faults
    assert re.search(said, fault)
    assert fault.endswith("as if the file were not there.")
    for piece in PIECES[channel]:
        assert wording.text(piece.name, told()) == piece.built_in


def test_a_file_that_may_not_be_read_is_refused_and_so_is_a_second_one_for_the_same_readers(tmp_path: Path) -> None:
    (tmp_path / "one.txt").mkdir()
    wording = read(
        tmp_path, {"one.de-AT.txt": "{{title}}", "one.de_at.txt": "{{title}} 2", ".one.txt.swp": "", "x.txt~": ""}
    )
    same, unreadable = wording.faults
    assert "another file is for the same readers" in same
    assert re.search(r"one\.txt: It cannot be read \(Is a directory\)\. Let the user that Tocsin runs as", unreadable)


def test_a_broken_file_for_few_leaves_its_readers_the_file_for_all(tmp_path: Path) -> None:
    wording = read(tmp_path, {"one.txt": "{{title}} for all", "one.resolved.txt": "{{titel}}"})
    assert len(wording.faults) == 1
    assert wording.text("one", told(phase=Phase.RESOLVED)) == "{{title}} for all"


def test_what_an_editor_and_a_system_of_another_kind_write_is_read(tmp_path: Path) -> None:
    wording = read(tmp_path, {"one.txt": b"\xef\xbb\xbf\r\n{{title}}\r\n{{url}}\r\n\r\n"})
    assert wording.faults == ()
    assert wording.text("one", told()) == "{{title}}\n{{url}}"
