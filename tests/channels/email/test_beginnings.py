"""When a mail begins: with its data, so that whoever dies before leaves nobody in doubt about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from mail_to_send import messages_to, story
from scripted_smtp import Scripted, served
from tocsin.domain.channel import Result
from tocsin_channels.email.channel import EmailChannel

ChannelTo = Callable[..., EmailChannel]
PEOPLE = [f"reader{number}@example.com" for number in range(6)]
EITHER = pytest.mark.parametrize("features", [("PIPELINING", "8BITMIME"), ("8BITMIME",)], ids=["pipelined", "plain"])


class Over(Exception):
    """Nothing may begin any more."""


@dataclass
class Listening:
    """Hears what begins and what comes of it; from the mail numbered `over` on, nothing may begin."""

    over: int = 1_000
    begun: list[int] = field(default_factory=list[int])
    results: dict[int, Result] = field(default_factory=dict[int, Result])

    def __call__(self, index: int, result: Result) -> None:
        self.results[index] = result

    def each_begins(self) -> None:
        assert not self.begun

    def begins(self, indexes: Sequence[int]) -> None:
        if len(self.begun) >= self.over:
            raise Over
        self.begun += indexes


async def post(channel: EmailChannel, listening: Listening) -> None:
    await channel.send(messages_to(PEOPLE, channel.render(story())), listening)


@EITHER
async def test_a_mail_begins_with_its_data(features: tuple[str, ...], channel_to: ChannelTo) -> None:
    listening = Listening()
    begun_at_data: list[int] = []

    def at_data(line: str) -> str:
        del line
        begun_at_data.append(len(listening.begun))
        return "354 go on"

    async with served(Scripted(features=features, answers={"DATA": at_data})) as server:
        await post(channel_to(server.port), listening)
    assert begun_at_data == [0, 1, 2, 3, 4, 5]  # an envelope leaves nobody in doubt
    assert listening.begun == [0, 1, 2, 3, 4, 5]
    assert len(server.mails) == len(PEOPLE)


@EITHER
async def test_what_was_refused_before_its_data_never_began(features: tuple[str, ...], channel_to: ChannelTo) -> None:
    def at_rcpt(line: str) -> str:
        return "550 5.1.1 no such mailbox" if "reader2@" in line else "250 ok"

    listening = Listening()
    async with served(Scripted(features=features, answers={"RCPT": at_rcpt})) as server:
        await post(channel_to(server.port), listening)
    assert listening.begun == [0, 1, 3, 4, 5]
    assert sorted(listening.results) == [0, 1, 2, 3, 4, 5]


@EITHER
async def test_where_nothing_may_begin_any_more_no_data_goes_out(
    features: tuple[str, ...], channel_to: ChannelTo
) -> None:
    listening = Listening(over=3)
    async with served(Scripted(features=features)) as server:
        with pytest.raises(ExceptionGroup) as raised:
            await post(channel_to(server.port), listening)
    assert raised.group_contains(Over)
    assert listening.begun == [0, 1, 2]
    assert len(server.mails) <= 3  # the third had begun: it may have arrived
    assert set(listening.results) <= {0, 1, 2}
