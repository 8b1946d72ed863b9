"""What an SMTP server's refusal means for the message, the recipient and us, by the table of its codes.

A code that the table has not is tried again and says so: whoever reads the ledger sees it, and so do operators.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tocsin.domain.errors import AddressDead, DeliveryError, ProviderDown, TooFast, TryAgain
from tocsin.domain.printable import printable
from tocsin_channels.email.codes import Code
from tocsin_channels.email.smtp_codes import ENHANCED, REPLIES


class Stage(Enum):
    """What the server was answering: whom a refusal can be about depends on it."""

    SESSION = "the session"  # greeting, EHLO, STARTTLS, AUTH
    MAIL = "the sender"
    RCPT = "the recipient"
    DATA = "the start of the message"
    DOT = "the message"


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole reply; `text` has the lines without their codes."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """Return the enhanced status code (RFC 2034), "5.1.1", or "" where there is none."""
        found = _ENHANCED.match(self.text)
        return found[1] if found else ""

    @property
    def note(self) -> str:
        """Return the server's own words, fit to be shown: one printable line of bounded length."""
        return printable(f"{self.code} {self.text}")


_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")

# Nobody is there. Only believed of a recipient or a message.
DEAD: Final = frozenset(code for code, known in ENHANCED.items() if known.decision is AddressDead)

READY = 354  # for the message's data
CLOSING = 421  # the session, in answer to whatever was asked
_NO_MAILBOX_NAME = 553
_FOR_GOOD = 500
# A server that is asked too often says so with one of these and 4.7.x, or hangs up at once (421); never until when.
_TOO_OFTEN = {CLOSING, 450, 451}
_REST_SECONDS = 10.0


def succeeded(code: int) -> bool:
    return code // 100 == 2  # noqa: PLR2004 - RFC 5321, 4.2.1: 2xx is success


def classify(reply: Reply, stage: Stage) -> DeliveryError:
    """Return what to do next about a message whose `stage` was answered with the refusal `reply`."""
    kind, unlisted = _kind(reply, stage), _unlisted(reply)
    if kind is TooFast:
        return TooFast(f"The SMTP server takes no more from us at present: {reply.note}", code=reply.code,
            retry_after=_REST_SECONDS)  # fmt: skip
    whom = "us" if stage is Stage.SESSION or kind is ProviderDown else stage.value
    note = f"The SMTP server refused {whom}: {reply.note}"
    if unlisted and issubclass(kind, TryAgain):
        note = f"{note} [{unlisted} is not in our table, so it is tried again]"
        return kind(note, code=reply.code, unlisted=unlisted)
    return kind(note, code=reply.code)


def _kind(reply: Reply, stage: Stage) -> type[DeliveryError]:
    enhanced, known = reply.enhanced, _known(reply)
    if ProviderDown in {known, _decision(REPLIES.get(reply.code))}:
        return ProviderDown
    if reply.code < _FOR_GOOD:  # 4xx, and a positive code where it makes no sense
        # About us; what is said of a recipient holds up nobody else.
        ours = stage in {Stage.SESSION, Stage.MAIL} and reply.code in _TOO_OFTEN and enhanced.startswith("4.7.")
        return TooFast if ours else TryAgain
    if stage in {Stage.SESSION, Stage.MAIL}:
        return ProviderDown
    if reply.code == _NO_MAILBOX_NAME and enhanced.startswith("5.1.") and known is not None:
        return AddressDead
    return known or TryAgain


def _known(reply: Reply) -> type[DeliveryError] | None:
    """Return what the surest code of a reply means, None where no table has it."""
    if reply.enhanced.startswith("4."):
        return TryAgain
    return _decision(ENHANCED.get(reply.enhanced) if reply.enhanced.startswith("5.") else REPLIES.get(reply.code))


def _unlisted(reply: Reply) -> str:
    """Return the code that no table has, "" where one has it."""
    if _known(reply) is not None:
        return ""
    return reply.enhanced if reply.enhanced.startswith("5.") else str(reply.code)


def _decision(known: Code | None) -> type[DeliveryError] | None:
    return None if known is None else known.decision
