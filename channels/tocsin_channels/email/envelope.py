"""The commands that open one mail, and what a server without SMTPUTF8 cannot be given."""

from __future__ import annotations

from functools import cache

from tocsin.domain.channel import Accepted
from tocsin.domain.errors import GiveUp
from tocsin_channels.email.letter import Copy

_QUEUED = b"queued as "
_LONGEST_ID = 100


def opening(copy: Copy) -> bytes:
    """Return all three commands, for a server that takes them at once."""
    if copy.recipient.isascii():
        return b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (copy.sender, copy.recipient)
    return mail(copy) + rcpt(copy) + b"DATA\r\n"


def mail(copy: Copy) -> bytes:
    return b"MAIL FROM:<%b>%b\r\n" % (copy.sender, b" SMTPUTF8" if copy.needs_utf8 else b"")


def rcpt(copy: Copy) -> bytes:
    return b"RCPT TO:<%b>\r\n" % copy.recipient


def hurdle(copy: Copy, features: frozenset[str]) -> GiveUp | None:
    """Return why a server with these `features` cannot be given this mail, None where it can."""
    if not copy.recipient.isascii() and "SMTPUTF8" not in features:
        return GiveUp(
            "This address has letters beyond ASCII before the @, and the SMTP server does not offer SMTPUTF8 for it."
        )
    return None


def accepted(code: int, text: bytes) -> Accepted:
    """Read the answer to a final dot that was taken; many servers name the mail in it."""
    _, found, rest = text.partition(_QUEUED)
    if not found or not rest.strip():
        return _nameless(code)
    return Accepted(provider_id=rest.split(maxsplit=1)[0].decode("ascii", "ignore")[:_LONGEST_ID], code=code)


@cache
def _nameless(code: int) -> Accepted:
    return Accepted(code=code)
