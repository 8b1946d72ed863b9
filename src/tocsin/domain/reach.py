"""Where calls to addresses that strangers gave us may go: never into a network that only we can see.

Pure: which addresses are public, which URLs are taken. Whoever connects asks again with the resolved address in hand,
since a name may lead elsewhere a moment later (DNS rebinding).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import idna

from tocsin.domain.errors import Refused

HTTPS_PORT: Final = 443
LONGEST_URL: Final = 2_000
_PORTS = {"https": HTTPS_PORT, "http": 80}
_LONGEST_HOST = 253

# What is not the public internet: IANA's special-purpose registries for IPv4 and IPv6, and the ways of writing or
# carrying an IPv4 address within an IPv6 one.
_CLOSED: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# Global unicast. All else (::, ::1, ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48, 100::/64, 5f00::/16, fc00::/7,
# fe80::/10, ff00::/8) is outside of it.
_GLOBAL_IPV6: Final = ip_network("2000::/3")

_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z~]+").fullmatch  # RFC 3986, without quotes, backslash, braces and the like
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?").fullmatch
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+").fullmatch  # as the last part of a host: it will be read as an IPv4 address


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be called: https on `ports` of public addresses; `private`: anything, for tests.

    `practice` is "127.0.0.1:<port>", the practice receiver, which is called over plain http and nothing near it is.
    """

    ports: frozenset[int] = field(default=frozenset({HTTPS_PORT}))
    private: bool = False
    practice: str = ""

    def allows(self, address: str, port: int) -> bool:
        """Tell whether a connection to this very address may be made."""
        if self.private or self._is_practice(address, port):
            return True
        return port in self.ports and is_public(address)

    def _is_practice(self, host: str, port: int) -> bool:
        return bool(self.practice) and f"{host}:{port}" == self.practice


def is_public(address: str) -> bool:
    """Tell whether an IP address, as a resolver writes it, is one of the public internet."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        if parsed.scope_id is not None or parsed not in _GLOBAL_IPV6:
            return False
    return not any(parsed in network for network in _CLOSED if network.version == parsed.version)


def read_url(text: str, reach: Reach) -> str:
    """Return the URL `text` in its one spelling; raise Refused where `reach` does not take it.

    What is returned is what gets called, so no two readers can understand it differently.
    """
    if len(text) > LONGEST_URL or not _CHARACTERS(text.lower()):
        raise _refused(
            f"An address is at most {LONGEST_URL:,} characters of ASCII without blanks. Percent-encode what is not, "
            "and write a host with other letters in its xn-- form."
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _refused(f"This is no address of the web: {error}. Check how it is written.") from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        raise _refused("An address begins with https:// and the name of a host.")
    if "@" in parts.netloc:
        raise _refused("Take the user name and password out of the address: our signature says who calls.")
    if "#" in text:
        raise _refused("Take the part behind # out of the address: it is never sent.")
    if "[" in parts.netloc and ":" not in parts.hostname:
        raise _refused("Square brackets are for an IPv6 address.")
    host = _host(parts.hostname, reach)
    port = _PORTS[scheme] if port is None else port
    netloc = host if port == _PORTS[scheme] else f"{host}:{port}"
    if not reach.private and f"{host.strip('[]')}:{port}" != reach.practice:
        _refuse_closed(scheme, host, port, reach)
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{netloc}{parts.path or '/'}{query}"


def _refuse_closed(scheme: str, host: str, port: int, reach: Reach) -> None:
    if scheme != "https":
        raise _refused("Only https:// is taken: whatever goes in the clear can be read and changed on its way.")
    if port not in reach.ports:
        raise _refused(f"Port {port} is not open here. Ports: {', '.join(map(str, sorted(reach.ports)))}.")
    is_address = host.startswith("[") or bool(_NUMBER(host.rpartition(".")[2]))
    if (is_address and not is_public(host.strip("[]"))) or (not is_address and "." not in host):
        raise _refused("This address leads into a private network. It has to be one of the public internet.")


def _host(host: str, reach: Reach) -> str:
    if ":" in host:
        try:
            address = IPv6Address(host)
        except ValueError as error:
            raise _refused(f"This is no IPv6 address: {error}.") from error
        if address.scope_id is not None and not reach.private:
            raise _refused("An address with a zone is known on one machine alone.")
        return f"[{address}]"
    name = host.lower().removesuffix(".")
    if _NUMBER(name.rpartition(".")[2]):
        try:
            return str(IPv4Address(name))
        except ValueError as error:
            raise _refused("Write an IPv4 address as four decimal numbers: 192.0.2.1.") from error
    try:
        name = idna.encode(name, uts46=True).decode() if "xn--" in name else name
    except idna.IDNAError as error:
        raise _refused(f"This host cannot exist: {error}.") from error
    if len(name) > _LONGEST_HOST or not all(_LABEL(label) for label in name.split(".")):
        raise _refused("This host cannot exist. Check how it is written.")
    return name


def _refused(message: str) -> Refused:
    return Refused(message, field="address")
