"""The chat channel, stories for it, and what became of messages: what tests of chat share."""

from __future__ import annotations

from dataclasses import replace

from mail_to_send import chapter, story
from tocsin.domain.channel import Accepted, ChannelName, Message, Result
from tocsin.domain.chat_address import ChatRules
from tocsin.domain.errors import DeliveryError
from tocsin.domain.reach import Reach
from tocsin.domain.story import Chapter
from tocsin_channels.chat.channel import ChatChannel, Services
from words_to_send import SHIPPED

TOKEN = "xoxb-practice"
ANYWHERE = ChatRules(has_bot=True, schemas=frozenset({"mmost", "discord"}), reach=Reach(private=True))


def chat_channel(
    url: str = "", *, token: str = TOKEN, rules: ChatRules = ANYWHERE, seconds: float = 5.0
) -> ChatChannel:
    """Return a channel whose Slack and Teams are at `url`."""
    return ChatChannel(rules, Services(url, token, url, seconds), SHIPPED[ChannelName.CHAT])


def message_to(
    channel: ChatChannel, address: str, told: Chapter | None = None, thread: str = "", *, again: bool = False
) -> Message:
    told = told or chapter()
    return Message(
        id=f"{told.incident}-{told.version}.endpoint1",
        address=address,
        name="Operations",
        rendered=channel.render(story(told)),
        endpoint="endpoint1",
        token="token1",
        delivery=f"delivery{told.version}",
        thread=thread,
        again=again,
    )


async def send(channel: ChatChannel, *messages: Message) -> list[Result]:
    """Return the results in the messages' order, each answered exactly once."""
    results: dict[int, Result] = {}

    def answered(index: int, result: Result) -> None:
        assert index not in results
        results[index] = result

    await channel.send(messages, answered)
    return [results[index] for index in range(len(messages))]


async def send_to(channel: ChatChannel, address: str, told: Chapter | None = None, thread: str = "") -> Result:
    [result] = await send(channel, message_to(channel, address, told, thread))
    return result


def accepted(result: Result) -> Accepted:
    assert isinstance(result, Accepted), repr(result)
    return result


def refused(result: Result) -> DeliveryError:
    assert isinstance(result, DeliveryError), repr(result)
    return result


def version(number: int, **changes: object) -> Chapter:
    return replace(chapter(version=number), **changes)  # type: ignore[arg-type]
