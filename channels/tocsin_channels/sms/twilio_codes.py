"""Twilio's error codes as decisions: of answers to a request, and of what it reports later of a message.

Source: https://www.twilio.com/docs/api/errors. Codes that blame us never take a recipient from the list.
"""

from __future__ import annotations

from typing import Final

from tocsin.domain.errors import AddressDead, GiveUp, OptedOut, ProviderDown, TooFast, TryAgain
from tocsin_channels.sms.codes import Code, Table

TWILIO: Final = Table(
    "Twilio",
    {
        # The HTTP status, where there is no code of Twilio's own.
        401: Code("our credentials are refused: check twilio_account_sid and twilio_auth_token", ProviderDown),
        403: Code("our account may not do this", ProviderDown),
        404: Code("there is no such account: check twilio_account_sid and twilio_url", ProviderDown),
        408: Code("the request timed out on its way", TryAgain),
        429: Code("too many requests", TooFast),
        500: Code("Twilio stumbled", TryAgain),
        502: Code("Twilio stumbled", TryAgain),
        503: Code("Twilio is not available", TryAgain),
        # Answers to a request.
        14107: Code("more texts than our sender may send in this time", TooFast),
        20001: Code("a parameter is invalid", GiveUp),
        20003: Code("our credentials are refused: check twilio_account_sid and twilio_auth_token", ProviderDown),
        20005: Code("our account is not active", ProviderDown),
        20403: Code("our account may not do this", ProviderDown),
        20404: Code("there is no such account: check twilio_account_sid and twilio_url", ProviderDown),
        20429: Code("too many requests", TooFast),
        20500: Code("Twilio stumbled", TryAgain),
        20503: Code("Twilio is not available", TryAgain),
        21211: Code("this is no phone number", AddressDead),
        21212: Code("our sender is no phone number: check sms.from", ProviderDown),
        21217: Code("this is no phone number", AddressDead),
        21408: Code("sending to this region is not enabled in our account", GiveUp),
        21602: Code("the message has no text", GiveUp),
        21603: Code("we named no sender: set sms.from", ProviderDown),
        21604: Code("the message has no recipient", GiveUp),
        21606: Code("our sender cannot send this: check sms.from", ProviderDown),
        21608: Code("a trial account sends to verified numbers alone", ProviderDown),
        21609: Code("our receipts' address is refused: public_url must be one that Twilio can reach", ProviderDown),
        21610: Code("they replied STOP; only START from them changes that", OptedOut),
        21611: Code("our sender's queue is full", TryAgain),
        21612: Code("our sender cannot reach this number: check sms.from", ProviderDown),
        21614: Code("this is no mobile number", AddressDead),
        21617: Code("the text is longer than 1600 characters", GiveUp),
        21619: Code("the message has no text", GiveUp),
        21635: Code("this is a landline", AddressDead),
        21659: Code("our sender is no number of Twilio's: check sms.from", ProviderDown),
        21660: Code("our sender is not our account's: check sms.from", ProviderDown),
        21701: Code("there is no such messaging service: check sms.from", ProviderDown),
        21703: Code("our messaging service has no senders", ProviderDown),
        21704: Code("our messaging service has no senders", ProviderDown),
        # Reports, and answers now and then.
        30001: Code("the queue overflowed", TryAgain),
        30002: Code("our account is suspended", ProviderDown),
        30003: Code("the handset cannot be reached", TryAgain),
        30004: Code("the number blocks our messages", AddressDead),
        30005: Code("the number is unknown or no longer in use", AddressDead),
        30006: Code("a landline, or its carrier takes no texts", AddressDead),
        30007: Code("filtered by the carrier: the same text will not pass", GiveUp),
        30008: Code("an unknown error at the carrier", TryAgain),
        30009: Code("a segment went missing", TryAgain),
        30010: Code("it costs more than we allow", GiveUp),
        30022: Code("more than our registration allows in this time, or too many to this number", TooFast),
        30032: Code("our toll-free number is not verified", ProviderDown),
        30034: Code("our number is not registered for A2P 10DLC", ProviderDown),
        30036: Code("it was not delivered within the time that the news was worth it", GiveUp),
        63038: Code("our account's daily limit is reached", ProviderDown),
    },
)

# Another of our numbers may do where this one cannot.
TRY_ANOTHER_SENDER: Final = frozenset({21606, 21611, 21612})
# Nothing else of a batch would fare better.
WHOLE_ACCOUNT: Final = frozenset({401, 429, 20003, 20005, 20429, 30002})

# Reported later, these may have passed in an hour.
MAY_PASS: Final = frozenset({30001, 30003, 30008, 30009, 30022})

# Reported later, these blame us too: how we send is taken for spam.
FILTERED: Final = frozenset({30007})

# Reported later, these say that nobody is there only where they come again, of another message and a day later.
ONCE_IS_NO_PROOF: Final = frozenset({30005})
