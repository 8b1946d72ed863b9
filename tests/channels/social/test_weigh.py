"""Lengths as the networks count them: X's published cases, and never less than they do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict, cast

import pytest
from emoji import EMOJI_DATA

from tocsin_channels.social.defuse import defuse
from tocsin_channels.social.weigh import BLUESKY, MASTODON, X, characters, graphemes, post_length, weight


class Case(TypedDict):
    description: str
    text: str
    length: int
    valid: bool


_SUITE = json.loads((Path(__file__).parent / "twitter_text.json").read_text())
# The first group was published for X's rules of 2017, which knew no emoji. Where a later group has the same text, the
# rules of today count there, and that is what we are held to.
_GROUPS = (
    "WeightedTweetsCounterTest",
    "WeightedTweetsWithDiscountedEmojiCounterTest",
    "UnicodeDirectionalMarkerCounterTest",
)
PUBLISHED = {case["text"]: case for group in _GROUPS for case in cast("list[Case]", _SUITE[group])}


def test_the_whole_of_the_published_suite_is_here() -> None:
    assert [len(_SUITE[group]) for group in _GROUPS] == [20, 22, 2]
    assert len(PUBLISHED) == 27


@pytest.mark.parametrize("case", PUBLISHED.values(), ids=lambda case: case["description"][:60])
def test_x_counts_as_it_has_published(case: Case) -> None:
    assert weight(case["text"]) == case["length"]
    if X.fits(case["text"]) != case["valid"]:  # what X would refuse though it is short enough is taken out before
        assert defuse(case["text"]) != case["text"]


def test_every_emoji_of_several_characters_counts_as_one() -> None:
    several = [one for one in EMOJI_DATA if len(one) > 1]
    assert len(several) > 3_500
    assert [one for one in several if weight(one) != 2] == []


def test_what_is_joined_and_is_no_emoji_counts_piece_by_piece() -> None:
    assert weight("\u200d".join("😀" * 4)) == 4 * 2 + 3


# docs.x.com/fundamentals/counting-characters, and twitter-text's conformance/validate.yml (lengths), whose cases of
# double-width characters are given here with the weights of configuration v3.
@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("This is a test.", 15),
        ("http://test.com", 23),
        ("https://test.com", 23),
        ("test.com", 23),
        ("Test https://test.com test https://test.com test.com test", 86),
        ("https://example.com", 23),
        ("https://example.com/very/long/path", 23),
        ("👾", 2),  # one emoji
        ("🙋🏽", 2),  # with skin tone
        ("👨\u200d🎤", 2),  # joined
        ("👨\u200d👩\u200d👧\u200d👦", 2),  # a family
        ("🇩🇪", 2),
        ("1\ufe0f\u20e3", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
        ("caf\u00e9", 4),
        ("cafe\u0301", 4),  # the same, composed before it is counted
        ("저찀쯿쿿", 8),
        ("の", 2),
        ("\U00010000\U0010ffff", 4),
        ("H🐱☺", 5),
        ("Hello, world! 👋", 16),
        ("\u2026", 2),
        ("\u2019\u2013\u200b", 3),
        ("ა", 1),  # U+10D0 is the last block that counts once
        ("ᄀ", 2),  # U+1100 is the first that counts twice
    ],
)
def test_x_counts_by_weight(text: str, length: int) -> None:
    assert weight(text) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("(https://example.com).", 1 + 23 + 2),  # what belongs to the sentence counts beside the link
        ("https://example.com/a, https://example.com/b!", 23 + 2 + 23 + 1),
        ("see example.com.", 4 + 23 + 1),
        ("x" * 64 + ".com", 68),  # no host has such a name, so it is no link
    ],
)
def test_a_link_ends_where_x_ends_it(text: str, length: int) -> None:
    assert weight(text) == length


def test_an_address_that_x_makes_no_link_of_counts_as_it_is_written() -> None:
    address = "http://127.0.0.1:8000/incidents/k3v9q0x7m2pd"
    assert weight(address) == len(address)


def test_280_of_one_weight_fill_a_post() -> None:
    assert weight("a" * 280) == 280
    assert weight("の" * 140) == 280
    assert weight("🐱" * 140) == 280


def test_what_belongs_to_the_sentence_counts_beside_a_link_on_mastodon_too() -> None:
    assert characters("(https://example.com/a).") == 1 + 23 + 2


def test_mastodon_counts_a_link_as_23_characters() -> None:
    assert characters("See https://status.acme.example/incidents/k3v9q0x7m2pd now") == 4 + 23 + 4
    assert MASTODON.fits("a" * 500)
    assert not MASTODON.fits("a" * 501)


def test_bluesky_counts_what_a_reader_sees_and_bytes() -> None:
    assert graphemes("cafe\u0301") == 4
    assert graphemes("a\u0323\u0301b") == 2
    assert BLUESKY.fits("a" * 300)
    assert not BLUESKY.fits("a" * 301)
    assert post_length("a" + "\u0316" * 2_000) > 300
