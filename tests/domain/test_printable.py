"""What others' programs say is fit to be read: by an operator, on one line."""

from __future__ import annotations

import pytest

from tocsin.domain.printable import printable


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("no\r\nsuch\tuser \x1b[31m", "no such user [31m"),
        ("550 5.1.1 <ada@example.com>: rejected", "550 5.1.1 <ada@example.com>: rejected"),
        ("503 <!DOCTYPE html><html><title> Bad\nGateway </title><body>…", "503 a page of HTML, titled “Bad Gateway”"),
        ("<html><body><h1>Oops</h1>", "a page of HTML"),
        ("<title></title>", "a page of HTML"),
        ("", ""),
    ],
)
def test_an_answer_is_one_line_and_a_page_is_its_title(said: str, read: str) -> None:
    assert printable(said) == read


def test_a_long_answer_is_cut() -> None:
    assert printable("x" * 100_000) == "x" * 299 + "…"
    assert printable("word " * 9, 12) == "word word w…"
    assert printable(f"<title>{'T' * 9_000}") == "a page of HTML, titled “" + "T" * (300 - 25) + "…"
