"""Lengths as the networks count them: X's published cases, and never less than they do."""

from __future__ import annotations

import pytest

from tocsin_channels.social.weigh import BLUESKY, MASTODON, characters, graphemes, post_length, weight


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


def test_an_address_that_x_makes_no_link_of_counts_as_it_is_written() -> None:
    address = "http://127.0.0.1:8000/incidents/k3v9q0x7m2pd"
    assert weight(address) == len(address)


def test_280_of_one_weight_fill_a_post() -> None:
    assert weight("a" * 280) == 280
    assert weight("の" * 140) == 280
    assert weight("🐱" * 140) == 280


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
