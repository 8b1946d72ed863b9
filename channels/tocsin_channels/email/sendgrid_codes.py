"""SendGrid's codes as decisions: of answers to a request, and of what it reports later of a message.

Sources: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors and
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (events, reasons, classifications).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tocsin.domain.errors import AddressDead, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.email.codes import Code, Table
from tocsin_channels.email.verdict import Verdict

SENDGRID: Final = Table(
    "SendGrid",
    {
        "400": Code("the message is refused", GiveUp),
        "401": Code("our key is refused, or no credits are left: check email.sendgrid_api_key", ProviderDown),
        "403": Code("our sender is not verified, or our key may not send", ProviderDown),
        "404": Code("there is nothing at this address: check email.sendgrid_url", ProviderDown),
        "405": Code("there is nothing to post to at this address: check email.sendgrid_url", ProviderDown),
        "406": Code("our request is refused", GiveUp),
        "413": Code("the request is too large", GiveUp),
        "415": Code("our request cannot be read", GiveUp),
        "429": Code("more requests than our account may make", TooFast),
        "500": Code("SendGrid stumbled", TryAgain),
        "502": Code("SendGrid stumbled", TryAgain),
        "503": Code("SendGrid is not available", TryAgain),
        # The field of a 400, which says what it is about.
        "to": Code("nobody can be at such an address", AddressDead),
        "personalizations": Code("this message is refused", GiveUp),
        "from": Code("our sender is refused: check email.from", ProviderDown),
    },
)  # fmt: skip

EVENTS: Final[Mapping[str, Verdict]] = {
    "processed": Verdict.NOTHING,
    "open": Verdict.NOTHING,
    "click": Verdict.NOTHING,
    "group_resubscribe": Verdict.NOTHING,
    "account_status_change": Verdict.NOTHING,  # of our account; what is refused for it says so
    "deferred": Verdict.DELAYED,
    "delivered": Verdict.DELIVERED,
    "spamreport": Verdict.COMPLAINED,
    "unsubscribe": Verdict.OPTED_OUT,
    "group_unsubscribe": Verdict.OPTED_OUT,
}
# bounce_classification; None: as the receiving server's own words have it.
CLASSIFICATIONS: Final[Mapping[str, Verdict | None]] = {
    "invalid address": Verdict.GONE,
    "mailbox unavailable": Verdict.RETURNED,
    "technical": Verdict.RETURNED,
    "content": Verdict.OUR_FAULT,
    "reputation": Verdict.OUR_FAULT,
    "frequency or volume too high": Verdict.OUR_FAULT,
    "unclassified": None,
}
# reason of "dropped": SendGrid never tried.
DROPS: Final[Mapping[str, Verdict]] = {
    "bounced address": Verdict.RETURNED,  # on SendGrid's list already
    "invalid": Verdict.GONE,
    "spam reporting address": Verdict.STOPPED,
    "unsubscribed address": Verdict.STOPPED,
    "spam content": Verdict.OUR_FAULT,
    "spam content (if spam checker app enabled)": Verdict.OUR_FAULT,
    "recipient list over package quota": Verdict.OUR_FAULT,
    "invalid smtpapi header": Verdict.OUR_FAULT,
}
