# ruff: noqa: RUF001 - characters that look alike are what this is about
"""Known texts and what networks make of them; Twilio's own calculator counts the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_channels.sms.gsm import BASIC, EXTENSION
from tocsin_channels.sms.segments import Count, Encoding, count

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2

KNOWN = [
    ("", 1, GSM),
    ("a", 1, GSM),
    ("a" * 159 + "\n", 1, GSM),
    ("a" * 160, 1, GSM),
    ("a" * 161, 2, GSM),
    ("a" * 306, 2, GSM),
    ("a" * 307, 3, GSM),
    ("a" * 459, 3, GSM),
    ("a" * 460, 4, GSM),
    ("a" * 1530, 10, GSM),
    ("a" * 1531, 11, GSM),
    ("@" * 160, 1, GSM),
    ("Ç" * 160, 1, GSM),
    ("é" * 161, 2, GSM),
    ("ΔΦΓΛΩΠΨΣΘΞ" * 16, 1, GSM),
    ("a" * 159 + "\r\n", 2, GSM),
    ("€" * 80, 1, GSM),
    ("€" * 81, 2, GSM),
    ("€" * 152, 2, GSM),
    ("€" * 153, 3, GSM),
    ("a" * 158 + "{", 1, GSM),
    ("a" * 159 + "{", 2, GSM),
    ("^{}[]~|\\€\f" * 8, 1, GSM),
    ("a" * 159 + "\f", 2, GSM),
    ("a" * 152 + "€" + "a" * 8, 2, GSM),
    ("a" * 152 + "€" + "a" * 151, 2, GSM),
    ("a" * 152 + "€" + "a" * 152, 3, GSM),
    ("€" * 77 + "a" * 152, 3, GSM),
    ("я", 1, UCS),
    ("я" * 70, 1, UCS),
    ("я" * 71, 2, UCS),
    ("я" * 134, 2, UCS),
    ("я" * 135, 3, UCS),
    ("a" * 69 + "’", 1, UCS),
    ("a" * 70 + "’", 2, UCS),
    ("a" * 69 + "`", 1, UCS),
    ("a" * 70 + "\t", 2, UCS),
    ("ç" * 71, 2, UCS),
    ("停机维护" * 17, 1, UCS),
    ("😀" * 35, 1, UCS),
    ("😀" * 36, 2, UCS),
    ("😀" * 66, 2, UCS),
    ("😀" * 67, 3, UCS),
    ("я" * 66 + "😀" + "я" * 10, 2, UCS),
    ("я" * 66 + "😀" + "я" * 65, 2, UCS),
    ("я" * 66 + "😀" + "я" * 66, 3, UCS),
]


@pytest.mark.parametrize(("text", "segments", "encoding"), KNOWN)
def test_a_text_takes_so_many_segments(text: str, segments: int, encoding: Encoding) -> None:
    assert count(text)[:2] == (segments, encoding)


def test_the_alphabet_is_the_whole_of_it() -> None:
    assert len(BASIC) == 127  # 128 places, of which one is the escape
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


def test_an_operator_reads_it_as_words() -> None:
    assert str(Count(1, GSM, 42)) == "1 segment of GSM-7"
    assert str(Count(2, UCS, 99)) == "2 segments of UCS-2"


@given(st.text(max_size=800))
def test_units_are_utf_16_where_a_text_leaves_the_alphabet(text: str) -> None:
    counted = count(text)
    if counted.encoding is UCS:
        assert counted.units == len(text.encode("utf-16-le")) // 2
        assert counted.segments >= (1 if counted.units <= 70 else -(-counted.units // 67))
    else:
        assert counted.segments >= (1 if counted.units <= 160 else -(-counted.units // 153))


@given(st.text(alphabet="ab€{я😀", max_size=400), st.sampled_from("a€я😀"))
def test_more_is_never_cheaper(text: str, more: str) -> None:
    assert count(text + more).segments >= count(text).segments
