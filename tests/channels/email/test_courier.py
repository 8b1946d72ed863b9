"""Handing mail over, against servers that behave, misbehave, and die at every step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mail_to_send import post
from scripted_smtp import Answer, Scripted, served
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


@EITHER
async def test_every_mail_arrives_once_with_its_own_envelope(features: tuple[str, ...], channel_to: ChannelTo) -> None:
    async with served(Scripted(features=features)) as server:
        results = await post(channel_to(server.port, connections=3), *PEOPLE)
    assert kinds(results) == [Accepted] * 20
    assert len(server.mails) == 20
    assert sorted(line for line in server.lines if line.startswith("RCPT")) == sorted(f"RCPT TO:<{a}>" for a in PEOPLE)
    assert "MAIL FROM:<bounce-delivery00000007xyz@bounces.acme.example>" in server.lines


async def test_the_servers_name_for_a_mail_is_kept(channel_to: ChannelTo) -> None:
    async with served(Scripted()) as server:
        assert await post(channel_to(server.port), "a@example.com") == [Accepted("4XyZ9", 250)]


@EITHER
async def test_replies_may_come_letter_by_letter(features: tuple[str, ...], channel_to: ChannelTo) -> None:
    async with served(Scripted(features=features, fragments=True)) as server:
        assert kinds(await post(channel_to(server.port), *PEOPLE[:5])) == [Accepted] * 5


@EITHER
async def test_replies_may_have_many_lines(features: tuple[str, ...], channel_to: ChannelTo) -> None:
    refusal = for_recipient("reader1@", "550-5.1.1 The address\r\n550-5.1.1 does not\r\n550 5.1.1 exist")
    answers: dict[str, Answer] = {"MAIL": lambda _: "250-fine\r\n250-really\r\n250 ok", "RCPT": refusal}
    async with served(Scripted(answers, features)) as server:
        results = await post(channel_to(server.port), *PEOPLE[:3])
    assert kinds(results) == [Accepted, AddressDead, Accepted]
    assert isinstance(results[1], AddressDead)
    assert results[1].note == "The SMTP server refused the recipient: 550 5.1.1 The address 5.1.1 does not 5.1.1 exist"


@EITHER
@pytest.mark.parametrize("data", ["354 go on", "503 5.5.1 no valid recipients", "554 5.5.1 no valid recipients"])
async def test_one_refused_recipient_costs_nobody_else(
    features: tuple[str, ...], data: str, channel_to: ChannelTo
) -> None:
    server = Scripted(features=features)
    welcome = {"last": True}

    def rcpt(line: str) -> str:
        welcome["last"] = "reader2@" not in line
        return "250 ok" if welcome["last"] else "550 5.1.1 nobody"

    server.answers = {"RCPT": rcpt, "DATA": lambda _: "354 go on" if welcome["last"] else data}
    async with served(server):
        results = await post(channel_to(server.port), *PEOPLE[:6])
    assert kinds(results) == [Accepted, Accepted, AddressDead, Accepted, Accepted, Accepted]
    assert len(server.mails) == 5
    assert server.sessions == 1


@EITHER
@pytest.mark.parametrize(
    ("verb", "answer", "expected"),
    [
        ("MAIL", "550 5.7.1 you may not send", ProviderDown),
        ("MAIL", "451 4.3.0 not now", TryAgain),
        ("RCPT", "450 4.2.1 busy", TryAgain),
        ("RCPT", "552 5.2.2 mailbox full", TryAgain),
        ("RCPT", "550 5.7.1 our policy", GiveUp),
        ("DATA", "451 4.3.0 not now", TryAgain),
        ("DATA", "554 5.7.1 no", GiveUp),
        ("DOT", "452 4.3.1 disk full", TryAgain),
        ("DOT", "554 5.6.0 we don't like it", GiveUp),
        ("DOT", "550 5.7.26 unauthenticated", ProviderDown),
        ("DOT", "550 5.1.1 nobody", AddressDead),
    ],
)
async def test_a_refusal_at_each_step_is_about_that_mail(
    verb: str, answer: str, expected: type, features: tuple[str, ...], channel_to: ChannelTo
) -> None:
    first = {"left": 1}

    def refuse_once(_: str) -> str:
        first["left"] -= 1
        usual = {"DATA": "354 go on"}.get(verb, "250 ok")
        return answer if first["left"] >= 0 else usual

    async with served(Scripted({verb: refuse_once}, features)) as server:
        results = await post(channel_to(server.port), *PEOPLE[:3])
    assert kinds(results) == [expected, Accepted, Accepted]


@EITHER
async def test_a_connection_lost_after_the_final_dot_leaves_exactly_that_mail_in_doubt(
    features: tuple[str, ...], channel_to: ChannelTo
) -> None:
    async with served(Scripted({"DOT": for_recipient("reader3@", None)}, features)) as server:
        results = await post(channel_to(server.port), *PEOPLE[:8])
    assert kinds(results) == [Accepted] * 3 + [Ambiguous] + [Accepted] * 4
    assert len(server.mails) == 7


@EITHER
async def test_a_final_dot_that_is_never_answered_leaves_exactly_that_mail_in_doubt(
    features: tuple[str, ...], channel_to: ChannelTo
) -> None:
    async with served(Scripted({"DOT": for_recipient("reader1@", "")}, features)) as server:
        results = await post(channel_to(server.port, seconds=0.5), *PEOPLE[:4])
    assert kinds(results) == [Accepted, Ambiguous, Accepted, Accepted]


@EITHER
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_a_connection_lost_before_the_data_loses_nothing(
    verb: str, features: tuple[str, ...], channel_to: ChannelTo
) -> None:
    times = {"left": 1}

    def drop_once(_: str) -> str | None:
        times["left"] -= 1
        return None if times["left"] == 0 else "354 go on" if verb == "DATA" else "250 ok"

    async with served(Scripted({verb: drop_once}, features)) as server:
        results = await post(channel_to(server.port), *PEOPLE[:4])
    assert kinds(results) == [Accepted] * 4
    assert len(server.mails) == 4
    assert server.sessions == 2


@EITHER
async def test_a_mail_that_ends_every_connection_is_tried_again_later_and_the_others_go_out(
    features: tuple[str, ...], channel_to: ChannelTo
) -> None:
    async with served(Scripted({"RCPT": for_recipient("reader1@", None)}, features)) as server:
        results = await post(channel_to(server.port), *PEOPLE[:4])
    assert kinds(results)[2:] == [Accepted] * 2
    assert isinstance(results[0], Accepted)
    assert isinstance(results[1], TryAgain)


@EITHER
async def test_421_to_a_recipient_is_about_them_and_the_rest_goes_over_a_new_connection(
    features: tuple[str, ...], channel_to: ChannelTo
) -> None:
    server = Scripted({"RCPT": for_recipient("reader2@", "421 4.7.0 too much, closing")}, features)
    async with served(server):
        results = await post(channel_to(server.port), *PEOPLE[:6])
    assert kinds(results) == [Accepted, Accepted, TryAgain, Accepted, Accepted, Accepted]
    assert server.sessions == 2


@EITHER
async def test_421_between_mails_moves_the_rest_to_a_new_connection(
    features: tuple[str, ...], channel_to: ChannelTo
) -> None:
    mails = {"taken": 0}

    def two_a_session(_: str) -> str:
        mails["taken"] += 1
        return "421 4.7.0 enough for one session" if mails["taken"] % 3 == 0 else "250 ok"

    async with served(Scripted({"MAIL": two_a_session}, features)) as server:
        results = await post(channel_to(server.port), *PEOPLE[:7])
    assert kinds(results) == [Accepted] * 7
    assert server.sessions == 4


async def test_421_to_the_final_dot_is_a_definite_no(channel_to: ChannelTo) -> None:
    server = Scripted({"DOT": for_recipient("reader0@", "421 4.3.2 shutting down")})
    async with served(server):
        results = await post(channel_to(server.port), *PEOPLE[:3])
    assert kinds(results) == [TryAgain, Accepted, Accepted]
