"""Stories to post, the practice accounts to post them from, and a desk that keeps threads as the core does."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from tocsin.domain.channel import ChannelName, Message, Result
from tocsin.domain.incident import Impact, Phase, Severity, Status
from tocsin.domain.social import Network, read_account
from tocsin.domain.story import Chapter, Story
from tocsin.practice.social_behaviour import accounts_setting
from tocsin_channels.social.account import Account
from tocsin_channels.social.channel import SocialChannel
from words_to_send import SHIPPED

AT = datetime(2026, 11, 21, 20, 5, tzinfo=UTC)
URL = "https://status.acme.example/incidents/k3v9q0x7m2pd"
WORDING = SHIPPED[ChannelName.SOCIAL]


def make_story(
    body: str = "We see failed payments and are looking into it.",
    title: str = "Checkout is failing",
    status: Status = Status.INVESTIGATING,
    url: str | None = URL,
    audience: str = "customers",
) -> Story:
    chapter = Chapter(
        incident="k3v9q0x7m2pd",
        version=1,
        title=title,
        body=body,
        status=status,
        severity=Severity.SEV1,
        impact=Impact.MAJOR,
        phase=Phase.OPENED,
        components=(("Checkout", "partial outage"),),
        started_at=AT,
        published_at=AT,
        next_update_at=AT.replace(minute=35),
        url=url,
    )
    return Story("Acme", audience, "en-GB", (chapter,), "https://status.acme.example")


def accounts_at(url: str) -> list[Account]:
    found: list[Account] = []
    for one in json.loads(accounts_setting(url)):
        network, address = read_account(one["address"])
        names = ("consumer_key", "consumer_secret", "access_token", "access_secret")
        secrets = tuple(one[name] for name in names) if network is Network.X else (one["token"],)
        found.append(Account(network, address, one["url"], "customers", secrets))
    return found


class Desk:
    """Sends to a channel and keeps the threads, as the core does."""

    def __init__(self, channel: SocialChannel) -> None:
        self.channel = channel
        self.threads: dict[str, str] = {}
        self._sent = 0

    async def send(self, story: Story, *addresses: str, message: str = "") -> list[Result]:
        self._sent += 1
        rendered = self.channel.render(story)
        messages = [
            Message(
                id=message or f"update{self._sent}.{address}",
                address=address,
                name="",
                rendered=rendered,
                endpoint="endpoint",
                token="token",
                delivery="delivery",
                thread=self.threads.get(address, ""),
            )
            for address in addresses
        ]
        results: dict[int, Result] = {}

        def answered(index: int, result: Result) -> None:
            assert index not in results
            results[index] = result
            thread = getattr(result, "thread", "")
            if thread:
                self.threads[messages[index].address] = thread

        await self.channel.send(messages, answered)
        return [results[index] for index in range(len(messages))]

    async def one(self, story: Story, address: str, message: str = "") -> Result:
        return (await self.send(story, address, message=message))[0]
