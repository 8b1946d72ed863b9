"""Reads phone numbers as people write them: refused where no text can arrive or where each one costs a fortune."""

from __future__ import annotations

from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from tocsin.domain.errors import Refused

# Numbers with a price of their own are how fraud makes money of texts.
_REFUSED: Final = {
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.FIXED_LINE: "a landline",
}


def read_number(written: str) -> str:
    """Return a number in E.164, "+14155552671"; raise Refused where it cannot be texted."""
    try:
        number = phonenumbers.parse(written, None)
    except NumberParseException as error:
        raise Refused(
            "This is no phone number. Write it with + and the country's code, like +14155552671.", field="address"
        ) from error
    if number.extension:
        raise Refused("A text cannot be sent to an extension. Write a mobile number.", field="address")
    if not phonenumbers.is_valid_number(number):
        raise Refused("There is no such phone number. Check its country code and its digits.", field="address")
    refused = _REFUSED.get(phonenumbers.number_type(number))
    if refused is not None:
        raise Refused(f"This is {refused}, which gets no texts from us. Write a mobile number.", field="address")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
