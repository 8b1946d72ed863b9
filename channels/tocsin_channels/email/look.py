"""A letter as a mail program takes it apart: subject, plain text and HTML of a copy to nobody in particular."""

from __future__ import annotations

from email import message_from_bytes, policy

from tocsin.domain.channel import Message
from tocsin.domain.look import Caution, Look
from tocsin_channels.email.letter import Bounces, Letter

_NOBODY = Message("preview", "someone@example.com", "", "", "", "preview", "preview")
_CLIPPED = 95_000  # Gmail shows no more than about 102 kB


def look(letter: Letter) -> Look:
    """Return what the reader of `letter` sees."""
    data = letter.copy(0, _NOBODY, Bounces("", "preview@example.com")).data.removesuffix(b".\r\n")
    mail = message_from_bytes(data, policy=policy.default)
    parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    cautions: tuple[Caution, ...] = ()
    if len(data) > _CLIPPED:
        cautions = (
            Caution("large_email", f"The mail has {len(data):,} bytes, and some programs clip it. Shorten it."),
        )
    content = {"subject": str(mail["subject"]), "text": parts["text/plain"], "html": parts["text/html"]}
    return Look(content | {"bytes": len(data)}, cautions)
