"""How often strangers may have us write to an address: bounds on addresses, networks, number prefixes and days.

Pure: counts in, the first bound that is reached out. What is bounded by address is not told to whoever asks, since it
would say that somebody asked before; what is bounded by network or for everyone is.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

HOUR: Final = 3600
DAY: Final = 86_400
_LAST_DIGITS: Final = 4
_V4_PREFIX: Final = 24
_V6_PREFIX: Final = 64


class Bound(StrEnum):
    ADDRESS = "address"
    NETWORK_HOUR = "network_hour"
    NETWORK_DAY = "network_day"
    PREFIX = "prefix"
    CHANNEL = "channel"

    @property
    def is_secret(self) -> bool:
        """Whether reaching it looks like success: nothing goes out, and nobody is told."""
        return self in {Bound.ADDRESS, Bound.PREFIX}


class Counts(NamedTuple):
    """How often was asked before: of this address and prefix within a day, from this network, on this channel."""

    address_day: int
    network_hour: int
    network_day: int
    prefix_day: int
    channel_day: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that is taken; each within a day, unless its name says otherwise."""

    address: int
    network_hour: int
    network: int
    prefix: int
    channel: int

    def reached(self, counts: Counts) -> Bound | None:
        """Return the bound that one question more would break; those that are told come first."""
        if counts.network_hour >= self.network_hour:
            return Bound.NETWORK_HOUR
        if counts.network_day >= self.network:
            return Bound.NETWORK_DAY
        if counts.channel_day >= self.channel:
            return Bound.CHANNEL
        if counts.prefix_day >= self.prefix:
            return Bound.PREFIX
        if counts.address_day >= self.address:
            return Bound.ADDRESS
        return None


def network_of(client: str) -> str:
    """Return the /24 or /64 that an IP address is in; one that cannot be read shares a network with its like."""
    try:
        address: IPv4Address | IPv6Address = ip_address(client.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    length = _V4_PREFIX if isinstance(address, IPv4Address) else _V6_PREFIX
    return str(ip_network((address, length), strict=False))


def prefix_of(number: str) -> str:
    """Return a phone number without its last four digits: pumping runs through a block of numbers."""
    return number[:-_LAST_DIGITS]


def seal(secret: str, channel: str, key: str) -> bytes:
    """Return an address as it is kept where nobody may read it; `secret` is the installation's own."""
    return hmac.digest(hmac.digest(secret.encode(), b"seal", "sha256"), f"{channel}:{key}".encode(), "sha256")


def digest(token: str) -> bytes:
    """Return what is kept of a random token: 256 bits need no salt and no slow hash."""
    return sha256(token.encode()).digest()
