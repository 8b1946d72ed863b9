"""Rendered mail: whatever people write, the mail parses, has exactly its headers, and says what was written."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from html import unescape

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mail_to_send import chapter, story
from tocsin.domain import text
from tocsin.domain.channel import ChannelName, Message
from tocsin.domain.errors import GiveUp, Refused
from tocsin.domain.incident import Status
from tocsin_channels.email.letter import Bounces, Letter
from tocsin_channels.email.render import Renderer, Sender
from words_to_send import SHIPPED

RENDERER = Renderer(SHIPPED[ChannelName.EMAIL], Sender("Acme status", "status@acme.example"))
BOUNCES = Bounces("bounces.acme.example", "status@acme.example")
LETTER = RENDERER.render(story())
TOKEN = "abcdefghijklmnopqrstuvwxyz234567"
HEADERS = [
    *("Date", "From", "To", "Message-ID", "Subject", "In-Reply-To", "References", "List-Id", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Notification-Reason"),
    *("MIME-Version", "Content-Type"),
]


def line(value: str) -> str:
    try:
        return text.one_line(value, "title")
    except Refused:
        assume(False)  # noqa: FBT003 - hypothesis' own way
        raise


def lines(value: str) -> str:
    try:
        return text.many_lines(value, "body")
    except Refused:
        assume(False)  # noqa: FBT003
        raise


# What the door lets through; `line` and `lines` are the judges, this only spares them the hopeless.
LETTERS = st.characters(
    exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\u202a\u202b\u202c\u202d\u202e"
)
NASTY = st.sampled_from(
    [".", "..", "Bcc: y@example.com", "=?utf-8?q?", "?=", '"', "\\", "<", ">", ",", ";", "ü", "💥", "\u00a0", "\u200d"]
)
PIECES = st.one_of(st.text(LETTERS, max_size=60), NASTY)
ONE_LINE = st.lists(PIECES, min_size=1, max_size=8).map("".join).map(line)
MANY_LINES = st.lists(st.one_of(PIECES, st.just("\n"), st.just("\n.")), min_size=1, max_size=20).map("".join).map(lines)


def letter_to(letter: Letter, *, name: str = "Ada Lovelace", address: str = "ada@example.com") -> bytes:
    message = Message("m1a7", address, name, letter, "endpoint", TOKEN, "deliveryabc")
    return letter.copy(0, message, BOUNCES).data


def parsed(data: bytes) -> Mail:
    assert data.endswith(b"\r\n.\r\n")
    content = data[:-3]
    assert b"\r\n." not in content
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(len(one) for one in content.split(b"\r\n")) <= 998
    mail = message_from_bytes(content)
    assert mail.keys() == HEADERS
    assert not mail.defects
    return mail


def part(mail: Mail, kind: str) -> str:
    (found,) = [one for one in mail.walk() if one.get_content_type() == kind]
    content = found.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


def decoded(value: str) -> str:
    return str(make_header(decode_header(value.replace("\r\n", "").replace("\n", ""))))


@given(title=ONE_LINE, body=MANY_LINES, name=ONE_LINE, brand=ONE_LINE)
@settings(max_examples=100, deadline=None)
def test_whatever_passes_the_door_comes_out_as_it_was_written(title: str, body: str, name: str, brand: str) -> None:
    mail = parsed(letter_to(RENDERER.render(story(chapter(title=title, body=body), brand=brand)), name=name))
    subject = f"[Investigating] {title}"
    assert decoded(mail["Subject"]) == (subject if len(subject) <= 180 else subject[:179].rstrip() + "…")
    assert mail["To"].endswith("<ada@example.com>")
    assert body in part(mail, "text/plain")
    assert title in part(mail, "text/plain")
    assert title in unescape(part(mail, "text/html"))
    assert f"https://status.acme.example/unsubscribe/{TOKEN}\n" in part(mail, "text/plain")
    assert f'href="https://status.acme.example/unsubscribe/{TOKEN}"' in part(mail, "text/html")


@given(name=ONE_LINE)
@settings(max_examples=100, deadline=None)
def test_a_readers_name_arrives_as_it_is(name: str) -> None:
    mail = parsed(letter_to(LETTER, name=name))
    phrase = mail["To"].removesuffix("<ada@example.com>").strip()
    if phrase.startswith('"'):
        phrase = phrase[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    assert decoded(phrase) == name


@pytest.mark.parametrize("name", ["", "  ", "a\r\nBcc: x@example.com", "a\u2028b", "\x00"])
def test_a_name_that_could_break_a_header_is_left_out(name: str) -> None:
    assert parsed(letter_to(RENDERER.render(story()), name=name))["To"] == "ada@example.com"


@pytest.mark.parametrize(
    "body", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))"]
)
def test_nothing_in_a_text_becomes_active(body: str) -> None:
    html = part(parsed(letter_to(RENDERER.render(story(chapter(body=body))))), "text/html")
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_html_that_a_person_writes_is_shown_as_they_wrote_it() -> None:
    html = part(parsed(letter_to(RENDERER.render(story(chapter(body="a <b>bold</b> claim"))))), "text/html")
    assert "a &lt;b&gt;bold&lt;/b&gt; claim" in html


def test_an_encoded_word_that_got_past_the_door_is_no_encoded_word_any_more() -> None:
    trap = "x =?utf-8?q?=0D=0ABcc:_y@example.com?="
    mail = parsed(letter_to(RENDERER.render(story(chapter(title=trap), brand=trap))))
    assert decoded(mail["Subject"]) == f"[Investigating] {trap}"


def test_markdown_reads_well() -> None:
    html = part(
        parsed(letter_to(RENDERER.render(story(chapter(body="**now** [page](https://x.example)\n\n- a\n- b"))))),
        "text/html",
    )
    assert "<strong>now</strong>" in html
    assert 'href="https://x.example"' in html
    assert html.count("<li ") == 2


def test_headers_say_what_mail_programs_look_for() -> None:
    mail = parsed(letter_to(RENDERER.render(story())))
    assert mail["Message-ID"] == "<m1a7@acme.example>"
    assert mail["From"] == "Acme status <status@acme.example>"
    assert mail["Subject"] == "[Investigating] Checkout is failing"
    assert mail["List-Unsubscribe"] == f"<https://status.acme.example/unsubscribe/{TOKEN}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "Acme <incidents.acme.example>"
    assert mail["Content-Type"].startswith("multipart/alternative")


def test_all_mails_of_an_incident_thread() -> None:
    first = parsed(letter_to(RENDERER.render(story())))
    last = parsed(letter_to(RENDERER.render(story(chapter(version=2, status=Status.RESOLVED)))))
    assert first["References"] == last["References"] == "<incident-abc123def456@acme.example>"
    assert last["Subject"] == "[Resolved] Checkout is failing"


def test_several_incidents_make_one_mail() -> None:
    two = story(chapter(), chapter(incident="zzz999yyy888", title="API is slow", body="Slower than usual."))
    mail = parsed(letter_to(RENDERER.render(two)))
    assert mail["Subject"] == "2 incidents: Checkout is failing, API is slow"
    assert len(mail["References"].split()) == 2
    assert "Slower than usual." in part(mail, "text/plain")


def test_a_resend_is_the_same_mail() -> None:
    letter = RENDERER.render(story())
    assert letter_to(letter) == letter_to(letter)


def test_the_date_is_that_of_the_rendering() -> None:
    at = datetime(2026, 11, 21, 20, 3, tzinfo=UTC)
    renderer = Renderer(SHIPPED[ChannelName.EMAIL], Sender("Acme status", "status@acme.example"), now=lambda: at)
    assert parsed(letter_to(renderer.render(story())))["Date"] == "Sat, 21 Nov 2026 20:03:00 +0000"


@pytest.mark.parametrize("filler", ["word ", "语", "<&>", "- item\n"])
def test_a_mail_stays_under_100_kb(filler: str) -> None:
    long = (filler * 200_000)[:200_000]
    data = letter_to(RENDERER.render(story(*[chapter(body=long)] * 3)))
    assert len(data) < 100_000
    parsed(data)


def test_a_name_that_we_made_badly_is_not_sent() -> None:
    letter = RENDERER.render(story())
    with pytest.raises(GiveUp):
        letter.copy(0, Message("a\r\nb", "a@example.com", "", letter, "e", TOKEN, "d"), BOUNCES)


def test_bounces_come_back_with_the_name_of_the_delivery() -> None:
    letter = RENDERER.render(story())
    message = Message("m1", "a@example.com", "", letter, "e", TOKEN, "deliveryabc")
    assert letter.copy(0, message, BOUNCES).sender == b"bounce-deliveryabc@bounces.acme.example"
    assert letter.copy(0, message, Bounces("", "status@acme.example")).sender == b"status@acme.example"
