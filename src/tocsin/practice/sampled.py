"""The addresses of a sample that lead to the practice providers: a few a channel, most of them well-behaved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tocsin.domain.channel import ChannelName
from tocsin.practice.push_browser import subscription_of

SMALL: Final = 1_000  # in bigger samples people look at the speed of mail
_NUMBERS: Final = (
    *("+14155550101", "+12125550102", "+13125550104", "+14155550103"),
    *("+15005550004", "+15005550010", "+15005550015", "+15005550018"),
)
_WEBHOOKS: Final = ("acme", "globex", "initech", "busy", "gone", "slow")
_ACCOUNTS: Final = ("x:acme", "mastodon:@acme@example.social", "bluesky:acme.bsky.social", "x:throttle")
_BROWSERS: Final = ("phone", "laptop", "tablet", "busy", "gone", "slow")
_ROOMS: Final = (
    *("slack:#incidents", "slack:#status", "https://hooks.slack.com/services/T0/B0/operations"),
    "https://prod-00.westeurope.logic.azure.com/workflows/support/triggers/manual/paths/invoke?sig=practice",
    *("slack:#busy", "slack:#archived"),
)


def sampled(told: Mapping[str, str]) -> dict[ChannelName, list[str]]:
    """Return addresses on each channel that is practised; `told` is what the parts of `tocsin up` are told."""
    addresses: dict[ChannelName, list[str]] = {}
    if host := told.get("TOCSIN_WEBHOOK__PRACTICE_HOST"):
        addresses[ChannelName.WEBHOOK] = [f"http://{host}/webhook/{name}" for name in _WEBHOOKS]
        addresses[ChannelName.PUSH] = [subscription_of(name, host).written for name in _BROWSERS]
    if told.get("TOCSIN_SMS__FROM"):
        addresses[ChannelName.SMS] = list(_NUMBERS)
    if told.get("TOCSIN_SOCIAL__ACCOUNT"):
        addresses[ChannelName.SOCIAL] = list(_ACCOUNTS)
    if told.get("TOCSIN_CHAT__SLACK_URL"):
        addresses[ChannelName.CHAT] = list(_ROOMS)
    return addresses
