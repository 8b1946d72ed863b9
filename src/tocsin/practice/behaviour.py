"""Addresses that misbehave on purpose: one table, which the server obeys and the documentation and /practice show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Dot(Enum):
    """What follows the final dot of a message."""

    ANSWERED = auto()
    NEVER_ANSWERED = auto()  # and nothing was kept
    HUNG_UP = auto()  # though it was kept


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`refusals` are the answers to RCPT for the first tries of a message; a single one is given for every try.

    `refusal_of_data` answers the final dot. A message with a `report` is accepted, and a second later a delivery report
    (RFC 3464) with that action and status comes back.
    """

    local_part: str
    does: str
    then: str
    refusals: tuple[str, ...] = ()
    refusal_of_data: str = ""
    dot: Dot = Dot.ANSWERED
    report: tuple[str, str] | None = None
    seconds: float = 0.0

    def refusal(self, tries: int) -> str:
        """Return the answer to RCPT at try number `tries` (1, 2, …), "" where the recipient is welcome."""
        if len(self.refusals) == 1:
            return self.refusals[0]
        return self.refusals[tries - 1] if tries <= len(self.refusals) else ""


NORMAL = Behaviour("", "takes the message", "accepted")
BEHAVIOURS = (
    Behaviour(
        "refuse",
        "answers 550 5.1.1: there is no such mailbox",
        "failed at once, and the address is never written to again",
        refusals=("550 5.1.1 There is no such mailbox here",),
    ),
    Behaviour(
        "full",
        "answers 452 4.2.2: the mailbox is full",
        "tried again for as long as the news is worth it",
        refusals=("452 4.2.2 The mailbox is full",),
    ),
    Behaviour(
        "throttle",
        "answers 421 and hangs up, then 450, and takes the message at the third try",
        "accepted after two retries",
        refusals=("421 4.7.0 Too much mail from you, closing", "450 4.2.1 Still too much mail from you"),
    ),
    Behaviour(
        "policy",
        "answers 550 5.7.1: their policy refuses the message",
        "failed, and the address is kept: nobody said that it is dead",
        refusals=("550 5.7.1 Our policy refuses this message",),
    ),
    Behaviour(
        "unauthenticated",
        "answers the message with 550 5.7.26: our domain's SPF and DKIM do not pass",
        "our fault: tried again, shown to operators, never held against the address",
        refusal_of_data="550 5.7.26 Your domain is not authenticated: SPF and DKIM did not pass",
    ),
    Behaviour(
        "timeout",
        "keeps nothing and never answers the final dot",
        "outcome unknown: sent once more, then counted as accepted with that reason",
        dot=Dot.NEVER_ANSWERED,
    ),
    Behaviour(
        "hangup",
        "keeps the message and hangs up instead of answering",
        "outcome unknown: sent once more with the same Message-ID, so it is here twice",
        dot=Dot.HUNG_UP,
    ),
    Behaviour(
        "slow",
        "takes two seconds to answer the final dot",
        "accepted, and the others do not wait for it",
        seconds=2.0,
    ),
    Behaviour(
        "bounce",
        "takes the message and reports a second later that there is no such mailbox (5.1.1)",
        "accepted, then bounced, and the address is never written to again",
        report=("failed", "5.1.1"),
    ),
    Behaviour(
        "delay",
        "takes the message and reports a second later that it is not delivered yet (4.4.1)",
        "accepted, with a note",
        report=("delayed", "4.4.1"),
    ),
)
_BY_LOCAL_PART = {behaviour.local_part: behaviour for behaviour in BEHAVIOURS}


def behaviour_of(address: str) -> Behaviour:
    """Return how `address` behaves: refuse@example.com and refuse+anything@example.com refuse, others are normal."""
    return _BY_LOCAL_PART.get(address.rpartition("@")[0].partition("+")[0].lower(), NORMAL)
