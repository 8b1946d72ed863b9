"""Receivers of webhooks that do what they are told, byte by byte, and the messages to send them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from mail_to_send import story
from tocsin.domain.channel import Message, Result
from tocsin.domain.reach import Reach
from tocsin.domain.signing import signing_secret
from tocsin.domain.story import Story
from tocsin_channels.webhook.channel import WebhookChannel

SECRET = signing_secret("s" * 32, 7, 1)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
ANYWHERE = Reach(private=True)


@dataclass
class Call:
    """One request as it came in; header names are in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Call, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """Where it listens and what it got; `connections` counts those that sent nothing too."""

    port: int
    calls: list[Call] = field(default_factory=list[Call])
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


def answering(*answers: bytes) -> Answer:
    """Give `answers` one after the other, and then the last one for ever."""
    left = list(answers)

    async def answer(_: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    return answer


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {code} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def hang_up(_: Call, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def say_nothing(_: Call, writer: asyncio.StreamWriter) -> None:
    await writer.wait_closed()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Answer, Receiver], Awaitable[None]]


async def talk_http(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer, receiver: Receiver
) -> None:
    """Read one request after the other, and answer each as told."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        call = Call(head[0], headers, body)
        receiver.calls.append(call)
        await answer(call, writer)


@asynccontextmanager
async def receiving(
    answer: Answer | None = None, tls: ssl.SSLContext | None = None, talk: Talk = talk_http
) -> AsyncGenerator[Receiver]:
    """Listen on loopback and answer every call as told; without `answer`, hang up before a byte is read."""
    open_: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        open_.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            if answer is not None:
                await talk(reader, writer, answer, receiver)
        writer.close()
        open_.discard(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    receiver = Receiver(server.sockets[0].getsockname()[1])
    try:
        yield receiver
    finally:
        server.close()
        for writer in list(open_):
            writer.transport.abort()
        await server.wait_closed()


def message(
    channel: WebhookChannel,
    url: str,
    *,
    id_: str = "abc.def",
    told: Story | None = None,
    keys: Sequence[str] = (SECRET,),
) -> Message:
    return Message(
        id=id_,
        address=url,
        name="Ada",
        rendered=channel.render(told or story()),
        endpoint="def",
        token="token-xyz",
        delivery="delivery-xyz",
        secrets=tuple(keys),
    )


async def post(channel: WebhookChannel, *messages: Message) -> list[Result | None]:
    """Send `messages` and return what was said of each."""
    results: list[Result | None] = [None] * len(messages)

    def answered(index: int, result: Result) -> None:
        assert results[index] is None
        results[index] = result

    await channel.send(messages, answered)
    return results
