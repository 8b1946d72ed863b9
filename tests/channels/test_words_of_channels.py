"""What each channel says in each language and phase, letter for letter, and that no language is in another."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mail_to_send import CHAPTER, chapter, story
from spoken import spoken
from tocsin.domain import text
from tocsin.domain.channel import ChannelName
from tocsin.domain.delivery import Rule
from tocsin.domain.errors import Refused
from tocsin.domain.incident import MAINTENANCE_STATUSES, Impact, Phase, Severity, Status
from tocsin.domain.maintenance import Window, components_in
from tocsin.domain.speech import state_of
from tocsin.domain.story import Chapter, Story
from tocsin.languages import read_languages
from tocsin_channels.registry_words import PIECES
from tocsin_channels.sms import gsm
from tocsin_channels.sms.text import write
from words_to_send import AUDIENCES, SHIPPED, written

GOLDEN: Final = Path(__file__).parent / "golden"
LANGUAGES: Final = read_languages(Path("/nowhere")).languages
PHASES: Final = {
    Status.INVESTIGATING: Phase.OPENED,
    Status.IDENTIFIED: Phase.UPDATE,
    Status.MONITORING: Phase.UPDATE,
    Status.RESOLVED: Phase.RESOLVED,
    Status.POSTMORTEM: Phase.POSTMORTEM,
    **dict.fromkeys(MAINTENANCE_STATUSES, Phase.MAINTENANCE),
}
# What is the same in every language.
SHARED: Final = {"acme", "mail", "mails", "nov", "sev", "stop", "support", "utc"}


def told(code: str, status: Status, *more: Chapter, rule: Rule = Rule.AUDIENCE, audience: str = "customers") -> Story:
    """Return a story whose own words are none: a title of one letter, a body of another."""
    language = LANGUAGES.of(code)
    is_down = language.say("partly down")
    one = chapter(title="T", body="B", status=status, phase=PHASES[status], components=(("C", is_down),))
    if status.is_maintenance:
        begins = CHAPTER.published_at + timedelta(hours=8)
        is_planned = language.say(state_of(status, components_in(status, ["c"])["c"]))
        one = replace(
            one,
            components=(("C", is_planned),),
            started_at=begins,
            next_update_at=None,
            impact=Impact.NONE,
            severity=Severity.SEV4,
            window=Window(begins, begins + timedelta(minutes=90)),
        )
    return replace(story(one, *more), locale=code, language=language, rule=rule, audience=audience)


def tomorrow(status: Status) -> Chapter:
    assert CHAPTER.next_update_at is not None
    later = CHAPTER.next_update_at + timedelta(days=1)
    return chapter(title="U", body="B", status=status, incident="u", next_update_at=later, components=())


def golden(code: str) -> str:
    """Return all that is said in a language, as it stands in golden/."""
    said: list[str] = []
    for channel in PIECES:
        stories = {status.value: told(code, status) for status in Status}
        if channel in {ChannelName.EMAIL, ChannelName.SMS, ChannelName.PUSH}:
            stories["several"] = told(code, Status.MONITORING, tomorrow(Status.INVESTIGATING))
        for name, one in stories.items():
            for part, words in spoken(channel, one).items():
                if part not in {"html", "card", "first"}:  # the same words in another form
                    said.append(f"--- {channel} {name}: {part}\n{words.rstrip()}\n")
    return "\n".join(said)


@pytest.mark.parametrize("code", ["en", "de"])
def test_every_channel_says_every_phase_in_these_words(code: str) -> None:
    assert golden(code) == (GOLDEN / f"{code}.txt").read_text("utf-8")


def words_of(said: dict[str, str]) -> set[str]:
    read = " ".join(re.sub(r"https?://\S+", "", part) for part in said.values())
    return {found.lower() for found in re.findall(r"[^\W\d_]{3,}", read)}


@pytest.mark.parametrize("channel", PIECES)
@pytest.mark.parametrize("rule", Rule)
def test_a_german_message_has_no_english_word_in_it(channel: ChannelName, rule: Rule) -> None:
    english, german = set[str](), set[str]()
    for status in Status:
        for audience in AUDIENCES:
            english |= words_of(spoken(channel, told("en", status, rule=rule, audience=audience)))
            german |= words_of(spoken(channel, told("de", status, rule=rule, audience=audience)))
    assert english & german <= SHARED
    assert len(german - SHARED) >= 5


@pytest.mark.parametrize("status", Status)
def test_a_german_text_message_keeps_to_the_cheap_alphabet_and_to_one_segment(status: Status) -> None:
    made = write(told("de", status), SHIPPED[ChannelName.SMS], Severity.SEV1)
    assert (made.count.encoding, made.count.segments) == ("GSM-7", 1)


TEMPLATES: Final = {
    ChannelName.EMAIL: ("subject", "subject", "{{title}}"),
    ChannelName.SMS: ("one", "text", "{{title}}"),
    ChannelName.SOCIAL: ("post", "post", "{{mark}} {{title}}"),
    ChannelName.CHAT: ("headline", "title", "{{title}}"),
    ChannelName.PUSH: ("one", "title", "{{title}}"),
}
NASTY: Final = ("{{body}}", "{{", "}}", "{title}", "{n}", "%s", "\\1", "$1", "é", "の", "😀", "a", " ")
TITLES: Final = st.one_of(st.text(max_size=20), st.lists(st.sampled_from(NASTY), max_size=5).map("".join))


def seen(words: str) -> str:
    """Return what tells values apart: letters, digits and the marks of templates."""
    return "".join(one for one in unicodedata.normalize("NFC", words) if one.isalnum() or one in "{}%$")


@pytest.mark.parametrize("channel", PIECES)
@settings(max_examples=60, deadline=None)
@given(title=TITLES)
@example(title="{{body}} {title} {n} %s")
def test_whatever_fills_a_place_is_said_as_it_is_and_never_read_again(channel: ChannelName, title: str) -> None:
    try:
        title = text.one_line(title, "title")
    except Refused:
        assume(False)  # noqa: FBT003 - hypothesis' own way
    name, part, template = TEMPLATES[channel]
    with TemporaryDirectory() as folder:
        wording = written(Path(folder), channel, **{name: template})
    assert wording.faults == ()
    said = spoken(channel, story(chapter(title=title)), wording)[part]
    assert seen(said) == seen(gsm.spell(title) if channel is ChannelName.SMS else title)
