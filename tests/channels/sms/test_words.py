# ruff: noqa: RUF001 - characters that look alike are what this is about
"""What a text says: in the alphabet that is cheap, in one segment where it can be, with its link and its way out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from texts_to_send import CHAPTER, PUBLIC, chapter, story
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Severity, Status
from tocsin.domain.story import Story
from tocsin_channels.sms import gsm
from tocsin_channels.sms.segments import Encoding
from tocsin_channels.sms.text import OVER_SECONDS, ROUTINE_SECONDS, URGENT_SECONDS, Text, write
from tocsin_channels.templates import Wording
from words_to_send import SHIPPED
from words_to_send import written as words_of

LINK = f"{PUBLIC}/incidents/k3v9qd81mzx0"


def written(told: Story, wording: Wording = SHIPPED[ChannelName.SMS]) -> Text:
    return write(told, wording, Severity.SEV1)


def test_a_text_says_who_what_and_when_where_to_look_and_how_to_stop_it() -> None:
    told = written(story())
    assert told.body == f"Acme: Checkout partly down, investigating. Next update 14:30 UTC. {LINK} STOP ends"
    assert told.count.segments == 1


def test_what_is_over_promises_nothing_more() -> None:
    told = written(story(status=Status.RESOLVED))
    assert told.body == f"Acme: Checkout partly down, resolved. {LINK} STOP ends"


def test_an_incident_without_a_page_has_no_link() -> None:
    assert written(story(url=None, next_update_at=None)).body == "Acme: Checkout partly down, investigating. STOP ends"


def test_a_promise_for_another_day_names_the_day() -> None:
    told = written(story(next_update_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC)))
    assert "Next update 22 Nov, 08:00 UTC." in told.body


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("“Checkout” can’t take ‘cards’", "\"Checkout\" can't take 'cards'"),
        ("Checkout – partly — down… now", "Checkout - partly - down... now"),
        ("a\u00a0b\u202fc\u2003d\u200be\u00adf\ufeffg", "a b c defg"),
        ("• one · two → three", "- one . two -> three"),
        ("5 × 3 ≥ 10 ≠ ½", "5 x 3 >= 10 != 1/2"),
        ("Wrocław, Łódź, Ångström, çà et là, Œuvre", "Wroclaw, Lodz, Ångström, cà et là, OEuvre"),
        ("Zahlungen über Größe", "Zahlungen über Größe"),
        ("e\u0301te\u0301", "été"),
        ("`code` ´x´ №5 ™ ©", "'code' 'x' No5 TM (c)"),
        ("ﬁle ① ２", "file 1 2"),
        ("two\nlines\tand\rmore\u2028here", "two lines and more here"),
        ("Платежи не проходят – всё", "Платежи не проходят – всё"),
        ("支付故障", "支付故障"),
        ("🔥 Checkout", "🔥 Checkout"),
        ("bell\x07null\x00", "bell null"),
    ],
)
def test_words_keep_to_the_cheap_alphabet_where_they_stay_the_same_words(typed: str, sent: str) -> None:
    assert gsm.spell(typed) == sent


@given(st.text(max_size=300))
def test_spelling_twice_changes_nothing_more(typed: str) -> None:
    assert gsm.spell(gsm.spell(typed)) == gsm.spell(typed)


def test_a_long_title_is_cut_at_a_word_so_that_all_fits_into_one_segment() -> None:
    told = written(story(title="Checkout is failing for customers who pay by card in several countries since noon"))
    assert told.count.segments == 1
    assert told.body.startswith("Acme: Checkout is failing for customers who ")
    assert told.body.endswith(f"..., investigating. Next update 14:30 UTC. {LINK} STOP ends")


def test_a_title_in_another_script_takes_two_segments_and_is_not_cut_to_nothing() -> None:
    told = written(story(title="Оплата картой временно недоступна"))
    assert told.count[:2] == (2, Encoding.UCS_2)
    assert "Оплата картой временно" in told.body
    assert told.body.endswith(f"{LINK} STOP ends")


@given(
    st.lists(st.text(min_size=1, max_size=400), min_size=1, max_size=12),
    st.text(max_size=60),
    st.sampled_from(list(Status)),
)
def test_whatever_a_title_says_the_link_and_the_way_out_are_whole(
    titles: list[str], brand: str, status: Status
) -> None:
    told = written(story(*(chapter(title=title, status=status) for title in titles), brand=brand))
    link = LINK if len(titles) == 1 else PUBLIC
    assert told.body.endswith(f"{link} STOP ends")
    assert "\n" not in told.body
    assert told.body.isprintable() or told.count.encoding is Encoding.UCS_2
    assert told.count.segments <= 3 + (len(brand) > 20)
    assert len(told.body) <= 1600


def test_several_incidents_make_one_text() -> None:
    told = written(
        story(
            CHAPTER,
            chapter(title="Search slow", status=Status.IDENTIFIED, incident="b"),
            chapter(title="Exports late", status=Status.RESOLVED, incident="c"),
        )
    )
    assert told.body == (
        "Acme: 3 incidents: Checkout partly down (investigating), Search slow (cause found), Exports late (resolved). "
        f"{PUBLIC} STOP ends"
    )
    assert told.count.segments == 1


def test_so_many_incidents_that_not_all_can_be_named_are_counted() -> None:
    told = written(story(*(chapter(title=f"Component number {n} is not available") for n in range(40))))
    assert told.body.startswith("Acme: 40 incidents: Component... (investigating), ")
    assert " more. " in told.body
    assert told.count.segments == 3


@pytest.mark.parametrize(
    ("severity", "status", "seconds"),
    [
        (Severity.SEV1, Status.INVESTIGATING, URGENT_SECONDS),
        (Severity.SEV2, Status.INVESTIGATING, ROUTINE_SECONDS),
        (Severity.SEV1, Status.RESOLVED, OVER_SECONDS),
        (Severity.SEV3, Status.POSTMORTEM, OVER_SECONDS),
    ],
)
def test_news_is_worth_delivering_for_so_long(severity: Severity, status: Status, seconds: int) -> None:
    assert written(story(severity=severity, status=status)).seconds == seconds
    assert (URGENT_SECONDS, ROUTINE_SECONDS) == (600, 3600)


def test_the_end_of_one_incident_is_worth_waiting_for_in_any_company() -> None:
    assert written(story(CHAPTER, replace(CHAPTER, status=Status.RESOLVED))).seconds == OVER_SECONDS


def test_an_operators_own_words_are_used(tmp_path: Path) -> None:
    wording = words_of(tmp_path, ChannelName.SMS, one="{{status}}: {{title}}\nReply STOP to end\n")
    assert written(story(), wording).body == "investigating: Checkout partly down Reply STOP to end"
