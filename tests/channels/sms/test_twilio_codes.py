"""Twilio's codes, line by line: what the reference for this channel says each of them asks for."""

from __future__ import annotations

import pytest

from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, OptedOut, ProviderDown, TooFast, TryAgain
from tocsin_channels.sms.codes import Table
from tocsin_channels.sms.twilio_codes import TWILIO
from tocsin_channels.sms.vonage_codes import VONAGE

REFERENCE: list[tuple[int, type[DeliveryError]]] = [
    (20003, ProviderDown),  # auth failed: channel breaker, no per-recipient effect
    (20429, TooFast),  # too many requests: back off
    (21211, AddressDead),  # invalid To: permanent
    (21408, GiveUp),  # region not enabled: permanent for the region
    (21606, ProviderDown),  # From not capable: configuration, other sender
    (21612, ProviderDown),  # unroutable pair: configuration, other sender
    (21608, ProviderDown),  # unverified number (trial): configuration
    (21610, OptedOut),  # replied STOP: never retry, only START re-enables
    (21611, TryAgain),  # From queue full: later, other sender
    (21614, AddressDead),  # not a mobile number: permanent
    (21617, GiveUp),  # longer than 1600: permanent for the message
    (30001, TryAgain),  # queue overflow: retry
    (30002, ProviderDown),  # account suspended: breaker
    (30003, TryAgain),  # unreachable handset: transient
    (30004, AddressDead),  # blocked: permanent
    (30005, AddressDead),  # unknown handset: permanent, after two occurrences where it is reported
    (30006, AddressDead),  # landline: permanent
    (30007, GiveUp),  # filtered: never the same text again
    (30008, TryAgain),  # unknown: retry
    (30009, TryAgain),  # missing segment: retry
    (30010, GiveUp),  # price: permanent for the message
    (30022, TooFast),  # A2P rate: slow down
    (30032, ProviderDown),  # unverified toll-free: configuration
    (30034, ProviderDown),  # unregistered 10DLC: configuration
    (63038, ProviderDown),  # daily limit: breaker
]

# What the reference does not list: Twilio's own page of errors has these.
FURTHER: list[tuple[int, type[DeliveryError]]] = [
    (401, ProviderDown),  # HTTP statuses, where no code of Twilio's came
    (403, ProviderDown),
    (404, ProviderDown),
    (408, TryAgain),
    (429, TooFast),
    (500, TryAgain),
    (502, TryAgain),
    (503, TryAgain),
    (14107, TooFast),
    (20001, GiveUp),  # invalid parameter
    (20005, ProviderDown),  # account not active
    (20403, ProviderDown),
    (20404, ProviderDown),
    (20500, TryAgain),
    (20503, TryAgain),
    (21212, ProviderDown),  # invalid From
    (21217, AddressDead),  # phone number does not appear to be valid
    (21602, GiveUp),  # no body
    (21603, ProviderDown),  # no From
    (21604, GiveUp),  # no To
    (21609, ProviderDown),  # invalid StatusCallback
    (21619, GiveUp),  # no body and no media
    (21635, AddressDead),  # landline
    (21659, ProviderDown),  # From is no number of Twilio's
    (21660, ProviderDown),  # From belongs to another account
    (21701, ProviderDown),  # no such messaging service
    (21703, ProviderDown),  # messaging service without senders
    (21704, ProviderDown),
    (30036, GiveUp),  # validity period over
]


def test_no_row_is_left_out() -> None:
    named = [code for code, _ in REFERENCE + FURTHER]
    assert sorted(named) == sorted(TWILIO.codes)


@pytest.mark.parametrize(("code", "decision"), REFERENCE + FURTHER)
def test_a_code_asks_for(code: int, decision: type[DeliveryError]) -> None:
    refusal = TWILIO.refusal(code, "Twilio's own words")
    assert type(refusal) is decision
    assert refusal.note.startswith(f"Twilio {code}: {TWILIO.codes[code].meaning} (")
    assert refusal.note.endswith("(Twilio's own words)")


@pytest.mark.parametrize("code", [12345, 39999, 418])
def test_a_code_that_nobody_knows_is_tried_again_and_says_so(code: int) -> None:
    refusal = TWILIO.refusal(code, "something new")
    assert type(refusal) is TryAgain
    assert refusal.note == f"Twilio {code}: something new [gave no code that we know, so it is tried again]"


def test_who_asks_us_to_wait_is_waited_for() -> None:
    refusal = TWILIO.refusal(20429, "", retry_after=7.0)
    assert isinstance(refusal, TryAgain)
    assert refusal.retry_after == 7.0


def test_a_code_larger_than_the_ledger_keeps_is_in_the_note() -> None:
    refusal = TWILIO.refusal(63038, "limit")
    assert refusal.code is None
    assert "63038" in refusal.note


@pytest.mark.parametrize("table", [TWILIO, VONAGE])
def test_what_is_about_our_account_takes_nobody_from_the_list(table: Table) -> None:
    about_us = [known for known in table.codes.values() if known.meaning.startswith("our ")]
    assert about_us
    assert not any(issubclass(known.decision, AddressDead) for known in about_us)


def test_a_note_is_one_line_of_bounded_length() -> None:
    note = TWILIO.note(21211, "no\n\x1b[31m such\x00 number " + "x" * 1000)
    assert note.isprintable()
    assert len(note) < 400
