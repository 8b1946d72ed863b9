"""Our bot in Slack: threads, first posts that stay true, and refusals, all over the wire."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_to_send import accepted, message_to, refused, send, send_to, version
from tocsin.domain.errors import (
    AddressDead,
    Ambiguous,
    AskAgain,
    DeliveryError,
    GiveUp,
    ProviderDown,
    TooFast,
    TryAgain,
)
from tocsin.domain.incident import Phase, Status
from tocsin.practice.chat_log import ChatLog, find, requests
from tocsin_channels.chat.channel import ChatChannel


async def test_an_incident_is_a_thread_whose_first_post_says_how_things_stand(
    channel: ChatChannel, outbox: Path
) -> None:
    first = accepted(await send_to(channel, "slack:#incidents", version(1)))
    update = version(2, body="A fix is on its way.", status=Status.IDENTIFIED, phase=Phase.UPDATE)
    second = accepted(await send_to(channel, "slack:#incidents", update, first.thread))
    end = version(3, body="All is well.", status=Status.RESOLVED, phase=Phase.RESOLVED)
    third = accepted(await send_to(channel, "slack:#incidents", end, second.thread))
    assert first.thread == second.thread == third.thread == first.provider_id
    assert len({first.provider_id, second.provider_id, third.provider_id}) == 3
    newest, middle, root = find(outbox)
    assert (root.thread_ts, root.edits) == ("", 2)
    assert middle.thread_ts == newest.thread_ts == root.ts
    assert root.content[0]["text"]["text"] == "✓ Checkout is failing"
    assert "All is well." in root.content[1]["text"]["text"]
    assert "A fix is on its way." in middle.content[0]["text"]["text"]
    assert (middle.broadcast, newest.broadcast) == (False, True)  # what changes what a channel believes is for all
    assert (newest.delivery, newest.message) == ("delivery3", "abc123def456-3.endpoint1")


async def test_the_token_goes_along_and_nothing_is_tried_twice(channel: ChatChannel, outbox: Path) -> None:
    result = refused(await send_to(channel, "slack:#busy"))
    assert isinstance(result, TryAgain)
    assert result.retry_after == 1.0
    assert result.code == 429
    assert [one.answer for one in requests(outbox)] == ["ratelimited"]


@pytest.mark.parametrize(
    ("address", "kind", "says"),
    [
        ("slack:#archived", AddressDead, "is_archived"),
        ("slack:#missing", AddressDead, "channel_not_found"),
        ("slack:#uninvited", GiveUp, "/invite"),
        ("slack:#stumbles", TryAgain, "internal_error"),
        ("slack:#pretends", TryAgain, "'something_new', which is not in our table"),
        ("slack:#page", TryAgain, "nothing that we can read"),
    ],
)
async def test_what_slack_says_no_to_is_refused_in_its_kind(
    address: str, kind: type[DeliveryError], says: str, channel: ChatChannel
) -> None:
    result = refused(await send_to(channel, address))
    assert type(result) is kind
    assert says in result.note


@pytest.mark.parametrize(("token", "says"), [("xoxb-revoked", "token_revoked"), ("xoxp-mine", "invalid_auth")])
async def test_a_token_that_fails_is_our_fault_and_asked_about_once(
    token: str, says: str, services: str, outbox: Path, channel_to: Callable[..., ChatChannel]
) -> None:
    channel = channel_to(services, token=token)
    messages = [message_to(channel, f"slack:#room{number}") for number in range(30)]
    for result in await send(channel, *messages):
        assert isinstance(result, ProviderDown)
        assert says in result.note
        assert token not in result.note
    assert len(requests(outbox)) <= 8  # those that were under way at once
    with pytest.raises(ProviderDown, match=says):
        await channel.check()


async def test_check_says_who_we_are(channel: ChatChannel) -> None:
    assert await channel.check() == "Slack knows us as tocsin in Practice."


async def test_no_answer_is_unknown_and_nothing_was_kept(
    services: str, outbox: Path, channel_to: Callable[..., ChatChannel]
) -> None:
    result = refused(await send_to(channel_to(services, seconds=0.5), "slack:#silent"))
    assert isinstance(result, Ambiguous)
    assert find(outbox) == []


async def test_an_answer_that_breaks_off_is_unknown(channel: ChatChannel, outbox: Path) -> None:
    assert isinstance(await send_to(channel, "slack:#hangup"), Ambiguous)
    assert len(find(outbox)) == 1


async def test_nobody_there_is_no_doubt(channel_to: Callable[..., ChatChannel]) -> None:
    result = refused(await send_to(channel_to("http://127.0.0.1:9"), "slack:#incidents"))
    assert type(result) is TryAgain
    assert "Slack cannot be reached" in result.note


async def test_where_the_first_post_is_gone_the_update_begins_another_thread(
    channel: ChatChannel, outbox: Path
) -> None:
    first = accepted(await send_to(channel, "slack:#rootless"))
    second = accepted(await send_to(channel, "slack:#rootless", version(2), first.thread))
    assert second.thread not in {"", first.thread}
    assert [post.thread_ts for post in find(outbox)] == ["", ""]
    elsewhere = accepted(await send_to(channel, "slack:#incidents", version(2), "C0NOTHING:1.000001"))
    assert elsewhere.thread


async def test_a_first_post_that_cannot_be_edited_is_a_note_and_no_failure(channel: ChatChannel) -> None:
    first = accepted(await send_to(channel, "slack:#frozen"))
    second = accepted(await send_to(channel, "slack:#frozen", version(2), first.thread))
    assert "still says what it said before" in second.note


async def test_messages_of_one_channel_go_in_order_and_others_do_not_wait(channel: ChatChannel, outbox: Path) -> None:
    incidents = [version(1, incident=f"incident{number}", body=f"Number {number}.") for number in range(5)]
    messages = [message_to(channel, "slack:#incidents", told) for told in incidents]
    slow = message_to(channel, "slack:#slow")
    order: list[int] = []
    await channel.send([slow, *messages], lambda index, _result: order.append(index))
    assert order == [1, 2, 3, 4, 5, 0]
    posts = [post for post in reversed(find(outbox)) if post.channel == "#incidents"]
    assert [f"Number {number}." in str(post.content) for number, post in enumerate(posts)] == [True] * 5


async def test_what_stops_one_message_stops_the_next_to_the_same_channel(channel: ChatChannel, outbox: Path) -> None:
    told = [version(1, incident=f"incident{number}") for number in range(3)]
    busy = await send(channel, *(message_to(channel, "slack:#busy", one) for one in told))
    assert [type(result) for result in busy] == [TooFast] * 3
    assert len(requests(outbox)) == 1
    hung_up = await send(channel, *(message_to(channel, "slack:#hangup", one) for one in told))
    assert [type(result) for result in hung_up] == [Ambiguous, TryAgain, TryAgain]
    uninvited = await send(channel, *(message_to(channel, "slack:#uninvited", one) for one in told))
    assert [type(result) for result in uninvited] == [GiveUp] * 3


async def test_what_may_have_arrived_is_looked_for_before_it_is_sent_again(channel: ChatChannel, outbox: Path) -> None:
    log = ChatLog(outbox)
    room = f"slack:{log.id_of('#hangup')}"
    log.close()
    assert isinstance(await send_to(channel, room), Ambiguous)
    [result] = await send(channel, message_to(channel, room, again=True))
    found = accepted(result)
    assert "It had arrived" in found.note
    assert found.thread == found.provider_id != ""
    assert len(find(outbox)) == 1


async def test_a_reply_that_may_have_arrived_is_looked_for_in_its_thread(channel: ChatChannel, outbox: Path) -> None:
    first = accepted(await send_to(channel, "slack:#incidents"))
    second = accepted(await send_to(channel, "slack:#incidents", version(2), first.thread))
    [again] = await send(channel, message_to(channel, "slack:#incidents", version(2), first.thread, again=True))
    assert accepted(again).provider_id == second.provider_id
    [new] = await send(channel, message_to(channel, "slack:#incidents", version(3), first.thread, again=True))
    assert accepted(new).provider_id not in {first.provider_id, second.provider_id}
    assert len(find(outbox)) == 3


async def test_a_channel_that_is_known_by_its_name_is_looked_up_first(channel: ChatChannel, outbox: Path) -> None:
    log = ChatLog(outbox)
    for room in ("#aside", "#hangup", "#zoo"):
        log.id_of(room)
    log.close()
    assert isinstance(await send_to(channel, "slack:#hangup"), Ambiguous)
    [result] = await send(channel, message_to(channel, "slack:#hangup", again=True))
    assert "It had arrived" in accepted(result).note
    assert len(find(outbox)) == 1


async def test_it_is_looked_for_as_far_back_as_it_may_have_been_sent(
    channel: ChatChannel, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ChatLog(outbox)
    room = f"slack:{log.id_of('#hangup')}"
    log.close()
    assert isinstance(await send_to(channel, room), Ambiguous)
    hours_later = time.time() + 20 * 3600
    monkeypatch.setattr("tocsin_channels.chat.slack_bot.time.time", lambda: hours_later)
    [result] = await send(channel, message_to(channel, room, again=True))
    assert "It had arrived" in accepted(result).note


async def test_where_history_cannot_be_read_at_present_nothing_is_sent_and_it_is_asked_for_again(
    channel: ChatChannel, outbox: Path
) -> None:
    log = ChatLog(outbox)
    room = f"slack:{log.id_of('#unread')}"
    log.close()
    assert isinstance(await send_to(channel, room), Ambiguous)
    [result] = await send(channel, message_to(channel, room, again=True))
    assert isinstance(result, AskAgain)
    assert (result.retry_after, result.code) == (1.0, 429)
    [result] = await send(channel, message_to(channel, room, again=True))
    assert "It had arrived" in accepted(result).note
    assert len(find(outbox)) == 1


async def test_where_history_cannot_be_read_it_is_sent_once_more(channel: ChatChannel, outbox: Path) -> None:
    assert isinstance(await send_to(channel, "slack:#hangup"), Ambiguous)
    await send(channel, message_to(channel, "slack:#hangup", again=True))  # the bot sees no channel of that name
    assert len(find(outbox)) == 2
