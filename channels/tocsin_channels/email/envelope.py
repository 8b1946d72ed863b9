"""The commands that open one mail, and what a server without SMTPUTF8 cannot be given."""

from __future__ import annotations

from tocsin.domain.channel import Accepted
from tocsin.domain.errors import GiveUp
from tocsin_channels.email.letter import Copy

_QUEUED = b"queued as "
_LONGEST_ID = 100


def mail(copy: Copy) -> bytes:
    return b"MAIL FROM:<%b>%b\r\n" % (copy.sender, b" SMTPUTF8" if copy.needs_utf8 else b"")


def rcpt(copy: Copy) -> bytes:
    return b"RCPT TO:<%b>\r\n" % copy.recipient


def hurdle(copy: Copy, features: frozenset[str]) -> GiveUp | None:
    """Return why a server with these `features` cannot be given this mail, None where it can."""
    if copy.needs_utf8 and "SMTPUTF8" not in features:
        return GiveUp(
            "This address has letters beyond ASCII before the @, and the SMTP server does not offer SMTPUTF8 for it."
        )
    return None


def accepted(code: int, text: bytes) -> Accepted:
    """Read the answer to a final dot that was taken; many servers name the mail in it."""
    _, found, rest = text.partition(_QUEUED)
    name = rest.split(maxsplit=1)[0].decode("ascii", "ignore")[:_LONGEST_ID] if found and rest.strip() else ""
    return Accepted(provider_id=name, code=code)
