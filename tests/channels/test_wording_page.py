"""What docs/wording.md says: each file with its places and its room, and examples that come out as they are shown."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from spoken import spoken
from texts_to_send import chapter, story
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Phase, Status
from tocsin.languages import read_languages
from tocsin.settings import REPOSITORY_CONFIG
from tocsin_channels.registry_words import PIECES
from tocsin_channels.templates import PHASES, Piece, read_wording
from words_to_send import AUDIENCES

PAGE = (REPOSITORY_CONFIG.parent / "docs" / "wording.md").read_text()
TEMPLATE, SAID, BROKEN, REFUSED = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
GERMAN = read_languages(Path("/nowhere")).languages.of("de")


def places(names: frozenset[str], between: str = " ") -> str:
    return between.join(f"`{{{{{name}}}}}`" for name in sorted(names))


def row(channel: ChannelName, piece: Piece) -> str:
    headline = PIECES[ChannelName.CHAT][0].places
    shown = places(piece.places)
    if channel is ChannelName.CHAT and piece.name != "headline":
        shown = "those of the headline" + (", and `{{body}}`" if piece.places - headline else "")
    needed = "`{{body}}`" if channel is ChannelName.CHAT and "body" in piece.places else places(piece.needed, " or ")
    cells = (f"`{channel}/{piece.name}.txt`", shown, needed, f"{piece.room.longest:,} {piece.room.unit}")
    return " ".join(("|", " | ".join(cells), "|")).replace("|  |", "| |")


def test_the_table_has_every_file_with_its_places_and_its_room() -> None:
    table = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert table == [row(channel, piece) for channel, pieces in PIECES.items() for piece in pieces]


def test_every_phase_is_named() -> None:
    assert [phase for phase in PHASES if f"`{phase}`" not in PAGE] == []


def test_the_example_says_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "one.resolved.de.txt").write_text(TEMPLATE)
    wording = read_wording(tmp_path, PIECES[ChannelName.SMS], AUDIENCES)
    over = chapter(title="Checkout", status=Status.RESOLVED, phase=Phase.RESOLVED)
    told = replace(story(over), locale="de", language=GERMAN)
    assert spoken(ChannelName.SMS, told, wording)["text"] == SAID.strip()


def test_the_broken_example_is_refused_as_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "sms"
    folder.mkdir()
    (folder / "one.txt").write_text(BROKEN)
    assert read_wording(folder, PIECES[ChannelName.SMS], AUDIENCES).faults == (" ".join(REFUSED.split()),)
