"""Numbers that misbehave on purpose: one table, which the look-alike of Twilio obeys and /practice/sms shows.

The first of them are Twilio's own magic numbers, which fail in the same way there.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

SENDER: Final = "+15005550006"  # Twilio's own number to practise from


class Ending(Enum):
    """What becomes of a request after it was read."""

    ANSWERED = auto()
    NEVER_ANSWERED = auto()  # and nothing was kept
    HUNG_UP = auto()  # though it was kept
    GARBAGE = auto()  # it was kept, and what comes back is a page of HTML


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that takes nothing; without a code it is what stands between us and Twilio that answers."""

    status: int
    code: int = 0
    message: str = ""
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`refusals` answer the first tries of a number; a single one answers every try.

    A text that was taken is reported as `status`, with `error`; whoever holds the number may then reply.
    """

    number: str
    does: str
    then: str
    refusals: tuple[Refusal, ...] = ()
    ending: Ending = Ending.ANSWERED
    status: str = "delivered"
    error: int | None = None
    reply: str = ""
    seconds: float = 0.0

    def refusal(self, tries: int) -> Refusal | None:
        """Return the answer to try number `tries` (1, 2, …), None where the text is taken."""
        if len(self.refusals) == 1:
            return self.refusals[0]
        return self.refusals[tries - 1] if tries <= len(self.refusals) else None


NORMAL: Final = Behaviour("", "takes the text", "accepted, then delivered")
_BUSY = Refusal(429, 20429, "Too Many Requests", retry_after=1)

BEHAVIOURS: Final = (
    Behaviour(
        "+15005550001",
        "answers 21211: this is no phone number",
        "failed at once, and the number is never written to again",
        refusals=(Refusal(400, 21211, "The 'To' number +15005550001 is not a valid phone number."),),
    ),
    Behaviour(
        "+15005550002",
        "answers 21612: our sender cannot reach this number",
        "our fault: tried again, shown to operators, never held against the number",
        refusals=(Refusal(400, 21612, "The 'To' phone number is not currently reachable using the 'From' number"),),
    ),
    Behaviour(
        "+15005550003",
        "answers 21408: sending to this region is not enabled",
        "failed, and the number is kept",
        refusals=(Refusal(400, 21408, "Permission to send an SMS has not been enabled for this region"),),
    ),
    Behaviour(
        "+15005550004",
        "answers 21610: they replied STOP before",
        "suppressed, and opted out until they text START",
        refusals=(Refusal(400, 21610, "Attempt to send to unsubscribed recipient"),),
    ),
    Behaviour(
        "+15005550009",
        "answers 21614: this is no mobile number",
        "failed at once, and the number is never written to again",
        refusals=(Refusal(400, 21614, "'To' number is not a valid mobile number"),),
    ),
    Behaviour(
        "+15005550010",
        "answers 429 with Retry-After: 1 twice, then takes the text",
        "accepted after two retries",
        refusals=(_BUSY, _BUSY),
    ),
    Behaviour(
        "+15005550011",
        "answers 503 with a page of HTML twice, then takes the text",
        "accepted after two retries",
        refusals=(Refusal(503), Refusal(503)),
    ),
    Behaviour(
        "+15005550012",
        "keeps the text and hangs up instead of answering",
        "outcome unknown until the report that it was delivered, or until it is found; not sent again",
        ending=Ending.HUNG_UP,
    ),
    Behaviour(
        "+15005550013",
        "keeps nothing and never answers",
        "outcome unknown: looked for, sent once more since it is not there, and so on, ever more rarely",
        ending=Ending.NEVER_ANSWERED,
    ),
    Behaviour(
        "+15005550014",
        "keeps the text and answers 200 with a page of HTML",
        "outcome unknown until the report that it was delivered, or until it is found; not sent again",
        ending=Ending.GARBAGE,
    ),
    Behaviour(
        "+15005550015",
        "takes the text and reports undelivered, 30006: a landline",
        "accepted, then bounced, and the number is never written to again",
        status="undelivered",
        error=30006,
    ),
    Behaviour(
        "+15005550016",
        "takes the text and reports undelivered, 30003: the handset is off",
        "accepted, then held for an hour and sent once more, then bounced; the number is kept",
        status="undelivered",
        error=30003,
    ),
    Behaviour(
        "+15005550017",
        "takes the text and reports undelivered, 30007: filtered by the carrier",
        "accepted, then bounced, and the number is kept",
        status="undelivered",
        error=30007,
    ),
    Behaviour(
        "+15005550018",
        "takes the text, and its holder replies STOP",
        "delivered, then opted out",
        reply="STOP",
    ),
    Behaviour(
        "+15005550020",
        "takes the text, and its holder replies HELP",
        "delivered; HELP is answered by the carrier and changes nothing",
        reply="HELP",
    ),
    Behaviour(
        "+15005550021",
        "takes the text, and its holder replies: please stop",
        "delivered, then opted out, though no keyword says so",
        reply="please stop",
    ),
    Behaviour(
        "+15005550019",
        "takes two seconds to answer",
        "accepted, and the others do not wait for it",
        seconds=2.0,
    ),
)
_BY_NUMBER: Final = {behaviour.number: behaviour for behaviour in BEHAVIOURS}


def twilio_settings(base: str) -> dict[str, str]:
    """Return the settings by which texts go to the look-alike at `base`, with an account made up for this run."""
    return {
        "TOCSIN_SMS__PROVIDER": "twilio",
        "TOCSIN_SMS__TWILIO_URL": base,
        "TOCSIN_SMS__TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "TOCSIN_SMS__TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TOCSIN_SMS__FROM": SENDER,
    }


def behaviour_of(number: str) -> Behaviour:
    return _BY_NUMBER.get(number, NORMAL)
