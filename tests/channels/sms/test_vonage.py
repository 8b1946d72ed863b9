"""Texts by Vonage's own library, over TLS to servers that answer anything, and what it reports."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
import trustme
from vonage_http_client.auth import Auth

from texts_to_send import PUBLIC, TEMPLATES, story, text_to
from tocsin.domain.channel import Accepted, Receipt, ReceiptKind
from tocsin.domain.errors import (
    AddressDead,
    Ambiguous,
    DeliveryError,
    GiveUp,
    OptedOut,
    ProviderDown,
    Refused,
    TryAgain,
)
from tocsin.domain.incident import Severity
from tocsin_channels.sms.channel import SmsChannel
from tocsin_channels.sms.senders import Senders
from tocsin_channels.sms.vonage import Account, Vonage
from tocsin_channels.sms.vonage_codes import REPORTS, VONAGE

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


def http(status: str, body: str, headers: str = "") -> bytes:
    content = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n{headers}\r\n"
    return head.encode() + content


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


def channel_to(host: str, *, seconds: float = 5.0, public: str = PUBLIC) -> SmsChannel:
    account = Account(
        "key", "secret", SECRET, Senders.parse("+14155550100"), f"{public}/receipts/vonage", host, 4, seconds
    )
    return SmsChannel(Vonage(account), TEMPLATES, Severity.SEV1)


async def test_a_text_goes_out_with_all_that_vonage_is_to_know(server: Server) -> None:
    server.says = parts("0")
    channel = channel_to(server.host)
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
    channel = channel_to(server.host, public="https://" + "x" * 90 + ".example")
    [result] = await text_to(channel, "+14155552671", about=story(title="Оплата не проходит"))
    assert isinstance(result, Accepted)
    fields = parse_qs(server.requests[0].decode().partition("\r\n\r\n")[2])
    assert fields["type"] == ["unicode"]
    assert "callback" not in fields
    await channel.close()


@pytest.mark.parametrize(
    ("says", "expected", "told"),
    [
        (parts("1"), TryAgain, "too many requests"),
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
        (http("429 Too Many", "", "Retry-After: 3\r\n"), TryAgain, "too many"),
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
    channel = channel_to(server.host)
    [result] = await text_to(channel, "+14155552671")
    assert type(result) is expected
    assert told in result.note
    assert len(server.requests) == 1  # nothing tries again by itself
    if "Retry-After" in says.decode():
        assert isinstance(result, TryAgain)
        assert result.retry_after == 3.0
    await channel.close()


async def test_no_answer_within_the_time_limit_leaves_the_text_in_doubt(server: Server) -> None:
    server.silent = True
    channel = channel_to(server.host, seconds=1.0)
    [result] = await text_to(channel, "+14155552671")
    assert type(result) is Ambiguous
    await channel.close()


async def test_where_nobody_listens_nothing_was_sent() -> None:
    channel = channel_to("localhost:1")
    [result] = await text_to(channel, "+14155552671")
    assert type(result) is TryAgain
    await channel.close()


async def test_the_loop_goes_on_while_vonage_thinks(server: Server) -> None:
    server.silent = True
    channel = channel_to(server.host, seconds=1.0)
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
    channel = channel_to(server.host)
    assert await channel.check() == "Vonage answers, a balance of 10.28"
    server.says = http("401 Unauthorized", "{}")
    with pytest.raises(ProviderDown, match="vonage_api_secret"):
        await channel.check()
    await channel.close()


def told(fields: dict[str, str], *, secret: str = SECRET, kind: str = "application/json") -> list[Receipt]:
    """Post `fields` as Vonage does and return what is made of them."""
    signed = fields | {"timestamp": str(int(time.time())), "nonce": "n"}
    auth = Auth(api_key="key", signature_secret=secret, signature_method="sha256")
    signed["sig"] = auth.sign_params(dict(signed))
    raw = json.dumps(signed) if "json" in kind else urlencode(signed)
    return list(channel_to("localhost:1").read_receipt(raw.encode(), {"Content-Type": kind}, f"{PUBLIC}/x"))


REPORT = {"msisdn": "14155552671", "to": "14155550100", "client-ref": "abc123", "err-code": "0"}


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_what_arrived_is_delivered(kind: str) -> None:
    assert told({**REPORT, "status": "delivered"}, kind=kind) == [Receipt("abc123", ReceiptKind.DELIVERED, "0", "")]


@pytest.mark.parametrize("code", sorted(REPORTS.codes))
def test_only_a_dead_number_is_given_up(code: int) -> None:
    first = told({**REPORT, "status": "failed", "err-code": str(code)})[0]
    assert first.kind is ReceiptKind.BOUNCED
    assert first.keeps_address is (REPORTS.codes[code].decision is not AddressDead)


def test_who_blocks_us_has_opted_out() -> None:
    assert REPORTS.codes[4].decision is OptedOut
    assert [one.kind for one in told({**REPORT, "status": "failed", "err-code": "4"})] == [
        ReceiptKind.BOUNCED,
        ReceiptKind.OPTED_OUT,
    ]


def test_what_is_on_its_way_says_nothing_yet() -> None:
    assert told({**REPORT, "status": "buffered"}) == []


def test_an_answer_of_stop_is_a_wish() -> None:
    [wish] = told({"msisdn": "14155552671", "to": "14155550100", "text": "Stop", "type": "text"})
    assert (wish.kind, wish.address) == (ReceiptKind.OPTED_OUT, "+14155552671")


def test_what_is_not_signed_with_our_secret_is_refused() -> None:
    with pytest.raises(Refused, match="not signed by Vonage"):
        told({**REPORT, "status": "delivered"}, secret="another")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b'{"sig": "\xc3\xbc"}', b'{"sig": "x"}'])
def test_what_is_no_report_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        channel_to("localhost:1").read_receipt(raw, {"content-type": "application/json"}, f"{PUBLIC}/x")


def test_credentials_that_are_refused_stop_a_batch() -> None:
    assert all(VONAGE.codes[code].decision is ProviderDown for code in Vonage.whole_account)
