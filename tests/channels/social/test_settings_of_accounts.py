"""From settings to accounts: the flat variables define the one on X, the list all others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tocsin import settings
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.settings import BrokenSettings
from tocsin_channels.registry import build, social_accounts
from tocsin_channels.social.channel import SocialChannel

KEYS = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_SECRET")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))


@pytest.fixture
def flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SOCIAL__X_URL", "http://127.0.0.1:9/")
    for name in KEYS:
        monkeypatch.setenv(f"TOCSIN_SOCIAL__X_{name}", name.lower())


def test_without_an_account_there_is_no_channel() -> None:
    assert ChannelName.SOCIAL not in build(settings.read())


@pytest.mark.usefixtures("flat")
def test_the_flat_variables_are_the_account_on_x() -> None:
    (account,) = social_accounts(settings.read())
    assert (account.address, account.url, account.audience) == ("x:", "http://127.0.0.1:9", "customers")
    assert account.secrets == tuple(name.lower() for name in KEYS)
    channel = build(settings.read())[ChannelName.SOCIAL]
    assert isinstance(channel, SocialChannel)
    channel.check_address("x:acme")


@pytest.mark.usefixtures("flat")
def test_a_named_account_on_x_takes_no_other_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SOCIAL__X_ACCOUNT", "Acme")
    channel = build(settings.read())[ChannelName.SOCIAL]
    assert isinstance(channel, SocialChannel)
    channel.check_address("x:acme")
    with pytest.raises(Refused):
        channel.check_address("x:other")


def test_the_list_is_for_all_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = [
        {"address": "mastodon:@Acme@example.social", "token": "m"},
        {"address": "bluesky:acme.bsky.social", "token": "b", "audience": "staff"},
    ]
    monkeypatch.setenv("TOCSIN_SOCIAL__ACCOUNT", json.dumps(accounts))
    mastodon, bluesky = social_accounts(settings.read())
    assert (mastodon.address, mastodon.url) == ("mastodon:@acme@example.social", "https://example.social")
    assert (bluesky.url, bluesky.audience, bluesky.secrets) == ("https://bsky.social", "staff", ("b",))


def test_an_account_without_its_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SOCIAL__ACCOUNT", '[{"address": "bluesky:acme.bsky.social"}]')
    with pytest.raises(Refused, match="lacks its token"):
        social_accounts(settings.read())


def test_an_address_that_is_no_account_is_refused_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SOCIAL__ACCOUNT", '[{"address": "acme", "token": "t"}]')
    with pytest.raises(BrokenSettings, match=r"social\.account\.0\.address .*x:acme"):
        settings.read()
