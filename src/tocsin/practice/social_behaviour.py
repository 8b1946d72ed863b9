"""Accounts on social networks that misbehave on purpose: one table, which the look-alikes obey and /practice shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tocsin.domain.social import Network

CONSUMER_KEY: Final = "practice"
CONSUMER_SECRET: Final = "practice-consumer-secret"  # noqa: S105 - for practice alone
ACCESS_SECRET: Final = "practice-access-secret"  # noqa: S105
_DOMAINS: Final = {Network.X: "", Network.MASTODON: "@example.social", Network.BLUESKY: ".bsky.social"}


class Ending(Enum):
    """How a request ends that isn't refused."""

    ANSWERED = auto()
    NEVER_ANSWERED = auto()  # and nothing was posted
    HUNG_UP = auto()  # though it was posted
    GARBAGE = auto()  # a page of HTML with 200, and nothing was posted
    ERROR_INSIDE = auto()  # 200, with an error in the body, and nothing was posted


@dataclass(frozen=True, slots=True)
class Behaviour:
    """An account `refuses` with that status, for its first `tries` requests of a post where that is not 0."""

    name: str
    does: str
    then: str
    refuses: int = 0
    tries: int = 0
    seconds: float = 0.0
    ending: Ending = Ending.ANSWERED


NORMAL: Final = Behaviour("acme", "posts what it is given", "accepted")
BEHAVIOURS: Final = (
    Behaviour(
        "throttle",
        "answers 429 twice, its limit opening two seconds later, and posts at the third try",
        "accepted after two retries, none before the limit opens",
        refuses=429,
        tries=2,
    ),
    Behaviour(
        "broke",
        "answers 402: the prepaid credits are used up",
        "our fault: tried again, shown to operators",
        refuses=402,
    ),
    Behaviour(
        "suspended",
        "answers 403: the account is suspended",
        "our fault: tried again, shown to operators",
        refuses=403,
    ),
    Behaviour(
        "revoked", "answers 401: the token was revoked", "our fault: tried again, shown to operators", refuses=401
    ),
    Behaviour("down", "answers 503 once", "accepted after one retry", refuses=503, tries=1),
    Behaviour(
        "timeout",
        "posts nothing and never answers",
        "outcome unknown: sent once more, then counted as accepted with that reason",
        ending=Ending.NEVER_ANSWERED,
    ),
    Behaviour(
        "hangup",
        "posts it and hangs up instead of answering",
        "outcome unknown: sent once more as it was, which the network knows again, so it is here once",
        ending=Ending.HUNG_UP,
    ),
    Behaviour(
        "garbage",
        "answers 200 with a page of HTML",
        "outcome unknown: sent once more, then counted as accepted with that reason",
        ending=Ending.GARBAGE,
    ),
    Behaviour(
        "inside",
        "answers 200 with an error inside",
        "tried again for as long as the news is worth it",
        ending=Ending.ERROR_INSIDE,
    ),
    Behaviour("slow", "takes two seconds to answer", "accepted, and the others do not wait for it", seconds=2.0),
)
_BY_NAME: Final = {behaviour.name: behaviour for behaviour in BEHAVIOURS}


def behaviour_of(handle: str) -> Behaviour:
    """Return how an account behaves: "throttle", "@throttle@example.social", "throttle.bsky.social"."""
    return _BY_NAME.get(name_of(handle), NORMAL)


def name_of(handle: str) -> str:
    """Return the part of a handle that names the account at its network."""
    return handle.removeprefix("@").partition("@")[0].partition(".")[0]


def domain_of(network: str) -> str:
    """Return what follows an account's name in its handle."""
    return _DOMAINS.get(Network(network), "")


def token_of(name: str) -> str:
    """Return the token, or the app password, of a practice account."""
    return f"practice-{name}"


def accounts_setting(url: str) -> str:
    """Return the setting social.account, as JSON, with every practice account on the look-alikes at `url`."""
    names = [NORMAL.name, *_BY_NAME]
    return json.dumps([_account(network, name, url) for network in Network for name in names])


def _account(network: Network, name: str, url: str) -> dict[str, str]:
    at = "@" if network is Network.MASTODON else ""
    account = {"address": f"{network}:{at}{name}{_DOMAINS[network]}", "url": url}
    if network is Network.X:
        keys = {"consumer_key": CONSUMER_KEY, "consumer_secret": CONSUMER_SECRET}
        return {**account, **keys, "access_token": token_of(name), "access_secret": ACCESS_SECRET}
    return {**account, "token": token_of(name)}
