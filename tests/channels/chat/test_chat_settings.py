"""From settings to the chat channel, and what of them is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from tocsin.domain.channel import ChannelName
from tocsin.domain.chat_address import NEVER, ChatRules, Service
from tocsin.domain.errors import Refused
from tocsin.practice.chat_behaviour import chat_settings
from tocsin.practice.sampled import sampled
from tocsin.sections import Chat, Webhook
from tocsin.services.address import read_address
from tocsin.settings import Settings
from tocsin_channels.chat.channel import ChatChannel
from tocsin_channels.registry import build

HOOK = "https://hooks.slack.com/services/T0/B0/token"


def chat_of(home: Path, chat: Chat, webhook: Webhook | None = None) -> ChatChannel:
    built = build(Settings(home=home, secret=SecretStr("x" * 40), chat=chat, webhook=webhook or Webhook()))
    channel = built[ChannelName.CHAT]
    assert isinstance(channel, ChatChannel)
    return channel


async def test_webhooks_need_no_settings_and_the_bot_needs_a_token(tmp_path: Path) -> None:
    plain = chat_of(tmp_path, Chat())
    assert read_address(ChannelName.CHAT, HOOK, {ChannelName.CHAT: plain}).key == HOOK
    with pytest.raises(Refused, match="No Slack bot"):
        read_address(ChannelName.CHAT, "slack:#incidents", {ChannelName.CHAT: plain})
    assert "no Slack bot is set up" in await plain.check()
    with_bot = chat_of(tmp_path, Chat(slack_bot_token=SecretStr("xoxb-1")))
    assert read_address(ChannelName.CHAT, "slack:#Incidents", {ChannelName.CHAT: with_bot}).key == "slack:#incidents"


def test_operators_open_hosts_and_schemas(tmp_path: Path) -> None:
    channel = chat_of(tmp_path, Chat(hosts=["chat.acme.example"], apprise_schemas=["zulip"]))
    assert channel.rules.read("https://chat.acme.example/hooks/x").service is Service.SLACK_WEBHOOK
    assert channel.rules.read("apprise:zulip://bot@acme/token").service is Service.APPRISE
    for closed in ("https://other.example/hooks/x", "apprise:discord://1/2", "http://127.0.0.1:9/hooks/x"):
        with pytest.raises(Refused):
            channel.rules.read(closed)


def test_private_networks_are_opened_together_with_those_of_webhooks(tmp_path: Path) -> None:
    channel = chat_of(tmp_path, Chat(), Webhook(allow_private_networks=True))
    assert channel.rules.read("http://127.0.0.1:9/services/x").service is Service.SLACK_WEBHOOK


@pytest.mark.parametrize("schema", sorted(NEVER))
def test_settings_cannot_open_what_reaches_this_machine(schema: str) -> None:
    with pytest.raises(ValidationError, match="never opened"):
        Chat(apprise_schemas=["discord", schema])


@pytest.mark.parametrize(
    "host", ["*", "*.com/x", "https://chat.acme.example", "127.0.0.1:80", "*.", "Chat.acme.example"]
)
def test_hosts_are_written_as_names(host: str) -> None:
    with pytest.raises(ValidationError):
        Chat(hosts=[host])


def test_practice_reaches_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in chat_settings("http://127.0.0.1:2580").items():
        monkeypatch.setenv(name, value)
    chat = Settings(secret=SecretStr("x")).chat
    assert chat.is_configured
    assert chat.apprise_schemas == []
    assert (chat.slack_url, chat.teams_url) == ("http://127.0.0.1:2580", "http://127.0.0.1:2580")
    assert not Chat().is_configured


def test_a_token_is_not_shown(tmp_path: Path) -> None:
    channel = chat_of(tmp_path, Chat(slack_bot_token=SecretStr("xoxb-s3cr3t")))
    assert "xoxb-s3cr3t" not in repr(vars(channel))


def test_the_rooms_of_samples_are_written_as_they_are_kept() -> None:
    rooms = sampled(chat_settings("http://127.0.0.1:2580"))[ChannelName.CHAT]
    rules = ChatRules(has_bot=True)
    assert [rules.read(room).written for room in rooms] == rooms
