"""Who may be posted from, what may be read there, and how often: the social channel's own rules."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from social_desk import WORDING, Desk, accounts_at, make_story
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import GiveUp, ProviderDown, Refused, TryAgain
from tocsin.domain.incident import Status
from tocsin.practice.social_log import Asked, find, read
from tocsin_channels.social.channel import SocialChannel
from tocsin_channels.social.thread import Restraint

X, MASTODON, BLUESKY = "x:acme", "mastodon:@acme@example.social", "bluesky:acme.bsky.social"
EVERYWHERE = pytest.mark.parametrize("address", [X, MASTODON, BLUESKY])
Taken = Callable[[], list[Asked]]


async def test_an_account_waits_between_two_posts_about_an_incident(make_desk: Callable[..., Desk]) -> None:
    moments = itertools.chain([1_000.0, 1_020.0, 1_020.0, 1_061.0], itertools.repeat(1_061.0))
    desk = make_desk(restraint=Restraint(gap=60), now=lambda: next(moments))
    assert isinstance(await desk.one(make_story("One."), X), Accepted)
    held = await desk.one(make_story("Two."), X)
    assert type(held) is TryAgain
    assert held.retry_after == 40
    assert isinstance(await desk.one(make_story("Over.", status=Status.RESOLVED), X), Accepted)


async def test_after_enough_posts_only_the_end_is_told(make_desk: Callable[..., Desk], taken: Taken) -> None:
    desk = make_desk(restraint=Restraint(gap=0, most=3))
    for number in range(3):
        await desk.one(make_story(f"Number {number}."), X)
    refused = await desk.one(make_story("One more."), X)
    assert type(refused) is GiveUp
    assert "most_posts is 3" in refused.note
    assert isinstance(await desk.one(make_story("It works.", status=Status.RESOLVED), X), Accepted)
    assert len(taken()) == 4


# Who may be posted from, and what may be read there.


async def test_words_for_insiders_are_never_posted(desk: Desk, taken: Taken) -> None:
    result = await desk.one(make_story("psp-gw-3 times out", audience="oncall"), X)
    assert type(result) is GiveUp
    assert not taken()


async def test_an_account_that_nobody_set_up_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="Nobody has set up x:other"):
        desk.channel.check_address("x:other")
    desk.channel.check_address("X:@Acme")
    assert type(await desk.one(make_story(), "mastodon:@other@example.social")) is ProviderDown


async def test_an_x_account_without_a_handle_is_whoever_the_keys_belong_to(networks: str, taken: Taken) -> None:
    account = next(account for account in accounts_at(networks) if account.address == X)
    channel = SocialChannel([replace(account, address="x:")], WORDING)
    assert isinstance(await Desk(channel).one(make_story(), "x:whoever"), Accepted)
    assert [one.account for one in taken()] == ["acme"]
    await channel.close()


def test_nothing_is_read_that_a_network_is_said_to_report(desk: Desk) -> None:
    with pytest.raises(Refused):
        desk.channel.read_receipt(b"{}", {}, "https://status.acme.example/receipts/social")


def test_no_secret_is_shown_with_an_account() -> None:
    assert "practice" not in repr(accounts_at("http://127.0.0.1:9"))


@EVERYWHERE
async def test_no_secret_is_kept_with_a_request(desk: Desk, outbox: Path, address: str) -> None:
    await desk.one(make_story(), address)
    opened = read(outbox, find(outbox)[0].id)
    assert opened is not None
    assert "practice-acme" not in opened.headers + opened.body
    assert "Authorization: …" in opened.headers
