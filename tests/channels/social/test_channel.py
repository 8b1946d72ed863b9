"""The social channel on networks that speak the real protocols: threads, links, restraint, and every kind of answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from social_desk import URL, WORDING, Desk, accounts_at, make_story
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import Ambiguous, ProviderDown, TooFast, TryAgain
from tocsin.domain.incident import Status
from tocsin.practice.social_log import Asked
from tocsin_channels.social.channel import SocialChannel
from tocsin_channels.social.thread import Thread

X, MASTODON, BLUESKY = "x:acme", "mastodon:@acme@example.social", "bluesky:acme.bsky.social"
EVERYWHERE = pytest.mark.parametrize("address", [X, MASTODON, BLUESKY])
Taken = Callable[[], list[Asked]]


def like(address: str, name: str) -> str:
    return address.replace("acme", name)


@EVERYWHERE
async def test_an_incident_is_told_in_one_thread(desk: Desk, taken: Taken, address: str) -> None:
    texts = ["We are looking into it.", "We found the cause.", "It works again."]
    statuses = [Status.INVESTIGATING, Status.IDENTIFIED, Status.RESOLVED]
    for text, status in zip(texts, statuses, strict=True):
        assert isinstance(await desk.one(make_story(text, status=status), address), Accepted)
    first, second, third = taken()
    assert [first.reply_to, second.reply_to, third.reply_to] == ["", first.post, second.post]
    assert Thread.read(desk.threads[address]).posts == 3
    assert all(text in one.text for text, one in zip(texts, (first, second, third), strict=True))


@EVERYWHERE
async def test_only_the_first_post_has_the_link_and_there_it_works(desk: Desk, taken: Taken, address: str) -> None:
    await desk.one(make_story(), address)
    await desk.one(make_story("More."), address)
    assert [one.link for one in taken()] == [URL, ""]
    assert URL not in taken()[1].text


@pytest.mark.parametrize(("link", "links"), [("first", [URL, ""]), ("every", [URL, URL]), ("never", ["", ""])])
async def test_the_link_is_where_the_setting_wants_it(
    make_desk: Callable[..., Desk], taken: Taken, link: str, links: list[str]
) -> None:
    desk = make_desk(link=link)
    await desk.one(make_story(), X)
    await desk.one(make_story("More."), X)
    assert [one.link for one in taken()] == links


@EVERYWHERE
async def test_what_the_author_links_works_where_the_post_has_a_link(desk: Desk, taken: Taken, address: str) -> None:
    body = f"See [the bank]({URL}/more) and [us](https://example.com)."
    await desk.one(make_story(body), address)
    await desk.one(make_story(body), address)
    first, second = taken()
    assert set(first.link.split()) == {URL, f"{URL}/more", "https://example.com"}
    assert second.link == ""
    assert "(example.com)" in second.text.replace("\u200b", "")


async def test_accounts_on_three_networks_are_posted_from_at_once(desk: Desk, taken: Taken) -> None:
    results = await desk.send(make_story(), X, MASTODON, BLUESKY)
    assert all(isinstance(result, Accepted) and result.provider_id for result in results)
    assert {one.network for one in taken()} == {"x", "mastodon", "bluesky"}


async def test_posts_from_one_account_go_in_order(desk: Desk, taken: Taken) -> None:
    stories = [make_story(f"Number {number}.", title=f"Incident {number}") for number in range(4)]
    messages = [(story, like(X, "slow") if number == 0 else X) for number, story in enumerate(stories)]
    await asyncio.gather(*(desk.one(story, address) for story, address in messages[:1]), desk.one(stories[1], X))
    await desk.one(stories[2], X)
    assert [one.text.splitlines()[1] for one in taken() if one.account == "acme"] == ["Incident 1", "Incident 2"]
    assert any(one.account == "slow" for one in taken())


# What each account of the practice networks does, and what must come of it.


@EVERYWHERE
@pytest.mark.parametrize("name", ["suspended", "revoked"])
async def test_a_fault_of_our_account_is_nobody_elses(desk: Desk, taken: Taken, address: str, name: str) -> None:
    result = await desk.one(make_story(), like(address, name))
    assert type(result) is ProviderDown
    assert not taken()


async def test_credits_that_are_used_up_are_our_fault(desk: Desk, taken: Taken) -> None:
    result = await desk.one(make_story(), "x:broke")
    assert type(result) is ProviderDown
    assert result.code == 402
    assert "credits" in result.note
    assert not taken()


@EVERYWHERE
async def test_a_limit_says_when_it_opens(make_desk: Callable[..., Desk], taken: Taken, address: str) -> None:
    desk = make_desk(seconds=5.0, now=time.time)
    for _ in range(2):
        result = await desk.one(make_story(), like(address, "throttle"))
        assert type(result) is TooFast
        assert result.retry_after is not None
        assert 0 < result.retry_after <= 4
    assert isinstance(await desk.one(make_story(), like(address, "throttle")), Accepted)
    assert len(taken()) == 1


@EVERYWHERE
async def test_a_server_that_stumbles_is_tried_again(desk: Desk, address: str) -> None:
    assert type(await desk.one(make_story(), like(address, "down"))) is TryAgain
    assert isinstance(await desk.one(make_story(), like(address, "down")), Accepted)


@EVERYWHERE
async def test_what_was_posted_without_an_answer_is_there_once_after_a_resend(
    desk: Desk, taken: Taken, address: str
) -> None:
    there = like(address, "hangup")
    assert type(await desk.one(make_story(), there, message="update1.endpoint")) is Ambiguous
    assert len(taken()) == 1
    result = await desk.one(make_story(), there, message="update1.endpoint")
    assert isinstance(result, Accepted)
    assert len(taken()) == 1


async def test_a_duplicate_on_x_is_proof_and_says_so(desk: Desk) -> None:
    await desk.one(make_story(), X)
    desk.threads.clear()
    result = await desk.one(make_story(), X)
    assert isinstance(result, Accepted)
    assert "already" in result.note
    assert not result.provider_id


@EVERYWHERE
async def test_silence_is_ambiguous(make_desk: Callable[..., Desk], taken: Taken, address: str) -> None:
    # A session is opened first on Bluesky, and a time-out of half a second is for loopback alone.
    desk = make_desk(seconds=0.5)
    assert type(await desk.one(make_story(), like(address, "timeout"))) is Ambiguous
    assert not taken()


@EVERYWHERE
async def test_an_answer_that_is_not_the_networks_is_ambiguous(desk: Desk, address: str) -> None:
    assert type(await desk.one(make_story(), like(address, "garbage"))) is Ambiguous


@pytest.mark.parametrize("address", [X, MASTODON])
async def test_an_error_within_a_success_is_an_error(desk: Desk, address: str) -> None:
    assert type(await desk.one(make_story(), like(address, "inside"))) is TryAgain


@EVERYWHERE
async def test_nobody_listening_is_tried_again(make_desk: Callable[..., Desk], address: str) -> None:
    desk = make_desk(url="http://127.0.0.1:9")
    result = await desk.one(make_story(), address)
    assert type(result) is TryAgain
    assert "cannot be reached" in result.note


@pytest.mark.parametrize("address", [X, MASTODON])
async def test_a_thread_whose_end_was_deleted_begins_anew(desk: Desk, taken: Taken, address: str) -> None:
    desk.threads[address] = '{"root":["1",""],"last":["1",""],"posts":1,"at":0}'
    result = await desk.one(make_story(), address)
    assert isinstance(result, Accepted)
    assert "new thread" in result.note
    assert Thread.read(desk.threads[address]).root == Thread.read(desk.threads[address]).last
    assert [one.reply_to for one in taken()] == [""]


async def test_wrong_keys_are_our_fault(networks: str) -> None:
    wrong = [replace(account, secrets=("a", "b", "c", "d")) for account in accounts_at(networks)]
    channel = SocialChannel(wrong, WORDING)
    desk = Desk(channel)
    assert [type(result) for result in await desk.send(make_story(), X, MASTODON, BLUESKY)] == [ProviderDown] * 3
    with pytest.raises(ProviderDown):
        await channel.check()
    await channel.close()


async def test_the_check_asks_each_network_who_we_are(networks: str) -> None:
    accounts = [account for account in accounts_at(networks) if account.address in {X, MASTODON, BLUESKY}]
    channel = SocialChannel(accounts, WORDING)
    said = await channel.check()
    assert said.count("@acme") == 3
    await channel.close()
