"""One message on its way to a carrier's API, which knows neither SMTP's dots nor letters beyond ASCII before the @."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tocsin.domain import text
from tocsin.domain.channel import Message
from tocsin.domain.errors import GiveUp, Refused
from tocsin_channels.email.letter import Bounces, Letter

# How our name of a delivery is called at every carrier, in events and in headers.
NAME: Final = "tocsin_delivery"
HEADER: Final = "X-Tocsin-Delivery"
_NOBODY: Final = Bounces("", "")
_DOT: Final = b".\r\n"
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Envelope:
    """`index` is the message's place in its batch, `raw` the whole mail."""

    index: int
    to: str
    delivery: str
    raw: bytes


def write(index: int, message: Message) -> Envelope:
    """Return the mail for one recipient; raise AddressDead or GiveUp where there can be none."""
    letter = message.rendered
    assert isinstance(letter, Letter)
    copy = letter.copy(index, message, _NOBODY)
    if copy.needs_utf8:
        raise GiveUp("This address has letters beyond ASCII before the @, which this provider does not take.")
    named = f"{HEADER}: {message.delivery}\r\n".encode()
    return Envelope(index, copy.recipient.decode(), message.delivery, named + copy.data.removesuffix(_DOT))


def shown_name(message: Message) -> str:
    """Return the name that stands beside the address, "" where it could break something."""
    try:
        return text.one_line(message.name, "name")[:_LONGEST_NAME]
    except Refused:
        return ""
