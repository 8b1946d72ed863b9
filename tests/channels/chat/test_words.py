"""Operators' words for chat: followed where they can be, and never a reason to say nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chat_to_send import ANYWHERE, TEMPLATES
from mail_to_send import chapter, story
from tocsin.domain.errors import ProviderDown
from tocsin.domain.placeholders import BrokenTemplate
from tocsin.practice.chat_behaviour import BEHAVIOURS
from tocsin_channels.chat.channel import ChatChannel, Services
from tocsin_channels.chat.post import Post
from tocsin_channels.chat.words import BUILT_IN, PLACEHOLDERS, Words, parse


def test_the_templates_that_are_shipped_are_the_built_in_words() -> None:
    assert {path.stem: path.read_text() for path in TEMPLATES.iterdir()} == BUILT_IN
    assert Words.load(TEMPLATES).faults == ()


def test_every_placeholder_has_a_value(tmp_path: Path) -> None:
    for name in ("headline", "footer"):
        (tmp_path / f"{name}.txt").write_text("Hello\n")
    lines = "\n\n".join(f"{name}={{{{{name}}}}}" for name in sorted(PLACEHOLDERS - {"body"}))
    for name in ("first", "reply"):
        (tmp_path / f"{name}.txt").write_text(f"{lines}\n\n{{{{body}}}}\n")
    words = Words.load(tmp_path)
    assert words.faults == ()
    told = story(chapter())
    said = [passage.text for passage in words.first(told, told.chapters[0]).before]
    assert len(said) == len(PLACEHOLDERS) - 1
    assert "title=Checkout is failing" in said
    assert "published=21 November, 20:03 UTC" in said


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("first", "{{body}}\n{{titel}}\n", "line 2: .*titel"),
        ("first", "{{sentence}}\n", "line 1: .*exactly once"),
        ("reply", "{{body}}\n\n{{body}}\n", "line 3: .*exactly once"),
        ("reply", "So: {{body}}\n", "line 1: .*on a line of its own"),
        ("headline", "{{title}}\n{{body}}\n", "line 2: .*not"),
        ("footer", "{{brand\n", "line 1: "),
        ("first", "{{body}}\n" + "more\n" * 50, "line 41: .*at most 40 lines"),
    ],
)
def test_a_broken_template_is_refused_with_its_line(name: str, text: str, says: str) -> None:
    with pytest.raises(BrokenTemplate, match=says):
        parse(name, text)


async def test_a_broken_template_is_told_to_operators_and_stops_no_delivery(
    tmp_path: Path, channel_to: Callable[..., ChatChannel]
) -> None:
    del channel_to
    (tmp_path / "first.txt").write_text("{{body}}\n{{nonsense}}\n")
    (tmp_path / "headline.txt").write_text("!! {{title}}\n")
    channel = ChatChannel(ANYWHERE, Services(), tmp_path)
    made = channel.render(story())
    assert isinstance(made, Post)
    assert made.first.blocks[0]["text"]["text"] == "!! Checkout is failing"
    assert "We know about it" in made.first.blocks[1]["text"]["text"]
    with pytest.raises(ProviderDown, match=r"first\.txt: line 2: .*nonsense"):
        await channel.check()


def test_what_a_value_holds_is_never_read_as_a_template() -> None:
    told = story(chapter(title="{{body}} {{brand}}"))
    assert Words.load(TEMPLATES).first(told, told.chapters[0]).headline == "▲ {{body}} {{brand}}"


def test_the_documentation_names_every_placeholder_and_every_room_that_misbehaves() -> None:
    told = (TEMPLATES.parents[2] / "docs" / "channels.md").read_text().partition("## Chat")[2]
    assert [name for name in PLACEHOLDERS if f"`{{{{{name}}}}}`" not in told] == []
    for behaviour in BEHAVIOURS:
        assert f"| `{behaviour.name}` | {behaviour.does} | {behaviour.then} |" in told
