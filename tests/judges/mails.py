"""Reads a mail as mail programs do (RFC 5321, 5322, 2045 to 2047), by Python's own parser and nothing of ours."""

from __future__ import annotations

import re
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses
from functools import cache

from judges.markup import BODY, judge_html
from mail_to_send import chapter, email_channel, story
from tocsin.domain.channel import Message
from tocsin_channels.email.apart import take_apart
from tocsin_channels.email.letter import Bounces, Letter

CHANNEL = email_channel(1)
_TOKEN = "abcdefghijklmnopqrstuvwxyz234567"
_LINK = f"https://status.acme.example/unsubscribe/{_TOKEN}"
_ONCE = {
    *("date", "from", "to", "message-id", "subject", "in-reply-to", "references", "list-id", "list-unsubscribe"),
    *("list-unsubscribe-post", "auto-submitted", "x-auto-response-suppress", "x-notification-reason"),
    *("mime-version", "content-type"),
}
_NOTICE = {
    *("date", "from", "to", "message-id", "subject", "auto-submitted", "x-auto-response-suppress", "mime-version"),
    "content-type",
}


def judge_letter(letter: Letter, name: str, words: list[str]) -> None:
    """Hold a list mail to what its reader `name` should get; `words` stand in both of its parts."""
    mail = _judged(letter, name, _ONCE)
    assert mail["List-Unsubscribe"] == f"<{_LINK}>"
    text = _part(mail, "text/plain")
    assert f"{_LINK}\n" in text
    said = [_in_lines(one) for one in words]
    for one in said:
        assert one in text
    html = _part(mail, "text/html")
    assert f'href="{_LINK}"' in html
    judge_html(html, _usual(), words=said)
    parts = take_apart(letter)  # as carriers are given it that put mails together themselves
    for value in (parts.subject, *parts.sender, *(value for _, value in parts.headers)):
        assert not re.search(r"[\x00-\x1f\x7f]", value)


def judge_slip(slip: Letter, words: list[str], usual: Letter) -> None:
    mail = _judged(slip, "", _NOTICE)
    judge_html(
        _part(mail, "text/html"), _part(_read(_sent(usual, "")), "text/html"), words=[_in_lines(o) for o in words]
    )


def _judged(letter: Letter, name: str, headers: set[str]) -> Mail:
    data = _sent(letter, name)
    assert data.endswith(b"\r\n.\r\n")
    assert len(data) < 100_000
    lines = data.removesuffix(b".\r\n").split(b"\r\n")
    assert all(line.isascii() and len(line) <= 998 and not line.startswith(b".") for line in lines)
    assert not any(end in line for line in lines for end in (b"\r", b"\n", b"\x00"))
    mail = _read(data)
    assert sorted(key.lower() for key in mail) == sorted(headers)
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert not any(part.defects for part in mail.walk())
    for value in mail.values():
        readable = str(make_header(decode_header(re.sub(r"\r?\n", "", value))))
        assert not re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", readable)
    assert [address for _, address in getaddresses([mail["To"]])] == ["ada@example.com"]
    return mail


def _sent(letter: Letter, name: str) -> bytes:
    message = Message("m1a7", "ada@example.com", name, letter, "endpoint1", _TOKEN, "delivery1")
    return letter.copy(0, message, Bounces("bounces.acme.example", "")).data


def _read(data: bytes) -> Mail:
    return BytesParser(policy=compat32).parsebytes(data.removesuffix(b".\r\n"))


def _part(mail: Mail, kind: str) -> str:
    [part] = [part for part in mail.walk() if part.get_content_type() == kind]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


def _in_lines(text: str) -> str:
    """Return `text` with the line ends that mail knows."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@cache
def _usual() -> str:
    plain = chapter(body=BODY, components=(("Checkout", "partly down"),))
    return _part(_read(_sent(CHANNEL.render(story(plain)), "Ada")), "text/html")
