"""Operators' words for chat: what each place says, and that none of it is read twice."""

from __future__ import annotations

from pathlib import Path

from mail_to_send import chapter, story
from tocsin.domain.channel import ChannelName
from tocsin.practice.chat_behaviour import BEHAVIOURS
from tocsin.settings import REPOSITORY_CONFIG
from tocsin_channels.chat import words
from tocsin_channels.chat.words import PLACEHOLDERS
from words_to_send import SHIPPED, written

CHAT = SHIPPED[ChannelName.CHAT]


def test_every_placeholder_has_a_value(tmp_path: Path) -> None:
    lines = "\n\n".join(f"{name}={{{{{name}}}}}" for name in sorted(PLACEHOLDERS - {"body"}))
    wording = written(tmp_path, ChannelName.CHAT, first=f"{lines}\n\n{{{{body}}}}\n")
    assert wording.faults == ()
    said = [passage.text for passage in words.first(story(chapter()), wording).before]
    assert len(said) == len(PLACEHOLDERS) - 1
    assert "title=Checkout is failing" in said
    assert "published=21 Nov, 20:03 UTC" in said


def test_what_a_value_holds_is_never_read_as_a_template() -> None:
    told = story(chapter(title="{{body}} {{brand}}"))
    assert words.first(told, CHAT).headline == "▲ {{body}} {{brand}}"


def test_the_documentation_names_every_room_that_misbehaves() -> None:
    told = (REPOSITORY_CONFIG.parent / "docs" / "channels.md").read_text().partition("## Chat")[2]
    for behaviour in BEHAVIOURS:
        assert f"| `{behaviour.name}` | {behaviour.does} | {behaviour.then} |" in told
