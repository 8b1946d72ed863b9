"""Stories to tell, the channel to tell them with, and the messages that go out: what tests of e-mail share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.domain.channel import ChannelName, Message, Result
from tocsin.domain.incident import Impact, Phase, Severity, Status
from tocsin.domain.story import Chapter, Story
from tocsin_channels.email.carrier import Carrier
from tocsin_channels.email.channel import EmailChannel, parse_sender
from tocsin_channels.email.letter import Bounces
from tocsin_channels.email.server import Patience, Server
from tocsin_channels.email.smtp import Smtp
from words_to_send import SHIPPED

RECEIPT_TOKEN = "tell-us"
SENDER = parse_sender("Acme status <status@acme.example>")

_BEGAN = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
CHAPTER = Chapter(
    incident="abc123def456",
    version=1,
    title="Checkout is failing",
    body="We see **failed payments** and are looking into it.",
    status=Status.INVESTIGATING,
    severity=Severity.SEV1,
    impact=Impact.CRITICAL,
    phase=Phase.OPENED,
    components=(("Checkout", "partly down"),),
    started_at=_BEGAN,
    published_at=_BEGAN + timedelta(minutes=3),
    next_update_at=_BEGAN + timedelta(minutes=33),
    url="https://status.acme.example/incidents/abc123def456",
)


def chapter(**changes: Any) -> Chapter:
    return replace(CHAPTER, **changes)


def story(*chapters: Chapter, brand: str = "Acme") -> Story:
    return Story(brand, "customers", "en", chapters or (CHAPTER,), "https://status.acme.example")


def email_channel(
    port: int, *, url: str = "", starttls: str = "auto", connections: int = 1, seconds: float = 5.0
) -> EmailChannel:
    """Return a channel to `port` on loopback, with patience that a test can wait for."""
    return channel_by(
        Smtp(
            Server.parse(url or f"smtp://127.0.0.1:{port}", starttls),
            Bounces("bounces.acme.example", SENDER.address),
            RECEIPT_TOKEN,
            connections=connections,
            patience=Patience(connect=seconds, command=seconds, dot=seconds),
        )
    )


def channel_by(carrier: Carrier) -> EmailChannel:
    return EmailChannel(carrier, SENDER, SHIPPED[ChannelName.EMAIL])


def messages_to(addresses: Sequence[str], letter: object) -> list[Message]:
    return [
        Message(
            id=f"m{number}a7",
            address=address,
            name=f"Reader {number}",
            rendered=letter,
            endpoint=f"endpoint{number}",
            token=f"token{number}xyz",
            delivery=f"delivery{number:08}xyz",
        )
        for number, address in enumerate(addresses)
    ]


async def post(channel: EmailChannel, *addresses: str) -> list[Result]:
    """Send one mail to each address; return the results in the addresses' order, each answered exactly once."""
    letter = channel.render(story())
    results: dict[int, Result] = {}

    def answered(index: int, result: Result) -> None:
        assert index not in results
        results[index] = result

    await channel.send(messages_to(addresses, letter), answered)
    return [results[index] for index in range(len(addresses))]
