"""Numbers that misbehave on purpose where the practice carrier is Vonage: one table, as for Twilio."""

from __future__ import annotations

import secrets
from typing import Final

from tocsin.practice.twilio_behaviour import NORMAL, SENDER, Behaviour, Ending, Refusal

_BUSY = Refusal(200, 1, "Throughput Rate Exceeded - please wait [ 250 ] and retry")
_OK: Final = 200

BEHAVIOURS: Final = (
    Behaviour(
        "+15005550001",
        "answers 200 and status 33: the number is no longer in use",
        "failed at once, and the number is never written to again",
        refusals=(Refusal(_OK, 33, "Number De-activated"),),
    ),
    Behaviour(
        "+15005550002",
        "answers 200 and status 15: our sender is refused",
        "our fault: tried again, shown to operators, never held against the number",
        refusals=(Refusal(_OK, 15, "Illegal Sender Address - rejected"),),
    ),
    Behaviour(
        "+15005550003",
        "answers 200 and status 6: the message cannot be processed",
        "failed, and the number is kept",
        refusals=(Refusal(_OK, 6, "The Vonage platform was unable to process this message"),),
    ),
    Behaviour(
        "+15005550004",
        "answers 200 and status 7: the number is barred",
        "failed at once, and the number is never written to again",
        refusals=(Refusal(_OK, 7, "Number barred"),),
    ),
    Behaviour(
        "+15005550009",
        "answers 200 and status 9: our balance is spent",
        "our fault: tried again, shown to operators, never held against the number",
        refusals=(Refusal(_OK, 9, "Partner quota violation"),),
    ),
    Behaviour(
        "+15005550010",
        "answers 200 and status 1 twice: too many requests, then takes the text",
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
        "outcome unknown until the report that it was delivered; not sent again",
        ending=Ending.HUNG_UP,
    ),
    Behaviour(
        "+15005550013",
        "keeps nothing and never answers",
        "outcome unknown: sent once more, then counted as accepted with that reason",
        ending=Ending.NEVER_ANSWERED,
    ),
    Behaviour(
        "+15005550014",
        "keeps the text and answers 200 with a page of HTML",
        "outcome unknown until the report that it was delivered; not sent again",
        ending=Ending.GARBAGE,
    ),
    Behaviour(
        "+15005550015",
        "takes the text and reports failed, 3: the number is no longer in use",
        "accepted, then bounced, and the number is never written to again",
        status="failed",
        error=3,
    ),
    Behaviour(
        "+15005550016",
        "takes the text and reports failed, 2: the handset cannot be reached",
        "accepted, then held for an hour and sent once more, then bounced; the number is kept",
        status="failed",
        error=2,
    ),
    Behaviour(
        "+15005550017",
        "takes the text and reports rejected, 6: filtered by the carrier",
        "accepted, then bounced, and the number is kept",
        status="rejected",
        error=6,
    ),
    Behaviour(
        "+15005550018",
        "takes the text, and its holder replies: please stop",
        "delivered, then opted out",
        reply="please stop",
    ),
    Behaviour(
        "+15005550019",
        "takes two seconds to answer",
        "accepted, and the others do not wait for it",
        seconds=2.0,
    ),
    Behaviour(
        "+15005550020",
        "takes the text, and its holder replies HELP",
        "delivered; HELP is answered by the carrier and changes nothing",
        reply="HELP",
    ),
)
_BY_NUMBER: Final = {behaviour.number: behaviour for behaviour in BEHAVIOURS}


def vonage_settings(base: str) -> dict[str, str]:
    """Return the settings by which texts go to the look-alike at `base`, with an account made up for this run."""
    return {
        "TOCSIN_SMS__PROVIDER": "vonage",
        "TOCSIN_SMS__VONAGE_HOST": base,
        "TOCSIN_SMS__VONAGE_API_KEY": secrets.token_hex(4),
        "TOCSIN_SMS__VONAGE_API_SECRET": secrets.token_hex(8),
        "TOCSIN_SMS__VONAGE_SIGNATURE_SECRET": secrets.token_hex(16),
        "TOCSIN_SMS__FROM": SENDER,
    }


def behaviour_of(number: str) -> Behaviour:
    return _BY_NUMBER.get(number, NORMAL)
