"""Mailgun's codes as decisions: of answers to a request, and of what it reports later of a message.

Sources: https://documentation.mailgun.com/docs/mailgun/quickstart-guide/responses (HTTP statuses) and
https://documentation.mailgun.com/docs/mailgun/user-manual/events/events (events, reasons, and its own delivery codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tocsin.domain.errors import AddressDead, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.email.codes import Code, Table
from tocsin_channels.email.verdict import Verdict

MAILGUN: Final = Table(
    "Mailgun",
    {
        "400": Code("the message is refused", GiveUp),
        "401": Code("our key is refused: check email.mailgun_api_key and mailgun_url", ProviderDown),
        "402": Code("our account is to be paid", ProviderDown),
        "403": Code("our account or domain may not send this", ProviderDown),
        "404": Code("there is no such domain: check email.mailgun_domain and mailgun_url", ProviderDown),
        "406": Code("the message is refused", GiveUp),
        "413": Code("the message is too large", GiveUp),
        "420": Code("our account has sent as much as it may for now", ProviderDown),
        "429": Code("more requests than our account may make", TooFast),
        "500": Code("Mailgun stumbled", TryAgain),
        "502": Code("Mailgun stumbled", TryAgain),
        "503": Code("Mailgun is not available", TryAgain),
        # The words of a 400, which says too little.
        "not a valid address": Code("nobody can be at such an address", AddressDead),
        "not allowed to send": Code("our domain may not send: see Mailgun's control panel", ProviderDown),
        "domain disabled": Code("our domain is disabled: see Mailgun's control panel", ProviderDown),
    },
)  # fmt: skip
WORDS: Final = (
    ("'to' parameter is not a valid address", "not a valid address"),
    ("to parameter is not a valid address", "not a valid address"),
    ("not allowed to send", "not allowed to send"),
    ("is disabled", "domain disabled"),
)

EVENTS: Final[Mapping[str, Verdict]] = {
    "accepted": Verdict.NOTHING,
    "stored": Verdict.NOTHING,
    "opened": Verdict.NOTHING,
    "clicked": Verdict.NOTHING,
    "list_member_uploaded": Verdict.NOTHING,
    "delivered": Verdict.DELIVERED,
    "rejected": Verdict.OUR_FAULT,  # Mailgun itself refused to send it
    "complained": Verdict.COMPLAINED,
    "unsubscribed": Verdict.OPTED_OUT,
    "failed/temporary": Verdict.DELAYED,
}
# Reasons of a permanent failure; None: as the receiving server's own words have it.
REASONS: Final[Mapping[str, Verdict | None]] = {
    "bounce": None,
    "delayed-bounce": None,
    "generic": None,
    "hardfail": None,
    "old": Verdict.RETURNED,  # it was tried for as long as Mailgun does
    "greylisted": Verdict.RETURNED,
    "espblock": Verdict.OUR_FAULT,
    "suppress-bounce": Verdict.RETURNED,  # on Mailgun's list already
    "suppress-complaint": Verdict.STOPPED,
    "suppress-unsubscribe": Verdict.STOPPED,
}
# Mailgun's own codes in delivery-status.code, where they say more than the reason.
DELIVERY_CODES: Final[Mapping[int, Verdict]] = {
    602: Verdict.RETURNED,  # too old
    605: Verdict.RETURNED,  # previously bounced
    606: Verdict.STOPPED,  # previously unsubscribed
    607: Verdict.STOPPED,  # previously complained
}
