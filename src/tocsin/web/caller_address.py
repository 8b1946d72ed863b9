"""Who calls, for counting: the address that reached our outermost proxy, which nobody outside can make up."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

from tocsin.domain.reach import is_public


def caller_address(request: Request) -> str:
    """Return whom a request is counted for: an IPv4 address, or the network of an IPv6 one."""
    peer = request.client.host if request.client else ""
    return counted_address(peer, request.headers.getlist("x-forwarded-for"))


def counted_address(peer: str, forwarded: list[str]) -> str:
    """Return the last public address of the way; X-Forwarded-For counts only where a proxy of our own hands it on.

    Each proxy adds at the end whom it heard from, so what is left of the first public one may be anything.
    """
    way = [peer]
    if not is_public(peer):
        way = [*(part.strip() for line in forwarded for part in line.split(",")), peer]
    return _network(next((address for address in reversed(way) if is_public(address)), peer))


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):  # one subscriber of an access provider has a whole /64
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
