"""Libraries that take seconds to import are there before the first message, where it is sent and nowhere else."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from tocsin.domain.channel import WarmsUp
from tocsin.domain.social import Network
from tocsin_channels.social.account import make_account
from tocsin_channels.social.channel import SocialChannel
from tocsin_channels.templates import Wording

account = make_account(Network(sys.argv[1]), sys.argv[2], "", "customers", ("1", "2", "3", "4"))
channel = SocialChannel([account], Wording({}))
assert isinstance(channel, WarmsUp)
before = set(sys.modules)
channel.warm_up()
print(*sorted({"tweepy", "mastodon", "atproto_client"} & (set(sys.modules) - before)))
"""


@pytest.mark.parametrize(
    ("network", "address", "library"),
    [
        ("x", "x:acme", "tweepy"),
        ("mastodon", "mastodon:acme@social.example", "mastodon"),
        ("bluesky", "bluesky:acme.example", "atproto_client"),
    ],
)
def test_what_an_account_needs_and_nothing_else_is_imported_beforehand(
    network: str, address: str, library: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, network, address], capture_output=True, text=True, check=True, timeout=120
    )
    assert ran.stdout.split() == [library]


def test_chat_imports_its_carriers_beforehand() -> None:
    program = """
import sys
from tocsin import settings
from tocsin.domain.channel import ChannelName, WarmsUp
from tocsin_channels.registry import build
chat = build(settings.load())[ChannelName.CHAT]
assert isinstance(chat, WarmsUp) and "slack_sdk" not in sys.modules
chat.warm_up()
print("slack_sdk.web.async_client" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout.split() == ["True"]
