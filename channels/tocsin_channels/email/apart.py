"""A letter taken apart again, for carriers that put mails together themselves: once a batch, not once a mail."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parseaddr
from typing import Final

from tocsin.domain.channel import Message
from tocsin_channels.email.letter import Bounces, Letter

# What the carrier writes itself or is given in a place of its own.
_APART: Final = frozenset(
    {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class Parts:
    """A mail in the pieces that APIs ask for; `mark` stands where each recipient's own token goes."""

    sender: tuple[str, str]  # name and address
    subject: str
    headers: tuple[tuple[str, str], ...]
    domain: str
    text: str
    html: str
    mark: str

    def headers_for(self, message: Message) -> dict[str, str]:
        """Return the headers of one recipient's mail, its Message-ID among them."""
        own = {name: value.replace(self.mark, message.token) for name, value in self.headers}
        return own | {"Message-ID": f"<{message.id}@{self.domain}>"}


def take_apart(letter: Letter) -> Parts:
    """Return the pieces of a letter."""
    mark = f"mark{secrets.token_hex(12)}"
    sample = Message("id", "a@b.example", "", letter, "", mark, "delivery")
    mail = BytesParser(policy=compat32).parsebytes(letter.copy(0, sample, Bounces("", "")).data.removesuffix(b".\r\n"))
    return Parts(
        sender=parseaddr(_readable(mail["From"])),
        subject=_readable(mail["Subject"]),
        headers=tuple((name, _readable(value)) for name, value in mail.items() if name.lower() not in _APART),
        domain=str(mail["Message-ID"]).rpartition("@")[2].rstrip("> \r\n"),
        text=_part(mail, "text/plain"),
        html=_part(mail, "text/html"),
        mark=mark,
    )


def by_letter(messages: Sequence[tuple[int, Message]]) -> Iterator[tuple[Letter, list[tuple[int, Message]]]]:
    """Group numbered messages by the letter that they are copies of."""
    groups: dict[int, tuple[Letter, list[tuple[int, Message]]]] = {}
    for index, message in messages:
        letter = message.rendered
        assert isinstance(letter, Letter)
        groups.setdefault(id(letter), (letter, []))[1].append((index, message))
    yield from groups.values()


def _readable(value: object) -> str:
    unfolded = str(value).replace("\r\n", "").replace("\n", "")
    return str(make_header(decode_header(unfolded)))


def _part(mail: Mail, kind: str) -> str:
    for part in mail.walk():
        if part.get_content_type() == kind:
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content.decode("utf-8").replace("\r\n", "\n")
    return ""
