"""Vonage's codes, one by one: what its own manual says of each, as a decision."""

from __future__ import annotations

import pytest

from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.sms.vonage_codes import VONAGE

DECISIONS: dict[int, type[DeliveryError]] = {
    1: TooFast,  # throttled
    2: GiveUp,  # missing parameters
    3: GiveUp,  # invalid parameters
    4: ProviderDown,  # invalid credentials
    5: TryAgain,  # internal error
    6: GiveUp,  # invalid message
    7: AddressDead,  # number barred
    8: ProviderDown,  # account barred
    9: ProviderDown,  # no credit
    10: TooFast,  # too many binds
    11: ProviderDown,  # not enabled for HTTP
    12: GiveUp,  # too long
    14: ProviderDown,  # invalid signature
    15: ProviderDown,  # invalid sender
    22: GiveUp,  # a network code of ours is wrong, which is nobody's absence
    23: ProviderDown,  # invalid callback
    29: ProviderDown,  # trial account
    32: ProviderDown,  # signature and secret at once
    33: AddressDead,  # no longer in use
    401: ProviderDown,
    403: ProviderDown,
    404: ProviderDown,
    429: TooFast,
    500: TryAgain,
    502: TryAgain,
    503: TryAgain,
}


def test_no_row_is_left_out() -> None:
    assert set(VONAGE.codes) == set(DECISIONS)


@pytest.mark.parametrize(("code", "decision"), DECISIONS.items())
def test_a_code_asks_for(code: int, decision: type[DeliveryError]) -> None:
    assert type(VONAGE.refusal(code, "Vonage's own words")) is decision
