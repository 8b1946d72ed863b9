"""Phone numbers as people write them."""

from __future__ import annotations

import pytest

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.practice.sampled import sampled
from tocsin.practice.twilio_behaviour import BEHAVIOURS
from tocsin.services.address import read_address
from tocsin.services.address_sms import read_number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+14155552671", "+14155552671"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("  +1.415.555.2671 ", "+14155552671"),
        ("+49 151 23456789", "+4915123456789"),
        ("+44 7400 123456", "+447400123456"),
        ("+44 (0) 7400 123456", "+447400123456"),
        ("tel:+14155552671", "+14155552671"),
    ],
)
def test_a_number_is_kept_in_one_form(written: str, number: str) -> None:
    assert read_number(written) == number
    assert read_address(ChannelName.SMS, written, {ChannelName.SMS: object()}) == (number, number)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "Write it with"),
        ("4155552671", "Write it with"),
        ("hello", "Write it with"),
        ("+", "Write it with"),
        ("someone@example.com", "Write it with"),
        ("+1415555", "no such phone number"),
        ("+999123456789", "Write it with"),
        ("+15555550100", "no such phone number"),
        ("+14155552671 ext. 12", "extension"),
        ("+19005550100", "a premium-rate number"),
        ("+491805123456", "a shared-cost number"),
        ("+442079460000", "a landline"),
        ("+4930901820", "a landline"),
    ],
)
def test_a_number_that_no_text_should_go_to_is_refused(written: str, told: str) -> None:
    with pytest.raises(Refused, match=told) as refused:
        read_number(written)
    assert refused.value.field == "address"


@pytest.mark.parametrize("number", [behaviour.number for behaviour in BEHAVIOURS])
def test_every_number_that_misbehaves_can_be_subscribed(number: str) -> None:
    assert read_number(number) == number


def test_the_sample_has_numbers_that_can_be_texted() -> None:
    numbers = sampled({"TOCSIN_SMS__FROM": "+15005550006"})[ChannelName.SMS]
    assert [read_number(number) for number in numbers] == numbers
