"""Texts by Vonage's own library, over TLS to servers that answer anything, and what it reports."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import trustme

from texts_to_send import PUBLIC, http, story, text_to, vonage_channel
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import (
    AddressDead,
    Ambiguous,
    DeliveryError,
    GiveUp,
    ProviderDown,
    TooFast,
    TryAgain,
)

SECRET = "the signature secret"


@dataclass
class Server:
    """Reads one request a connection and answers `says`."""

    says: bytes = b""
    silent: bool = False
    requests: list[bytes] = field(default_factory=list[bytes])
    host: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), b":0")
            self.requests.append(head + await reader.readexactly(int(length.partition(b":")[2])))
            if self.silent:
                await reader.read()
            writer.write(self.says)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def parts(*statuses: str) -> bytes:
    messages = [{"status": one, "message-id": f"id{n}", "error-text": "no"} for n, one in enumerate(statuses)]
    return http("200 OK", json.dumps({"message-count": str(len(messages)), "messages": messages}))


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    made = Server()
    listening = await asyncio.start_server(made.answer, "127.0.0.1", ssl=context)
    made.host = f"localhost:{listening.sockets[0].getsockname()[1]}"
    yield made
    listening.close()


async def test_a_text_goes_out_with_all_that_vonage_is_to_know(server: Server) -> None:
    server.says = parts("0")
    channel = vonage_channel(server.host)
    [result] = await text_to(channel, "+14155552671")
    assert result == Accepted("id0", note="1 segment of GSM-7, from +14155550100")
    [request] = server.requests
    assert request.startswith(b"POST /sms/json HTTP/1.1\r\n")
    fields = {name: values[0] for name, values in parse_qs(request.decode().partition("\r\n\r\n")[2]).items()}
    assert fields == {
        "from": "14155550100",
        "to": "14155552671",
        "text": channel.render(story()).body,
        "type": "text",
        "ttl": "600000",
        "client-ref": "delivery00000000xyz",
        "callback": f"{PUBLIC}/receipts/vonage",
    }
    await channel.close()


async def test_another_script_is_sent_as_unicode_and_a_long_address_of_ours_is_left_out(server: Server) -> None:
    server.says = parts("0", "0")
    channel = vonage_channel(server.host, public="https://" + "x" * 90 + ".example")
    [result] = await text_to(channel, "+14155552671", about=story(title="Оплата не проходит"))
    assert isinstance(result, Accepted)
    fields = parse_qs(server.requests[0].decode().partition("\r\n\r\n")[2])
    assert fields["type"] == ["unicode"]
    assert "callback" not in fields
    await channel.close()


@pytest.mark.parametrize(
    ("says", "expected", "told"),
    [
        (parts("1"), TooFast, "too many requests"),
        (parts("4"), ProviderDown, "vonage_api_key"),
        (parts("9"), ProviderDown, "balance"),
        (parts("7"), AddressDead, "barred"),
        (parts("12"), GiveUp, "too long"),
        (parts("77"), TryAgain, "no code that we know"),
        (parts("0", "5"), Ambiguous, "took some segments"),
        (parts("5", "5"), TryAgain, "stumbled"),
        (http("200 OK", "<html>"), Ambiguous, "cannot be read"),
        (http("200 OK", "{}"), Ambiguous, "cannot be read"),
        (http("200 OK", json.dumps({"message-count": "0", "messages": []})), Ambiguous, "cannot be read"),
        (http("401 Unauthorized", "{}"), ProviderDown, "credentials"),
        (http("429 Too Many", "", "Retry-After: 3\r\n"), TooFast, "too many"),
        (http("500 Oops", "<html>"), TryAgain, "stumbled"),
        (http("503 Unavailable", ""), TryAgain, "not available"),
        (http("504 Gateway Timeout", ""), Ambiguous, "in vain"),
        (b"", Ambiguous, "no answer"),
        (b"what is this?\r\n\r\n", Ambiguous, "no answer"),
    ],
)
async def test_whatever_comes_back_means_one_of_five_things(
    says: bytes, expected: type[DeliveryError], told: str, server: Server
) -> None:
    server.says = says
    channel = vonage_channel(server.host)
    [result] = await text_to(channel, "+14155552671")
    assert type(result) is expected
    assert told in result.note
    assert len(server.requests) == 1  # nothing tries again by itself
    if "Retry-After" in says.decode():
        assert isinstance(result, TryAgain)
        assert result.retry_after == 3.0
    await channel.close()


async def test_nobody_is_left_alone_for_longer_than_an_hour(server: Server) -> None:
    server.says = http("429 Too Many", "", f"Retry-After: {10**12}\r\n")
    channel = vonage_channel(server.host)
    [result] = await text_to(channel, "+14155552671")
    assert isinstance(result, TooFast)
    assert result.retry_after == 3_600.0
    await channel.close()


async def test_no_answer_within_the_time_limit_leaves_the_text_in_doubt(server: Server) -> None:
    server.silent = True
    channel = vonage_channel(server.host, seconds=1.0)
    [result] = await text_to(channel, "+14155552671")
    assert type(result) is Ambiguous
    await channel.close()


async def test_where_nobody_listens_nothing_was_sent() -> None:
    channel = vonage_channel("localhost:1")
    [result] = await text_to(channel, "+14155552671")
    assert type(result) is TryAgain
    await channel.close()


async def test_the_loop_goes_on_while_vonage_thinks(server: Server) -> None:
    server.silent = True
    channel = vonage_channel(server.host, seconds=1.0)
    sending = asyncio.create_task(text_to(channel, *[f"+1415555267{n}" for n in range(4)]))
    turns = 0
    while not sending.done():
        turns += 1
        await asyncio.sleep(0.01)
    assert turns > 20
    assert {type(result) for result in sending.result()} == {Ambiguous}
    await channel.close()


async def test_the_account_is_checked_without_sending(server: Server) -> None:
    server.says = http("200 OK", json.dumps({"value": 10.28, "autoReload": False}))
    channel = vonage_channel(server.host)
    assert await channel.check() == "Vonage answers, a balance of 10.28"
    server.says = http("401 Unauthorized", "{}")
    with pytest.raises(ProviderDown, match="vonage_api_secret"):
        await channel.check()
    await channel.close()
