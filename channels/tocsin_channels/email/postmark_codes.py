"""Postmark's codes as decisions: of answers to a request, and of what it reports later of a message.

Sources: https://postmarkapp.com/developer/api/overview#error-codes and
https://postmarkapp.com/developer/api/bounce-api#bounce-types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tocsin.domain.errors import AddressDead, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.email.codes import Code, Table
from tocsin_channels.email.verdict import Verdict

POSTMARK: Final = Table(
    "Postmark",
    {
        # ErrorCode, of the whole request or of one of its messages.
        "10": Code("our token is refused: check email.postmark_server_token", ProviderDown),
        "100": Code("Postmark is being maintained", TryAgain),
        "300": Code("the message is refused", GiveUp),
        "400": Code("our sender is unknown: confirm it at Postmark", ProviderDown),
        "401": Code("our sender is not confirmed: confirm it at Postmark", ProviderDown),
        "402": Code("our request cannot be read", GiveUp),
        "403": Code("our request cannot be read", GiveUp),
        "405": Code("our account has no credits left or may not send", ProviderDown),
        "406": Code("Postmark delivers nothing there: it bounced, complained or unsubscribed", AddressDead),
        "409": Code("our request cannot be read", GiveUp),
        "410": Code("more messages in one request than Postmark takes", GiveUp),
        "411": Code("an attachment is forbidden", GiveUp),
        "412": Code("our account is pending and sends to its own domain alone", ProviderDown),
        "413": Code("our account may not send", ProviderDown),
        "429": Code("more requests than our account may make", TooFast),
        "1235": Code("there is no such message stream: check email.postmark_stream", ProviderDown),
        # The words of a 300, which says too little.
        "invalid 'to'": Code("nobody can be at such an address", AddressDead),
        "invalid 'from'": Code("our sender is refused: check email.from, and confirm it at Postmark", ProviderDown),
        # The HTTP status, where no ErrorCode came.
        "HTTP 401": Code("our token is refused: check email.postmark_server_token", ProviderDown),
        "HTTP 403": Code("our token may not do this", ProviderDown),
        "HTTP 404": Code("there is nothing at this address: check email.postmark_url", ProviderDown),
        "HTTP 413": Code("the request is too large", GiveUp),
        "HTTP 415": Code("our request cannot be read", GiveUp),
        "HTTP 422": Code("the request is refused", GiveUp),
        "HTTP 429": Code("more requests than our account may make", TooFast),
        "HTTP 500": Code("Postmark stumbled", TryAgain),
        "HTTP 502": Code("Postmark stumbled", TryAgain),
        "HTTP 503": Code("Postmark is not available", TryAgain),
    },
)
WORDS: Final = (
    ("'to'", "invalid 'to'"),
    ("'from'", "invalid 'from'"),
)

# RecordType of what says it all by itself.
RECORDS: Final[Mapping[str, Verdict]] = {
    "Delivery": Verdict.DELIVERED,
    "SpamComplaint": Verdict.COMPLAINED,
    "Open": Verdict.NOTHING,
    "Click": Verdict.NOTHING,
    "SubscriptionChange": Verdict.NOTHING,  # one that ends a suppression at Postmark: it is not their wish
}
# Type of a record "Bounce"; None: as the receiving server's own words have it.
BOUNCES: Final[Mapping[str, Verdict | None]] = {
    "HardBounce": Verdict.GONE,
    "SoftBounce": Verdict.RETURNED,  # may be followed by a HardBounce
    "Transient": Verdict.DELAYED,
    "DnsError": Verdict.DELAYED,
    "AutoResponder": Verdict.NOTHING,
    "AddressChange": Verdict.NOTHING,
    "Subscribe": Verdict.NOTHING,
    "OpenRelayTest": Verdict.NOTHING,
    "ChallengeVerification": Verdict.DELAYED,
    "Unsubscribe": Verdict.OPTED_OUT,
    "SpamComplaint": Verdict.COMPLAINED,
    "SpamNotification": Verdict.OUR_FAULT,
    "Blocked": Verdict.OUR_FAULT,
    "DMARCPolicy": Verdict.OUR_FAULT,
    "VirusNotification": Verdict.RETURNED,
    "BadEmailAddress": Verdict.GONE,
    "ManuallyDeactivated": Verdict.RETURNED,  # an operator did it, and may undo it
    "Unconfirmed": Verdict.RETURNED,
    "SMTPApiError": Verdict.OUR_FAULT,
    "TemplateRenderingFailed": Verdict.OUR_FAULT,
    "InboundError": Verdict.NOTHING,
    "Unknown": None,
}
# SuppressionReason of a record "SubscriptionChange" that stops sending.
SUPPRESSIONS: Final[Mapping[str, Verdict]] = {
    "HardBounce": Verdict.NOTHING,  # a record "Bounce" comes as well, and says more
    "SpamComplaint": Verdict.COMPLAINED,
    "ManualSuppression": Verdict.OPTED_OUT,
}
