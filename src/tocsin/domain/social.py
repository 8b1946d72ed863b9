"""Accounts on social networks as people write them: "x:acme", "mastodon:@acme@a.example", "bluesky:acme.example"."""

from __future__ import annotations

import re
from enum import StrEnum

from tocsin.domain.errors import Refused


class Network(StrEnum):
    X = "x"
    MASTODON = "mastodon"
    BLUESKY = "bluesky"


_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HANDLES = {
    Network.X: (re.compile(r"@?([a-z0-9_]{1,15})"), "{}", "x:acme"),
    Network.MASTODON: (
        re.compile(rf"@?([a-z0-9_]+(?:[a-z0-9_.-]*[a-z0-9_]+)?@(?:{_HOST}|localhost)(?::[0-9]{{1,5}})?)"),
        "@{}",
        "mastodon:@acme@example.social",
    ),
    Network.BLUESKY: (re.compile(rf"@?({_HOST})"), "{}", "bluesky:acme.bsky.social"),
}


def read_account(address: str) -> tuple[Network, str]:
    """Return an account's network and its address in the one form it has; raise Refused where it is none."""
    prefix, colon, handle = address.strip().lower().partition(":")
    if not colon or prefix not in set(Network):
        forms = ", ".join(example for _, _, example in _HANDLES.values())
        raise Refused(f"Write an account with its network: {forms}.", field="address")
    network = Network(prefix)
    pattern, form, example = _HANDLES[network]
    found = pattern.fullmatch(handle)
    if found is None:
        raise Refused(f"This is no account on {network.value}. Write it like this: {example}.", field="address")
    return network, f"{prefix}:{form.format(found[1])}"
