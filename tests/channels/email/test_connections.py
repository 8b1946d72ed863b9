"""Connections to a mail server: kept, shared, replaced, and given up without losing anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from mail_to_send import messages_to, post, story
from scripted_smtp import Scripted, served, until
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, Ambiguous, GiveUp, ProviderDown, TryAgain
from tocsin_channels.email.channel import EmailChannel

ChannelTo = Callable[..., EmailChannel]
PEOPLE = [f"reader{number}@example.com" for number in range(20)]
PIPELINED = ("PIPELINING", "8BITMIME")
PLAIN = ("8BITMIME",)
EITHER = pytest.mark.parametrize("features", [PIPELINED, PLAIN], ids=["pipelined", "plain"])


def for_recipient(wanted: str, answer: str | None, otherwise: str = "250 ok") -> Callable[[str], str | None]:
    return lambda line: answer if wanted in line else otherwise


def ignore(index: int, result: Result) -> None:
    del index, result


def kinds(results: list[Result]) -> list[type]:
    return [type(result) for result in results]


async def test_a_connection_that_the_server_closed_while_it_was_idle_is_replaced(channel_to: ChannelTo) -> None:
    server = Scripted()
    async with served(server):
        channel = channel_to(server.port)
        await post(channel, *PEOPLE[:2])
    async with served(server):
        assert kinds(await post(channel, *PEOPLE[:2])) == [Accepted] * 2
    assert server.sessions == 2


async def test_connections_are_kept_between_batches(channel_to: ChannelTo) -> None:
    async with served(Scripted()) as server:
        channel = channel_to(server.port)
        for _ in range(5):
            await post(channel, *PEOPLE[:4])
        assert server.sessions == 1


async def test_several_connections_share_a_batch_and_none_waits_for_a_slow_one(channel_to: ChannelTo) -> None:
    async with served(Scripted({"DOT": for_recipient("reader0@", "")})) as server:
        channel = channel_to(server.port, connections=2, seconds=60)  # no mail waits for these 60 s but the slow one
        told: asyncio.Queue[int] = asyncio.Queue()
        letter = channel.render(story())
        sending = asyncio.create_task(
            channel.send(messages_to(PEOPLE, letter), lambda index, _: told.put_nowait(index))
        )
        assert {await told.get() for _ in range(19)} == set(range(1, 20))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_nobody_listening_is_tried_again(channel_to: ChannelTo) -> None:
    async with served(Scripted()) as server:
        pass
    results = await post(channel_to(server.port, connections=3), *PEOPLE[:5])
    assert kinds(results) == [TryAgain] * 5
    assert isinstance(results[0], TryAgain)
    assert "could not be reached" in results[0].note


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        ("421 4.3.2 too busy", TryAgain),
        ("554 5.7.1 your address is listed", ProviderDown),
        ("HTTP/1.1 400 Bad Request", TryAgain),
        (None, TryAgain),
        ("", TryAgain),
    ],
)
async def test_a_server_that_does_not_welcome_us_is_no_recipients_fault(
    greeting: str | None, expected: type, channel_to: ChannelTo
) -> None:
    async with served(Scripted({"GREETING": lambda _: greeting})) as server:
        results = await post(channel_to(server.port, seconds=0.3), *PEOPLE[:2])
    assert all(isinstance(result, expected) for result in results)
    assert not any(isinstance(result, Ambiguous | AddressDead | GiveUp) for result in results)


async def test_a_server_that_never_answers_a_recipient_does_not_hold_the_others_up(channel_to: ChannelTo) -> None:
    async with served(Scripted({"RCPT": for_recipient("reader1@", "")})) as server:
        results = await post(channel_to(server.port, seconds=0.4), *PEOPLE[:3])
    assert kinds(results) == [Accepted, TryAgain, Accepted]


async def test_a_connection_lost_in_the_middle_of_the_data_may_have_handed_it_over(channel_to: ChannelTo) -> None:
    once = {"left": 1}

    def drop(_: str) -> str | None:
        once["left"] -= 1
        return None if once["left"] == 0 else ""

    async with served(Scripted({"BODY": drop})) as server:
        results = await post(channel_to(server.port), *PEOPLE[:3])
    assert kinds(results) == [Ambiguous, Accepted, Accepted]


async def test_an_address_beyond_ascii_goes_to_a_server_that_takes_it(channel_to: ChannelTo) -> None:
    async with served(Scripted(features=("PIPELINING", "SMTPUTF8"))) as server:
        assert kinds(await post(channel_to(server.port), "grüße@exämple.com")) == [Accepted]
    assert "RCPT TO:<grüße@xn--exmple-cua.com>" in server.lines
    assert any(line.endswith(" SMTPUTF8") for line in server.lines)


@EITHER
async def test_an_address_beyond_ascii_is_given_up_where_the_server_does_not_take_it(
    features: tuple[str, ...], channel_to: ChannelTo
) -> None:
    async with served(Scripted(features=features)) as server:
        results = await post(channel_to(server.port), "a@example.com", "grüße@example.com", "b@exämple.com")
    assert kinds(results) == [Accepted, GiveUp, Accepted]


@pytest.mark.parametrize(
    "address", ["nobody", "a b@example.com", "a@b\r\nRCPT TO:<c@d.example>", "<a@b.example>", "a@"]
)
async def test_what_is_no_address_never_reaches_the_server(address: str, channel_to: ChannelTo) -> None:
    async with served(Scripted()) as server:
        results = await post(channel_to(server.port), address, "a@example.com")
    assert kinds(results) == [AddressDead, Accepted]
    assert [line for line in server.lines if line.startswith("RCPT")] == ["RCPT TO:<a@example.com>"]


async def test_stopping_in_the_middle_of_a_batch_leaves_no_connection_behind(channel_to: ChannelTo) -> None:
    server = Scripted({"DOT": lambda _: ""})
    async with served(server):
        channel = channel_to(server.port, connections=2)
        sending = asyncio.create_task(channel.send(messages_to(PEOPLE, channel.render(story())), ignore))
        await until(lambda: server.lines.count("DATA") == 2)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await until(lambda: server.ended == 2)
