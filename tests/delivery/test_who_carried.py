"""The ledger names who carried a message, also where one batch goes to several services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from chat_to_send import chat_channel
from delivery.world import World
from social_desk import WORDING, accounts_at
from tocsin.domain.channel import Channel, ChannelName, carried_by, providers_of, shown_provider
from tocsin.domain.chat_address import ChatRules
from tocsin.practice.bluesky import PracticeBluesky
from tocsin.practice.chat import ChatServices
from tocsin.practice.http import LookAlike, PracticeHttp
from tocsin.practice.mastodon import PracticeMastodon
from tocsin.practice.x import PracticeX
from tocsin.store import ledger
from tocsin.store.engine import begin
from tocsin_channels.social.channel import SocialChannel
from tocsin_channels.social.thread import Restraint

SLACK = "https://hooks.slack.com/services/T0PRACTICE/B0PRACTICE/incidents"
FLOW = "https://prod-00.westeurope.logic.azure.com:443/workflows/incidents/triggers/manual/paths/invoke?sig=s3cr3t"
CHAT = {
    "slack:#incidents": "slack",
    SLACK: "slack",
    FLOW: "teams",
    "slack:#archived": "slack",  # who refused is named as well
}

NETWORKS = {"x:acme": "x", "mastodon:@acme@example.social": "mastodon", "bluesky:acme.bsky.social": "bluesky"}


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[str]:
    outbox = tmp_path / "outbox.sqlite"
    look_alikes: list[LookAlike] = [
        ChatServices(outbox),
        PracticeX(outbox),
        PracticeMastodon(outbox),
        PracticeBluesky(outbox),
    ]
    async with PracticeHttp(look_alikes) as server:
        yield f"http://127.0.0.1:{server.port}"


async def carriers(world: World) -> dict[str, str | None]:
    """Return who carried what went to each address."""
    found = await world.rows(
        "SELECT e.address, d.provider FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id "
        "WHERE e.channel <> 'status_page'"
    )
    return {address: provider for address, provider in found}  # noqa: C416 - rows are tuples of anything


async def tell(world: World, channel: Channel) -> None:
    await world.say("It is broken.", severity="sev1")
    await world.spread()
    way = world.way(provider=channel)
    await world.deliver(way)
    await asyncio.gather(*way.tails)


async def tries(connection: AsyncConnection) -> set[tuple[str, str]]:
    """Return, of each row of chat, who it says carried it, and who its attempts say did."""
    rows = await ledger.read_page(connection, 1, ledger.Filter(channel="chat"), after=None, limit=50)
    return {(str(row.provider), one["provider"]) for row in rows for one in await ledger.read_attempts(connection, row)}


async def test_one_batch_of_chat_names_each_service(world: World, services: str) -> None:
    for address in CHAT:
        await world.person(address, channel=ChannelName.CHAT)
    channel = chat_channel(services)
    await tell(world, channel)
    await channel.close()
    assert await carriers(world) == CHAT
    assert await world.rows("SELECT count(*) FROM attempt") == [(1,)]
    async with begin(world.engine) as connection:
        assert await tries(connection) == {("slack", "slack"), ("teams", "teams")}


async def test_rows_from_before_are_read_as_they_were_written(world: World, services: str) -> None:
    await world.person(SLACK, channel=ChannelName.CHAT)
    channel = chat_channel(services)
    await tell(world, channel)
    await channel.close()
    await world.run("UPDATE delivery SET provider = 'chat' WHERE provider = 'slack'")
    async with begin(world.engine) as connection:
        assert await tries(connection) == {("chat", "chat")}


async def test_each_network_is_named(world: World, services: str) -> None:
    accounts = [one for one in accounts_at(services) if one.address in NETWORKS]
    for account in accounts:
        await world.person(account.address, channel=ChannelName.SOCIAL)
    channel = SocialChannel(accounts, WORDING, restraint=Restraint(gap=0))
    await tell(world, channel)
    await channel.close()
    assert await carriers(world) == NETWORKS
    assert shown_provider(channel) == "x, mastodon, bluesky"


def test_the_long_tail_of_chat_is_carried_by_apprise() -> None:
    channel = chat_channel()
    written = ["apprise:discord://1/2", "https://chat.acme.example/hooks/x", "no address any more"]
    assert carried_by(channel, "chat", written) == ["apprise", "slack", "chat"]
    assert shown_provider(channel) == "slack, teams, apprise"
    assert shown_provider(chat_channel(rules=ChatRules())) == "slack, teams"


def test_a_channel_is_still_asked_and_reported_to_by_its_own_name() -> None:
    assert providers_of(chat_channel()) == ["chat"]


async def test_whoever_has_the_turn_of_a_batch_carries_all_of_it(world: World) -> None:
    await world.person("ada@example.com")
    await world.person("bob@example.com")
    await world.tell("It is broken.", severity="sev1")
    assert set((await carriers(world)).values()) == {"practice"}
