"""A notice as a mail of its own: put together once for its one reader, with nothing in it that ends a subscription.

It is no list mail: what it asks or tells was wanted a moment ago, so there is no List-Unsubscribe.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import compat32
from email.utils import format_datetime

from tocsin.domain.channel import Message
from tocsin.domain.errors import GiveUp
from tocsin.domain.language import ENGLISH
from tocsin.domain.notice import Notice
from tocsin_channels.email import headers, layout, quoted
from tocsin_channels.email.address import encode
from tocsin_channels.email.letter import Bounces, Copy, Letter
from tocsin_channels.email.render import Sender

_BOUNDARY = b"=_tocsin"
_HEADERS = (
    *("Date", "From", "To", "Message-ID", "Subject", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version"),
    "Content-Type",
)
_LONGEST_LINE = 900


class Slip(Letter):
    """A mail that differs in its address and its id alone."""

    __slots__ = ("_body",)

    def __init__(self, head: bytes, after_to: bytes, after_id: bytes, body: bytes) -> None:
        super().__init__(head, after_to, after_id, (b"", b"", b""))
        self._body = body

    def copy(self, index: int, message: Message, bounces: Bounces) -> Copy:
        address = encode(message.address)
        data = b"".join((self._head, address, self._after_to, message.id.encode(), self._after_id, self._body))
        _check(data)
        return Copy(index, bounces.sender(message.delivery), address, data)


class NoticeRenderer:
    """`now` is asked for the Date header."""

    def __init__(self, sender: Sender, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._sender = sender
        self._now = now

    def render(self, notice: Notice) -> Slip:
        """Return the mail that says `notice`."""
        domain = self._sender.domain.encode()
        head = (
            b"Date: " + format_datetime(self._now(), usegmt=False).encode() + b"\r\n"
            b"From: "
            + headers.phrase(self._sender.name or notice.brand)
            + b" <%b>\r\n" % self._sender.address.encode()
            + b"To: "
        )
        after_id = (
            b"@" + domain + b">\r\n"
            b"Subject: " + headers.text(" ".join(notice.title.split())) + b"\r\n"
            b"Auto-Submitted: auto-generated\r\n"
            b"X-Auto-Response-Suppress: All\r\n"
            b"MIME-Version: 1.0\r\n"
            b'Content-Type: multipart/alternative; boundary="' + _BOUNDARY + b'"\r\n\r\n'
        )
        body = _part("plain", layout.text_of, notice) + _part("html", layout.html_of, notice)
        return Slip(head, b"\r\nMessage-ID: <", after_id, body + b"--" + _BOUNDARY + b"--\r\n.\r\n")


def _part(kind: str, written: Callable[..., str], notice: Notice) -> bytes:
    # The words of a notice are ready, so the layout says none.
    [content] = quoted.encode([written("notice", ENGLISH, notice=notice)])
    return (
        b"--" + _BOUNDARY + b"\r\nContent-Type: text/" + kind.encode() + b'; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + content + b"\r\n"
    )


def _check(mail: bytes) -> None:
    """Raise GiveUp where the mail is not the one that was meant: whatever a brand or an address holds."""
    parsed = BytesParser(policy=compat32).parsebytes(mail.removesuffix(b".\r\n"))
    parts = [part.get_content_type() for part in parsed.walk()]
    broken = parsed.keys() != list(_HEADERS) or parts != ["multipart/alternative", "text/plain", "text/html"]
    too_long = max(map(len, mail.split(b"\r\n"))) > _LONGEST_LINE
    if broken or too_long or parsed.defects or b"\r\n." in mail.removesuffix(b".\r\n"):
        raise GiveUp("The rendered notice is not the one that was meant, so it is not sent. Look at email.from.")
