"""Plain SMTP, held to what carriers over HTTP are held to: a mail is a call, its answer that to the final dot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from contract.adapter import Adapter, Case, Wire
from contract.mail_adapters import MAILBOXES, write
from hooks import Answer, Call, Receiver
from mail_to_send import email_channel
from tocsin.domain.channel import Channel
from tocsin.domain.errors import AddressDead, TryAgain

_REPLIES = {
    "EHLO": b"250-contract\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    "DATA": b"354 go on\r\n",
    "QUIT": b"221 bye\r\n",
}
_TO = "to"


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer, receiver: Receiver) -> None:
    writer.write(b"220 contract\r\n")
    to = ""
    while line := (await reader.readline()).decode().strip():
        verb = line[:4].upper()
        writer.write(_REPLIES.get(verb, b"250 ok\r\n"))
        if verb == "RCPT":
            to = line.partition("<")[2].partition(">")[0]
        if verb == "DATA":
            call = Call(line, {_TO: to}, await reader.readuntil(b"\r\n.\r\n"))
            receiver.calls.append(call)
            await answer(call, writer)


def _make(url: str, seconds: float) -> Channel:
    return email_channel(0, url=url, seconds=seconds)


def _carried(call: Call) -> list[str]:
    return [call.headers[_TO]]


def _answer(call: Call, case: Callable[[str], Case]) -> bytes:
    match case(call.headers[_TO]):
        case Case.REFUSED:
            return b"554 5.6.0 this cannot be read\r\n"
        case Case.DEAD:
            return b"550 5.1.1 no such user\r\n"
        case Case.REVOKED:
            return b"530 5.7.0 Authentication required\r\n"
        case _:
            return b"250 2.0.0 Ok: queued as 4XyZ9\r\n"


SMTP = Adapter(
    "smtp",
    *(_make, write, MAILBOXES, _carried, _answer),
    dead=AddressDead,
    slower=lambda: "",
    limited=TryAgain,  # about one recipient
    wire=Wire(
        scheme="smtp",
        talk=_talk,
        too_many=lambda slower: f"451 4.7.1 too many, slow down{slower}\r\n".encode(),
        oops=lambda body: b"451 4.3.0 " + body + b"\r\n",
        page=b"<!doctype html><title>Oops</title>\r\n",
        half=b"25",
    ),
)
