"""Addresses for the envelope: their lengths are counted in octets, as mail servers count them."""

from __future__ import annotations

import pytest

from tocsin.domain.errors import AddressDead
from tocsin_channels.email.address import encode


@pytest.mark.parametrize(
    "address",
    [f"{'a' * 64}@example.com", f"{'ä' * 32}@example.com", f"a@{'b' * 61}.{'c' * 61}.{'d' * 61}.{'e' * 60}.com"],
)
def test_an_address_may_be_as_long_as_mail_can_carry(address: str) -> None:
    assert encode(address) == address.encode()


@pytest.mark.parametrize(
    "address",
    [
        f"{'a' * 65}@example.com",
        f"{'ä' * 33}@example.com",
        f"aaaaaaaa@{'b' * 61}.{'c' * 61}.{'d' * 61}.{'e' * 60}.com",
    ],
)
def test_what_is_longer_is_dead_and_says_so(address: str) -> None:
    with pytest.raises(AddressDead):
        encode(address)
