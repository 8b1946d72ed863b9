"""No call goes where only we can see, whatever an address says and whatever its name turns into."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from hooks import ANYWHERE, OK, Receiver, answering, message, post, receiving
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import GiveUp, TryAgain
from tocsin.domain.reach import Reach
from tocsin_channels.calling.caller import Caller
from tocsin_channels.calling.gate import Forbidden, Resolver, make_socket
from tocsin_channels.webhook.channel import WebhookChannel

PUBLIC = "93.184.216.34"
CLOSED = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "::1",
    "fe80::1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


def leads_to(*addresses: str) -> Callable[[str, int], list[tuple[Any, ...]]]:
    def look_up(host: str, port: int) -> list[tuple[Any, ...]]:
        del host
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    return look_up


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving(answering(OK)) as made:
        yield made


@pytest.mark.parametrize("address", CLOSED)
async def test_a_name_that_leads_inside_is_given_up(
    channel_with: Callable[..., WebhookChannel], receiver: Receiver, address: str
) -> None:
    reach = Reach(ports=frozenset({443, receiver.port}))
    channel = channel_with(reach, lookup=leads_to(address))
    [result] = await post(channel, message(channel, f"https://hooks.example:{receiver.port}/"))
    assert isinstance(result, GiveUp)
    assert "private network" in result.note
    assert receiver.connections == 0


async def test_one_closed_address_among_open_ones_forbids_the_name(
    channel_with: Callable[..., WebhookChannel], receiver: Receiver
) -> None:
    reach = Reach(ports=frozenset({receiver.port}))
    channel = channel_with(reach, lookup=leads_to(PUBLIC, "127.0.0.1"))
    [result] = await post(channel, message(channel, f"https://hooks.example:{receiver.port}/"))
    assert isinstance(result, GiveUp)
    assert receiver.connections == 0


async def test_a_name_that_turns_around_between_looking_and_connecting_gains_nothing(receiver: Receiver) -> None:
    """The first answer is open, all later ones are closed: the socket goes to what was looked at, or nowhere."""
    asked = 0

    def turning(host: str, port: int) -> list[tuple[Any, ...]]:
        nonlocal asked
        asked += 1
        return leads_to(PUBLIC if asked == 1 else "127.0.0.1")(host, port)

    resolver = Resolver(Reach(), turning)
    [found] = await resolver.resolve("hooks.example", 443)
    assert found["host"] == PUBLIC
    assert found["flags"] & socket.AI_NUMERICHOST  # never resolved again
    with pytest.raises(Forbidden):
        await resolver.resolve("hooks.example", 443)
    await resolver.close()
    assert receiver.connections == 0


async def test_even_a_resolver_that_lies_opens_no_socket(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lie(self: Resolver, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        del self, family
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 6, "flags": 0}]

    monkeypatch.setattr(Resolver, "resolve", lie)
    caller = Caller(Reach(ports=frozenset({receiver.port})), 5.0, 10)
    with pytest.raises(GiveUp, match="private network"):
        await caller.post(f"https://hooks.example:{receiver.port}/", b"{}", {})
    await caller.close()
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "literal", ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "127.1", "0177.0.0.1", "0x7f.0.0.1"]
)
async def test_a_literal_address_passes_no_gate_either(receiver: Receiver, literal: str) -> None:
    """Addresses are refused when they are read; this is the caller alone, which is never asked to call these."""
    caller = Caller(Reach(ports=frozenset({receiver.port})), 5.0, 10)
    with pytest.raises((GiveUp, TryAgain)):
        await caller.post(f"https://{literal}:{receiver.port}/", b"{}", {})
    await caller.close()
    assert receiver.connections == 0


async def test_practice_opens_its_own_door_and_none_beside_it(
    channel_with: Callable[..., WebhookChannel], receiver: Receiver
) -> None:
    async with receiving(answering(OK)) as beside:
        channel = channel_with(Reach(practice=f"127.0.0.1:{receiver.port}"))
        results = await post(channel, message(channel, receiver.url), message(channel, beside.url))
        assert results[0] == Accepted(code=200)
        assert isinstance(results[1], GiveUp)
        assert beside.connections == 0


def test_a_socket_is_made_for_an_open_address_alone() -> None:
    make = make_socket(Reach())
    made = make((socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 443)))
    made.close()
    for place in [("127.0.0.1", 443), (PUBLIC, 22), (PUBLIC, 80)]:
        with pytest.raises(Forbidden):
            make((socket.AF_INET, socket.SOCK_STREAM, 6, "", place))


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return the TLS of hooks.example, by an authority that this process trusts."""
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(context)
    return context


async def test_the_name_is_what_the_certificate_is_checked_for(
    channel_with: Callable[..., WebhookChannel], tls: ssl.SSLContext
) -> None:
    async with receiving(answering(OK), tls) as receiver:
        channel = channel_with(ANYWHERE, lookup=leads_to("127.0.0.1"))
        right, wrong = await post(
            channel,
            message(channel, f"https://hooks.example:{receiver.port}/a"),
            message(channel, f"https://other.example:{receiver.port}/a"),
        )
    assert right == Accepted(code=200)
    assert receiver.calls[0].headers["host"] == f"hooks.example:{receiver.port}"
    assert type(wrong) is TryAgain
    assert "certificate" in wrong.note
    assert len(receiver.calls) == 1
