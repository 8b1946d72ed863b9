"""Stories, channels and messages for tests of text messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tocsin.domain.channel import Channel, ChannelName, Message, Result
from tocsin.domain.incident import Impact, Phase, Severity, Status
from tocsin.domain.story import Chapter, Story
from tocsin_channels.carried import CarriedChannel
from tocsin_channels.sms.channel import RatesOf, SmsChannel, unpaced
from tocsin_channels.sms.provider import Provider
from tocsin_channels.sms.senders import Senders
from tocsin_channels.sms.twilio import Account, Twilio
from tocsin_channels.sms.vonage import Account as VonageAccount
from tocsin_channels.sms.vonage import Vonage
from words_to_send import SHIPPED

SID = "AC" + "0" * 32
TOKEN = "the account's auth token"
SECRET = "the signature secret"
PUBLIC = "https://status.acme.example"

CHAPTER = Chapter(
    incident="k3v9qd81mzx0",
    version=1,
    title="Checkout partly down",
    body="Card payments fail.",
    status=Status.INVESTIGATING,
    severity=Severity.SEV1,
    impact=Impact.MAJOR,
    phase=Phase.OPENED,
    components=(("Checkout", "partial outage"),),
    started_at=datetime(2026, 11, 21, 14, 0, tzinfo=UTC),
    published_at=datetime(2026, 11, 21, 14, 0, tzinfo=UTC),
    next_update_at=datetime(2026, 11, 21, 14, 30, tzinfo=UTC),
    url=f"{PUBLIC}/incidents/k3v9qd81mzx0",
)


def story(*chapters: Chapter, brand: str = "Acme", **changes: Any) -> Story:
    """Return a story of `chapters`, or of one that `changes` make of the usual one."""
    told = chapters or (replace(CHAPTER, **changes),)
    return Story(brand=brand, audience="customers", locale="en", chapters=told, public_url=PUBLIC)


def chapter(**changes: Any) -> Chapter:
    return replace(CHAPTER, **changes)


def sms_channel(
    url: str,
    *,
    senders: str = "+14155550100",
    token: str = TOKEN,
    seconds: float = 5.0,
    receipts: str = "http://127.0.0.1:1",
    rates: RatesOf = unpaced,
    connections: int = 16,
) -> SmsChannel:
    """Return a channel that takes `url` for Twilio."""
    to = f"{receipts}/receipts/twilio"
    account = Account(SID, token, Senders.parse(senders), to, url, connections, seconds)
    return SmsChannel(Twilio(account), SHIPPED[ChannelName.SMS], Severity.SEV1, rates=rates)


def carried(twilio: str, vonage: str, *, receipts: str = "http://127.0.0.1:1", seconds: float = 5.0) -> CarriedChannel:
    """Return a channel that Twilio at `twilio` carries, and Vonage at the host `vonage` where that is stopped."""
    senders = Senders.parse("+14155550100")
    account = Account(SID, TOKEN, senders, f"{receipts}/receipts/twilio", twilio, seconds=seconds)
    other = VonageAccount("key", "secret", SECRET, senders, f"{receipts}/receipts/vonage", vonage, 4, seconds)
    carriers: dict[str, Provider] = {"twilio": Twilio(account), "vonage": Vonage(other)}
    words = SHIPPED[ChannelName.SMS]
    ways = {name: SmsChannel(one, words, Severity.SEV1, 16, name, unpaced, carriers) for name, one in carriers.items()}
    return CarriedChannel(ways, {"twilio": 100, "vonage": 0})


def messages_to(addresses: tuple[str, ...], rendered: object) -> list[Message]:
    return [
        Message(
            id=f"update.{index}",
            address=address,
            name="",
            rendered=rendered,
            endpoint=f"endpoint{index:04d}",
            token="token",
            delivery=f"delivery{index:08d}xyz",
        )
        for index, address in enumerate(addresses)
    ]


async def text_to(channel: Channel, *addresses: str, about: Story | None = None) -> list[Result]:
    """Text each address; return the results in the addresses' order, each answered exactly once."""
    rendered = channel.render(about or story())
    results: dict[int, Result] = {}

    def answered(index: int, result: Result) -> None:
        assert index not in results
        results[index] = result

    await channel.send(messages_to(addresses, rendered), answered)
    return [results[index] for index in range(len(addresses))]


def http(status: str, body: str, headers: str = "") -> bytes:
    """Return an answer as it goes over the wire."""
    content = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n{headers}\r\n"
    return head.encode() + content


def vonage_channel(host: str, *, seconds: float = 5.0, public: str = PUBLIC) -> SmsChannel:
    """Return a channel that takes the host `host` for Vonage."""
    account = VonageAccount(
        "key", "secret", SECRET, Senders.parse("+14155550100"), f"{public}/receipts/vonage", host, 4, seconds
    )
    return SmsChannel(Vonage(account), SHIPPED[ChannelName.SMS], Severity.SEV1)
