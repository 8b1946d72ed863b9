"""A letter: one rendered mail, cut at the places that differ per recipient, so that a copy costs a microsecond or two.

What is put in between was checked character by character; the rest was parsed again after rendering. No line of a copy
begins with a dot, so there is nothing to stuff (RFC 5321, 4.5.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin.domain import text
from tocsin.domain.channel import Message
from tocsin.domain.errors import GiveUp, Refused
from tocsin_channels.email import headers
from tocsin_channels.email.address import encode

_OPAQUE = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,64})*"
_OPAQUE_THREE = re.compile(f"{_OPAQUE} {_OPAQUE} {_OPAQUE}").fullmatch
_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+){0,5}").fullmatch
_LONGEST_PLAIN_NAME = 60


@dataclass(frozen=True, slots=True)
class Bounces:
    """Where mail about failed deliveries goes: an address for each at `domain`, else all to `fallback`."""

    domain: str
    fallback: str

    def sender(self, delivery: str) -> bytes:
        return f"bounce-{delivery}@{self.domain}".encode() if self.domain else self.fallback.encode()


@dataclass(frozen=True, slots=True)
class Copy:
    """One recipient's mail: `index` in the batch, the envelope, and the data with the final dot."""

    index: int
    sender: bytes
    recipient: bytes
    data: bytes

    @property
    def needs_utf8(self) -> bool:
        return not self.recipient.isascii()


class Letter:
    """A mail in pieces.

    `head` ends before To's value, `after_to` before the message's id, `after_id` and all but the last piece of `tail`
    before an unsubscribe token.
    """

    __slots__ = ("_after_id", "_after_to", "_head", "_tail")

    def __init__(self, head: bytes, after_to: bytes, after_id: bytes, tail: tuple[bytes, bytes, bytes]) -> None:
        self._head = head
        self._after_to = after_to
        self._after_id = after_id
        self._tail = tail

    def copy(self, index: int, message: Message, bounces: Bounces) -> Copy:
        """Return the mail for one recipient; raise AddressDead or GiveUp where there can be none."""
        if not _OPAQUE_THREE(f"{message.id} {message.token} {message.delivery}"):
            raise GiveUp("A name made by us cannot stand in a mail header. This is a fault of Tocsin: report it.")
        address = encode(message.address)
        token = message.token.encode()
        between, before_last, end = self._tail
        data = b"".join(
            (
                self._head,
                _mailbox(message.name, address),
                self._after_to,
                message.id.encode(),
                self._after_id,
                token,
                between,
                token,
                before_last,
                token,
                end,
            )
        )
        return Copy(index, bounces.sender(message.delivery), address, data)


def _mailbox(name: str, address: bytes) -> bytes:
    if len(name) <= _LONGEST_PLAIN_NAME and _PLAIN_NAME(name):
        return b"%b <%b>" % (name.encode(), address)
    try:
        return b"%b <%b>" % (headers.phrase(text.one_line(name, "name")), address)
    except Refused:  # a name that is empty, or that could break the header, is left out
        return address
