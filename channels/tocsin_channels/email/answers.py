"""What an SMTP server's refusal means for the message, the recipient and us: one table, checked line by line.

Sources: RFC 5321 (reply codes), RFC 3463, 4954, 6531, 7372, 7505 (enhanced codes), and what Google (5.7.26) and
Microsoft (5.7.515) publish for senders. Codes that blame us never take a recipient from the list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin.domain.printable import printable


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
DEAD = {
    "5.1.1",  # no such mailbox
    "5.1.3",  # no mailbox can have this address
    "5.1.6",  # moved without a trace
    "5.1.10",  # the domain takes no mail (null MX)
    "5.2.1",  # the mailbox is closed
}
# For good, but not this address's fault, or it may be mended soon.
_LATER = {
    "5.2.2",  # mailbox full
    "5.3.1",  # the mail system is full
    "5.4.5",  # congestion
}
# We, or how our domain is set up, are at fault.
_OURS = {
    "5.1.7",  # our envelope sender isn't an address
    "5.1.8",  # our envelope sender's domain cannot be found
    "5.5.4",  # parameters they don't take
    "5.7.0",  # STARTTLS or AUTH is asked for first
    "5.7.3",  # not signed in
    "5.7.8",  # wrong credentials
    "5.7.9",  # too weak a mechanism
    "5.7.11",  # encryption needed
    "5.7.14",  # trust relationship needed
    "5.7.20",  # no passing DKIM signature
    "5.7.21",
    "5.7.22",
    "5.7.23",  # SPF failed
    "5.7.24",
    "5.7.25",  # reverse DNS failed
    "5.7.26",  # several authentication checks failed (Gmail: unauthenticated)
    "5.7.27",  # our domain says it takes no mail
    "5.7.509",  # DMARC (Microsoft)
    "5.7.515",  # required authentication level not met (Microsoft)
}
# Reply codes that are about us wherever they come (RFC 4954).
_OUR_CODES = {530, 534, 535, 538}

READY = 354  # for the message's data
CLOSING = 421  # the session, in answer to whatever was asked
_FULL = 552  # where no enhanced code says more: over quota
_NO_MAILBOX_NAME = 553
_FOR_GOOD = 500
# A server that is asked too often says so with one of these and 4.7.x, or hangs up at once (421); never until when.
_TOO_OFTEN = {CLOSING, 450, 451}
_REST_SECONDS = 10.0


def succeeded(code: int) -> bool:
    return code // 100 == 2  # noqa: PLR2004 - RFC 5321, 4.2.1: 2xx is success


def classify(reply: Reply, stage: Stage) -> DeliveryError:
    """Return what to do next about a message whose `stage` was answered with the refusal `reply`."""
    kind = _kind(reply, stage)
    if kind is TooFast:
        return TooFast(f"The SMTP server takes no more from us at present: {reply.note}", code=reply.code,
            retry_after=_REST_SECONDS)  # fmt: skip
    if stage is Stage.SESSION or kind is ProviderDown:
        return kind(f"The SMTP server refused us: {reply.note}", code=reply.code)
    return kind(f"The SMTP server refused {stage.value}: {reply.note}", code=reply.code)


def _kind(reply: Reply, stage: Stage) -> type[DeliveryError]:
    enhanced = reply.enhanced
    if reply.code in _OUR_CODES or enhanced in _OURS:
        return ProviderDown
    if reply.code < _FOR_GOOD:  # 4xx, and a positive code where it makes no sense
        # About us; what is said of a recipient holds up nobody else.
        ours = stage in {Stage.SESSION, Stage.MAIL} and reply.code in _TOO_OFTEN and enhanced.startswith("4.7.")
        return TooFast if ours else TryAgain
    if stage in {Stage.SESSION, Stage.MAIL}:
        return ProviderDown
    if enhanced in _LATER or (reply.code == _FULL and not enhanced):
        return TryAgain
    if enhanced in DEAD or (reply.code == _NO_MAILBOX_NAME and enhanced.startswith("5.1.")):
        return AddressDead
    return GiveUp
