"""The accounts that this installation may post from, and what each network has to offer for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tocsin.domain.channel import Message
from tocsin.domain.errors import Refused
from tocsin.domain.gate import Gate, Rate
from tocsin.domain.social import Network, read_account
from tocsin_channels.social.post import Draft, Post
from tocsin_channels.social.thread import Place, Thread
from tocsin_channels.social.weigh import Ruler

X_URL = "https://api.x.com"


@dataclass(frozen=True, slots=True)
class Account:
    """`address` is "x:acme"; an X account without a handle ("x:") is whoever the keys belong to.

    `secrets` are what the network asks for: X's four keys, a token on Mastodon, an app password on Bluesky. What is
    posted is for everybody who reads there, so it takes the words for one `audience` alone.
    """

    network: Network
    address: str
    url: str
    audience: str
    secrets: tuple[str, ...] = field(repr=False)
    rates: tuple[Rate, ...] = ()  # how many posts it may make

    @property
    def gate(self) -> Gate:
        return Gate(self.address, self.rates)


def make_account(
    network: Network, address: str, url: str, audience: str, secrets: tuple[str, ...], rates: tuple[Rate, ...] = ()
) -> Account:
    """Return an account at `url`, or where its network usually is; raise Refused where a secret is missing."""
    if not all(secrets):
        needed = "its four keys" if network is Network.X else "its token"
        raise Refused(f"The account {address} lacks {needed}.", field="social.account")
    usual = {
        Network.X: X_URL,
        Network.MASTODON: f"https://{address.rpartition('@')[2]}",
        Network.BLUESKY: "https://bsky.social",
    }
    return Account(network, address, (url or usual[network]).rstrip("/"), audience, secrets, rates)


@dataclass(frozen=True, slots=True)
class Posted:
    """`place` is None where the network holds the post already and does not say where."""

    place: Place | None
    note: str = ""
    anew: bool = False  # what it was to reply to is gone: the thread begins here


class Provider(Protocol):
    """One account on one network; `post` raises a DeliveryError where nothing was posted."""

    @property
    def ruler(self) -> Ruler: ...

    async def post(self, post: Post, draft: Draft, thread: Thread, message: Message) -> Posted: ...

    async def check(self) -> str:
        """Ask the network who we are without posting; raise DeliveryError with what to mend."""
        ...

    async def close(self) -> None: ...


def find(accounts: Iterable[Account], address: str) -> Account:
    """Return the account that `address` means; raise Refused where none is configured for it."""
    network, written = read_account(address)
    by_address: Mapping[str, Account] = {account.address: account for account in accounts}
    found = by_address.get(written) or (by_address.get("x:") if network is Network.X else None)
    if found is None:
        known = ", ".join(address if address != "x:" else "x:<your handle>" for address in by_address)
        raise Refused(f"Nobody has set up {written} here. Accounts that can be posted from: {known}.", field="address")
    return found
