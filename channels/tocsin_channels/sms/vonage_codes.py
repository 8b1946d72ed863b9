"""Vonage's codes as decisions: of answers to a request, and of what it reports later of a message.

Sources: https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms (status) and
https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts (err-code).
"""

from __future__ import annotations

from typing import Final

from tocsin.domain.errors import AddressDead, GiveUp, OptedOut, ProviderDown, TooFast, TryAgain
from tocsin_channels.sms.codes import Code, Table

VONAGE: Final = Table(
    "Vonage",
    {
        1: Code("too many requests", TooFast),
        2: Code("a parameter is missing", GiveUp),
        3: Code("a parameter is invalid", GiveUp),
        4: Code("our credentials are refused: check vonage_api_key and vonage_api_secret", ProviderDown),
        5: Code("Vonage stumbled", TryAgain),
        6: Code("the message cannot be processed", GiveUp),
        7: Code("the number is barred", AddressDead),
        8: Code("our account is barred", ProviderDown),
        9: Code("our balance is spent", ProviderDown),
        10: Code("too many connections", TooFast),
        11: Code("our account may not send by HTTP", ProviderDown),
        12: Code("the text is too long", GiveUp),
        14: Code("our signature is refused", ProviderDown),
        15: Code("our sender is refused: check sms.from", ProviderDown),
        22: Code("the network that was named is not this number's", GiveUp),
        23: Code("our receipts' address is refused", ProviderDown),
        29: Code("a trial account sends to listed numbers alone", ProviderDown),
        32: Code("our credentials were sent twice over", ProviderDown),
        33: Code("the number is no longer in use", AddressDead),
        # The HTTP status, where Vonage itself did not answer.
        401: Code("our credentials are refused: check vonage_api_key and vonage_api_secret", ProviderDown),
        403: Code("our account may not do this", ProviderDown),
        404: Code("there is nothing at this address: check vonage_host", ProviderDown),
        429: Code("too many requests", TooFast),
        500: Code("Vonage stumbled", TryAgain),
        502: Code("Vonage stumbled", TryAgain),
        503: Code("Vonage is not available", TryAgain),
    },
)
WHOLE_ACCOUNT: Final = frozenset({1, 4, 8, 9, 10, 11, 14, 401, 429})

# Reported later, these may have passed in an hour.
MAY_PASS: Final = frozenset({1, 2, 7, 8, 99})
# … and these blame us: how we send is taken for spam, or is not registered where it must be, or our quota is spent.
FILTERED: Final = frozenset({6, 14, 16, 50, 51, 52, 53, 54})
# What a report's err-code means; AddressDead alone takes a recipient from the list.
REPORTS: Final = Table(
    "Vonage",
    {
        1: Code("unknown", TryAgain),
        2: Code("the handset cannot be reached", TryAgain),
        3: Code("the number is no longer in use", AddressDead),
        4: Code("they block our messages", OptedOut),
        5: Code("the number is moving to another carrier", TryAgain),
        6: Code("filtered by the carrier: the same text will not pass", GiveUp),
        7: Code("the handset was busy", TryAgain),
        8: Code("the network failed", TryAgain),
        9: Code("they told the carrier that they want none of these texts", OptedOut),
        10: Code("the text was refused", GiveUp),
        11: Code("there is no way to this number", GiveUp),
        12: Code("the number cannot be reached", GiveUp),
        13: Code("refused for the subscriber's age", GiveUp),
        14: Code("the carrier blocks our messages to this number", GiveUp),
        15: Code("their prepaid balance is spent", TryAgain),
        16: Code("a quota is spent", TryAgain),
        50: Code("filtered: our company is not registered with the carriers", GiveUp),
        51: Code("filtered: our sender is not registered with the carriers", GiveUp),
        52: Code("filtered: our text is not registered with the carriers", GiveUp),
        53: Code("filtered: no consent to our texts is registered with the carriers", GiveUp),
        54: Code("a regulation forbids it", GiveUp),
        99: Code("a general error", TryAgain),
    },
)
