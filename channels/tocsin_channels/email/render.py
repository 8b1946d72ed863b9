"""From a story to a letter: the one slow step, taken once per version, audience and language.

The finished mail is parsed again, and is only used if it has exactly the headers and parts that were put in: whatever a
title holds, no header comes of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import compat32
from email.utils import format_datetime
from functools import partial
from urllib.parse import quote

from tocsin.domain.errors import GiveUp
from tocsin.domain.speech import next_update
from tocsin.domain.story import Chapter, Story
from tocsin_channels.email import headers, layout, quoted, words
from tocsin_channels.email.letter import Letter
from tocsin_channels.templates import Wording

_LARGEST = 95_000  # Gmail cuts mails at about 102 kB
_SHORTEST_BODY = 200
_MOST_NAMED = 40  # components of an incident; a page is the place for more
_URL_CHARACTERS = ":/?#[]@!$&'()*+,;=%~"
_BOUNDARY = b"=_tocsin"  # "=_" never comes out of quoted-printable
_HEADERS = (
    *("Date", "From", "To", "Message-ID", "Subject", "In-Reply-To", "References", "List-Id", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Notification-Reason"),
    *("MIME-Version", "Content-Type"),
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who our mail is from: a display name and an address in ASCII."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


class Renderer:
    """`wording` has the operator's words; `now` is asked once per rendering, for the Date header."""

    def __init__(
        self, wording: Wording, sender: Sender, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._wording = wording
        self._sender = sender
        self._now = now

    def render(self, story: Story) -> Letter:
        """Return the letter that tells `story`; where it would be too large it tells less, and where the rest is."""
        longest, named = _LARGEST // (2 * len(story.chapters)), _MOST_NAMED  # each is in there as text and as HTML
        while True:
            shortened = replace(story, chapters=tuple(_shortened(one, longest, named) for one in story.chapters))
            pairs = zip(story.chapters, shortened.chapters, strict=True)
            letter, size = self._render(shortened, {one.incident for one, kept in pairs if one.body != kept.body})
            if size <= _LARGEST or (longest <= _SHORTEST_BODY and not named):
                return letter
            if longest > _SHORTEST_BODY:
                longest = min(longest // 2, longest * _LARGEST // size)
            else:
                named //= 2

    def _render(self, story: Story, cut: Collection[str]) -> tuple[Letter, int]:
        hole = f"hole{secrets.token_hex(16)}"
        subject = words.subject(story, self._wording)
        known: dict[str, object] = {
            "story": story,
            "subject": subject,
            "intro": words.intro(story, self._wording),
            "footer": words.footer(story, self._wording),
            "cut": cut,
            "tone_of": words.tone,
            "promise_of": partial(_promise, story),
            "preferences_url": quote(f"{story.public_url}/manage", safe=_URL_CHARACTERS),
            "unsubscribe_url": _unsubscribe(story) + hole,
        }
        text = quoted.encode(layout.text_of("message", story.language, **known).split(hole))
        html = quoted.encode(layout.html_of("message", story.language, **known).split(hole))
        head, after_to, after_id, after_token = self._header(story, subject)
        pieces = (
            after_token + _part_head(b"plain") + text[0],
            text[1] + b"\r\n" + _part_head(b"html") + html[0],
            html[1] + b"\r\n--" + _BOUNDARY + b"--\r\n.\r\n",
        )
        sample = b"".join((head, b"a@b", after_to, b"c", after_id, b"d", pieces[0], b"d", pieces[1], b"d", pieces[2]))
        _check(sample)
        return Letter(head, after_to, after_id, pieces), len(sample)

    def _header(self, story: Story, subject: str) -> tuple[bytes, bytes, bytes, bytes]:
        domain = self._sender.domain.encode()
        # The first mail of an incident threads with the later ones by a name that none of them has.
        threads = [b"<incident-%b@%b>" % (_atom(chapter.incident), domain) for chapter in story.chapters]
        head = (
            b"Date: " + format_datetime(self._now(), usegmt=False).encode() + b"\r\n"
            b"From: "
            + headers.phrase(self._sender.name or story.brand)
            + b" <%b>\r\n" % self._sender.address.encode()
            + b"To: "
        )
        after_to = b"\r\nMessage-ID: <"
        after_id = (
            b"@" + domain + b">\r\n"
            b"Subject: " + headers.text(subject) + b"\r\n"
            b"In-Reply-To: " + threads[0] + b"\r\n"
            b"References: " + b"\r\n ".join(threads) + b"\r\n"
            b"List-Id: " + headers.phrase(story.brand) + b" <incidents." + domain + b">\r\n"
            b"List-Unsubscribe: <" + _unsubscribe(story).encode()
        )  # fmt: skip
        after_token = (
            b">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
            b"Auto-Submitted: auto-generated\r\n"
            b"X-Auto-Response-Suppress: All\r\n"
            b"X-Notification-Reason: " + headers.text(f"subscribed as {story.audience}") + b"\r\n"
            b"MIME-Version: 1.0\r\n"
            b'Content-Type: multipart/alternative; boundary="' + _BOUNDARY + b'"\r\n\r\n'
        )
        return head, after_to, after_id, after_token


def _unsubscribe(story: Story) -> str:
    return quote(f"{story.public_url}/unsubscribe/", safe=_URL_CHARACTERS)


def _promise(story: Story, chapter: Chapter) -> str:
    return next_update(story.language, chapter)


def _part_head(kind: bytes) -> bytes:
    return (
        b"--" + _BOUNDARY + b"\r\nContent-Type: text/" + kind + b'; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )


def _atom(value: str) -> bytes:
    return "".join(character for character in value if character.isascii() and character.isalnum()).encode()


def _shortened(chapter: Chapter, longest: int, named: int) -> Chapter:
    if len(chapter.body) > longest:
        chapter = replace(chapter, body=chapter.body[:longest].rstrip() + " …")
    if more := len(chapter.components[named:]):
        chapter = replace(chapter, components=(*chapter.components[:named], (f"… +{more}", "")))
    return chapter


def _check(mail: bytes) -> None:
    parsed = BytesParser(policy=compat32).parsebytes(mail.removesuffix(b".\r\n"))
    parts = [part.get_content_type() for part in parsed.walk()]
    broken = parsed.keys() != list(_HEADERS) or parts != ["multipart/alternative", "text/plain", "text/html"]
    if broken or parsed.defects or b"\r\n." in mail.removesuffix(b".\r\n") or max(map(len, mail.split(b"\r\n"))) > 900:  # noqa: PLR2004
        raise GiveUp(
            "The rendered e-mail is not the one that was meant, so it is not sent. Look at its title and text."
        )
