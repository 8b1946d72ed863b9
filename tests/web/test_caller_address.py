"""Whom a request is counted for, whatever it says of itself."""

from __future__ import annotations

import pytest

from tocsin.web.caller_address import counted_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("93.184.216.34", [], "93.184.216.34"),
        ("93.184.216.34", ["8.8.8.8"], "93.184.216.34"),
        ("172.18.0.5", ["8.8.8.8"], "8.8.8.8"),
        ("172.18.0.5", ["1.1.1.1, 8.8.8.8, 10.0.0.7"], "8.8.8.8"),
        ("172.18.0.5", ["1.1.1.1", "8.8.8.8"], "8.8.8.8"),
        ("172.18.0.5", ["nonsense"], "172.18.0.5"),
        ("172.18.0.5", [], "172.18.0.5"),
        ("2a00:1450:4001:81b::200e", [], "2a00:1450:4001:81b::/64"),
        ("", [], ""),
    ],
)
def test_a_caller_is_counted_by_the_address_that_nobody_can_make_up(
    peer: str, forwarded: list[str], counted: str
) -> None:
    assert counted_address(peer, forwarded) == counted
