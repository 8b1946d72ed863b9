"""What a browser is sent: few words, always small enough, and enough to tell what is newer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_to_send import chapter, story
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Phase, Status
from tocsin.domain.story import Story
from tocsin_channels.push.note import render
from tocsin_channels.push.words import write
from tocsin_channels.push.worth import BY_PHASE, Worth, worth_of
from words_to_send import SHIPPED, written

LARGEST = 3_993  # 4,096 that services take (RFC 8030, 7.2), without the seal's 103
PIECES = ("😀", "👩\u200d👩\u200d👧", "<!channel>", "@everyone", "\n", "\u202e", "\x00", "\ud800", '"', "\\", "é", " ")
TEXTS = st.one_of(
    st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=60).map("".join)
)


def said(told: Story) -> dict[str, Any]:
    body = render(told, SHIPPED[ChannelName.PUSH]).body("token-xyz")
    assert len(body) <= LARGEST
    read: dict[str, Any] = json.loads(body)
    return read


def test_a_note_says_what_is_wrong_what_is_done_and_when_there_is_more() -> None:
    note = said(story())
    assert note["title"] == "Checkout is failing"
    assert note["body"] == ("Investigating. We see failed payments and are looking into it. Next update by 20:33 UTC.")
    assert note["url"] == "https://status.acme.example/incidents/abc123def456"
    assert (note["tag"], note["lang"], note["told"]) == ("abc123def456", "en", {"abc123def456": 1})
    assert note["stop"] == "/unsubscribe/token-xyz"
    assert note["at"] == 1795291380000


def test_an_incident_without_a_page_leads_home() -> None:
    assert said(story(chapter(url=None)))["url"] == "https://status.acme.example/"


def test_several_incidents_come_in_one_note_that_replaces_none_but_its_like() -> None:
    others = [chapter(incident=f"other{n}", title=f"Number {n}", version=n + 1) for n in range(6)]
    note = render(story(*others), SHIPPED[ChannelName.PUSH])
    assert note.topic == ""
    assert note.content["title"] == "Acme: 6 incidents"
    assert note.content["body"].startswith("Number 0 (investigating), Number 1 (investigating)")
    assert "and 2 more." in note.content["body"]
    assert note.content["told"] == {f"other{n}": n + 1 for n in range(6)}
    assert note.content["tag"] == render(story(*reversed(others)), SHIPPED[ChannelName.PUSH]).content["tag"]


def test_the_topic_is_the_incidents_and_such_as_services_take() -> None:
    first, second = (render(story(chapter(version=n)), SHIPPED[ChannelName.PUSH]).topic for n in (1, 2))
    assert first == second
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", first)
    assert render(story(chapter(incident="other")), SHIPPED[ChannelName.PUSH]).topic != first


@pytest.mark.parametrize(
    ("phase", "seconds", "urgency", "rings"),
    [
        (Phase.OPENED, 14_400, "high", True),
        (Phase.ESCALATED, 14_400, "high", True),
        (Phase.UPDATE, 14_400, "normal", False),
        (Phase.RESOLVED, 259_200, "high", True),
        (Phase.MAINTENANCE, 43_200, "normal", True),
        (Phase.POSTMORTEM, 86_400, "low", False),
    ],
)
def test_each_phase_has_its_worth(phase: Phase, seconds: int, urgency: str, rings: bool) -> None:  # noqa: FBT001
    note = render(story(chapter(phase=phase)), SHIPPED[ChannelName.PUSH])
    assert (note.worth.seconds, note.worth.urgency, note.content["rings"]) == (seconds, urgency, rings)


def test_every_phase_is_in_the_table_and_the_weightiest_of_several_counts() -> None:
    assert set(BY_PHASE) == set(Phase)
    assert worth_of([chapter(phase=Phase.POSTMORTEM), chapter(phase=Phase.OPENED)]) == Worth(86_400, "high")


def test_what_is_over_promises_nothing_more() -> None:
    note = said(story(chapter(status=Status.RESOLVED)))
    assert note["body"].startswith("Resolved. ")
    assert "Next update" not in note["body"]


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.integers(1, 90), st.text(max_size=35))
def test_whatever_is_written_a_note_is_small_and_can_be_read(
    title: str, body: str, brand: str, incidents: int, locale: str
) -> None:
    chapters = tuple(chapter(incident=f"incident{n:04}", title=title, body=body) for n in range(incidents))
    note = said(Story(brand, "customers", locale, chapters, "https://status.acme.example"))
    assert len(note["told"]) == min(incidents, 60)
    assert note["url"].startswith("https://status.acme.example/")


def test_forty_thousand_emoji_with_a_long_address_still_fit() -> None:
    flood = "😀" * 40_000
    told = Story(
        flood, "customers", "en", (chapter(title=flood, body=flood, url="https://s.example/" + "a" * 3000),), ""
    )
    assert said(told)["url"] == "/"
    long = "x" * 1_900
    assert len(said(story(chapter(title=f"{flood} {long}", body=f"{flood} {long}")))["title"]) <= 100


def test_an_operators_own_words_are_used(tmp_path: Path) -> None:
    wording = written(tmp_path, ChannelName.PUSH, one="{{brand}}: {{title}}\n{{components}}\n\n{{status}}")
    assert write(story(), wording) == ("Acme: Checkout is failing", "Checkout: partly down\nInvestigating")


@pytest.mark.parametrize("letters", range(0, 720, 40))
def test_an_operators_template_that_says_much_is_cut_to_what_services_take(tmp_path: Path, letters: int) -> None:
    wording = written(tmp_path, ChannelName.PUSH, one=f"{'{{title}} ' * 40}\n{'Ж' * letters} {{{{body}}}}")
    assert wording.faults == ()
    flood = "😀" * 40_000
    for titles in range(1, 101):
        note = render(story(chapter(title=flood[:titles], body=flood)), wording)
        assert len(note.body("t" * 100)) <= LARGEST
        assert note.content["title"].startswith("😀")
        assert note.content["body"].startswith("Ж" if letters else "😀")
