"""What people wrote in Markdown, where nothing but words can be shown."""

from __future__ import annotations

import pytest

from tocsin_channels.passages import parts_of, words_of


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("We see **failed payments**.", "We see failed payments."),
        ("_Most_ of `checkout` is ~~down~~ up.", "Most of checkout is down up."),
        ("Read [what we know](https://example.com/a).", "Read what we know."),
        ("See https://example.com/a_b_c.", "See https://example.com/a_b_c."),
        ("# Checkout\n\nIt is down.", "Checkout\n\nIt is down."),
        ("- cards\n- wallets\n\n2. then", "• cards\n• wallets\n2. then"),
        ("5 * 3 and snake_case_name and 2 > 1 < 3", "5 * 3 and snake_case_name and 2 > 1 < 3"),
        (r"\*not bold\*", "*not bold*"),
        ("<b>bold</b> & <script>", "<b>bold</b> & <script>"),
        ("one line\nand another", "one line\nand another"),
        ("", ""),
    ],
)
def test_it_is_shown_in_plain_words(written: str, shown: str) -> None:
    assert words_of(written) == shown


def test_an_address_stands_behind_the_words_that_lead_to_it_and_not_behind_itself() -> None:
    body = (
        "Read [what **we** know](https://example.com/a), or <https://example.com/b>.\n- [Mail us](mailto:a@example.com)"
    )
    assert parts_of(body) == [
        ("Read what we know", "https://example.com/a"),
        (", or https://example.com/b.\n• Mail us", "mailto:a@example.com"),
        ("", ""),
    ]
    assert "".join(words for words, _ in parts_of(body)) == words_of(body)


def test_the_longest_body_is_not_read_to_its_end() -> None:
    assert len(words_of("a *b* " * 7_000)) < 5_000
