"""Whatever answers in place of Twilio, it means one of five things, and nothing is sent twice by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from texts_to_send import SID, TOKEN, http, sms_channel, text_to
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import AddressDead, Ambiguous, ProviderDown, TooFast, TryAgain
from tocsin_channels.sms.channel import SmsChannel
from tocsin_channels.sms.senders import Senders
from tocsin_channels.sms.twilio import Account

ChannelTo = Callable[..., SmsChannel]

MESSAGE = {"sid": "SM1", "status": "queued", "error_code": None}


@pytest.mark.parametrize(
    ("says", "expected", "told"),
    [
        (http("201 Created", json.dumps(MESSAGE)), Accepted, ""),
        (
            http("201 Created", json.dumps({**MESSAGE, "status": "failed", "error_code": 30006})),
            AddressDead,
            "landline",
        ),
        (http("200 OK", json.dumps({**MESSAGE, "status": "failed", "error_message": "no"})), TryAgain, "no"),
        (http("201 Created", "{}"), Ambiguous, "names no message"),
        (http("201 Created", ""), Ambiguous, "names no message"),
        (http("201 Created", "[]"), Ambiguous, "cannot be read"),
        (http("201 Created", "<html>hello</html>"), Ambiguous, "cannot be read"),
        (http("201 Created", "\x00\x01"), Ambiguous, "cannot be read"),
        (http("302 Found", "", "Location: http://127.0.0.1:1/\r\n"), TryAgain, "302"),
        (http("400 Bad Request", json.dumps({"code": 21211, "message": "no"})), AddressDead, "21211"),
        (http("400 Bad Request", json.dumps({"code": 29999, "message": "new"})), TryAgain, "no code that we know"),
        (http("400 Bad Request", "[1]"), TryAgain, "400"),
        (http("401 Unauthorized", "<html>"), ProviderDown, "credentials"),
        (http("429 Too Many", "{}", "Retry-After: 7\r\n"), TooFast, "too many"),
        (http("429 Too Many", "{}", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n"), TooFast, "too many"),
        (http("500 Oops", "<html>"), TryAgain, "stumbled"),
        (http("502 Bad Gateway", "<html>"), TryAgain, "stumbled"),
        (http("503 Unavailable", ""), TryAgain, "not available"),
        (http("504 Gateway Timeout", ""), Ambiguous, "in vain"),
        (b"", Ambiguous, "no answer"),
        (b"what is this?\r\n\r\n", Ambiguous, "no answer"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{", Ambiguous, "cannot be read"),
        (b"HTTP/1.1 429 Too Many\r\nContent-Length: 900\r\n\r\n{", TooFast, "too many"),
        (http("201 Created", " " * 1_000_000 + json.dumps(MESSAGE)), Ambiguous, "cannot be read"),
    ],
)
async def test_whatever_comes_back_means_one_of_five_things(
    says: bytes, expected: type, told: str, scripted: Any, channel_to: ChannelTo
) -> None:
    scripted.says = says
    [result] = await text_to(channel_to(scripted.url), "+14155552671")
    assert type(result) is expected
    assert told in result.note
    assert result.note.isprintable()
    assert len(scripted.requests) == 1  # nothing tries again by itself


async def test_a_server_that_says_nothing_leaves_the_text_in_doubt(scripted: Any, channel_to: ChannelTo) -> None:
    scripted.says = None
    [result] = await text_to(channel_to(scripted.url, seconds=0.2), "+14155552671")
    assert type(result) is Ambiguous


async def test_who_waits_for_a_connection_has_all_its_time_before_it() -> None:
    """Two batches are under way at once, and each may use all connections."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.3)
        writer.write(http("201 Created", json.dumps(MESSAGE)))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1")
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        channel = sms_channel(url, seconds=0.5, connections=1)
        batches = await asyncio.gather(*(text_to(channel, f"+1415555267{one}") for one in range(3)))
        await channel.close()
    assert [type(result) for [result] in batches] == [Accepted] * 3


async def test_a_name_that_nobody_resolves_in_time_is_no_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("aiohttp.connector.DefaultResolver.resolve", never)
    channel = sms_channel("http://twilio.example", seconds=0.2)
    [result] = await text_to(channel, "+14155552671")
    assert type(result) is TryAgain
    await channel.close()


async def test_where_nobody_listens_nothing_was_sent() -> None:
    channel = sms_channel("http://127.0.0.1:1")
    [result] = await text_to(channel, "+14155552671")
    assert type(result) is TryAgain
    await channel.close()


async def test_another_sender_is_tried_where_one_cannot(scripted: Any, channel_to: ChannelTo) -> None:
    scripted.says = http("400 Bad Request", json.dumps({"code": 21611, "message": "queue full"}))
    [result] = await text_to(channel_to(scripted.url, senders="+14155550100,+14155550101"), "+14155552671")
    assert type(result) is TryAgain
    assert {parse_qs(one.decode().split("\r\n\r\n")[1])["From"][0] for one in scripted.requests} == {
        "+14155550100",
        "+14155550101",
    }


def test_the_real_twilio_is_not_told_of_an_address_on_this_machine() -> None:
    senders = Senders.parse("+14155550100")
    assert not Account(SID, TOKEN, senders, "http://127.0.0.1:8000/receipts/twilio").is_reported_to
    assert Account(SID, TOKEN, senders, "https://status.acme.example/receipts/twilio").is_reported_to
    assert Account(SID, TOKEN, senders, "http://127.0.0.1:8000/x", "http://127.0.0.1:9999").is_reported_to
