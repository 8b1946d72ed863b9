"""The one list of channels: from settings to the ways out that are configured."""

from __future__ import annotations

from collections import Counter
from email.utils import parseaddr

import structlog
from pydantic import SecretStr

from tocsin.domain.channel import Channel, ChannelName, providers_of
from tocsin.domain.chat_address import SLACK_URL, ChatRules
from tocsin.domain.errors import Refused
from tocsin.domain.reach import Reach
from tocsin.domain.social import Network, read_account
from tocsin.settings import Settings, read_policy_file
from tocsin_channels.chat.channel import ChatChannel, Services
from tocsin_channels.push.channel import PushChannel
from tocsin_channels.push.vapid import Vapid
from tocsin_channels.registry_email import email_channel
from tocsin_channels.registry_pace import post_rates, room_rates
from tocsin_channels.registry_sms import sms_channel
from tocsin_channels.registry_words import read_words
from tocsin_channels.social.account import X_URL, Account, make_account
from tocsin_channels.social.channel import SocialChannel
from tocsin_channels.social.thread import Restraint
from tocsin_channels.status_page.channel import StatusPageChannel
from tocsin_channels.webhook.channel import WebhookChannel

log = structlog.get_logger()


def build(settings: Settings) -> dict[ChannelName, Channel]:
    """Return every channel that is configured; the page, webhooks and chat, which need no account, always are."""
    called = reach(settings)
    channels: list[Channel] = [
        StatusPageChannel(settings.page_directory),
        _webhook(settings, called),
        _chat(settings, called),
    ]
    if settings.email.is_configured:
        channels.append(email_channel(settings))
    if settings.sms.is_configured:
        channels.append(sms_channel(settings))
    if settings.push.private_key.get_secret_value():
        channels.append(_push(settings, called))
    if social := social_accounts(settings):
        channels.append(_social(settings, social))
    _refuse_namesakes(channels)
    return {channel.name: channel for channel in channels}


def _refuse_namesakes(channels: list[Channel]) -> None:
    """Their receipts could not be told apart."""
    names = [name for channel in channels for name in providers_of(channel)]
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise Refused(f"Two providers are called {twice[0]}. Give one of them another name in config/tocsin.toml.")


def reach(settings: Settings) -> Reach:
    """Return where calls to addresses that subscribers gave us may go."""
    webhook = settings.webhook
    if webhook.allow_private_networks:
        log.warning("webhook.private_networks_allowed", why="webhook.allow_private_networks, for tests alone")
    return Reach(frozenset(webhook.ports), webhook.allow_private_networks, webhook.practice_host)


def _webhook(settings: Settings, reach: Reach) -> WebhookChannel:
    return WebhookChannel(reach, settings.webhook.timeout_seconds, settings.webhook.connections)


def _push(settings: Settings, reach: Reach) -> PushChannel:
    push = settings.push
    vapid = Vapid(push.private_key.get_secret_value(), push.contact or _contact(settings))
    return PushChannel(vapid, reach, read_words().wording[ChannelName.PUSH], push.timeout_seconds, push.connections)


def _contact(settings: Settings) -> str:
    """Return whom push services may write to where nobody says."""
    if settings.url.startswith("https://"):
        return settings.url
    return f"mailto:{parseaddr(settings.email.from_)[1]}"


def _chat(settings: Settings, reach: Reach) -> ChatChannel:
    chat = settings.chat
    token = chat.slack_bot_token.get_secret_value()
    rules = ChatRules(
        has_bot=bool(token),
        hosts=tuple(chat.hosts),
        schemas=frozenset(chat.apprise_schemas),
        reach=reach,
    )
    slack = chat.slack_url.rstrip("/")
    services = Services("" if slack == SLACK_URL else slack, token, chat.teams_url.rstrip("/"), chat.timeout_seconds)
    return ChatChannel(rules, services, read_words().wording[ChannelName.CHAT], room_rates(chat))


def social_accounts(settings: Settings) -> list[Account]:
    """Return the accounts on social networks that are configured, the flat one on X first."""
    social = settings.social
    widest = str(read_policy_file()["audiences"][-1])
    found: list[Account] = []
    keys = (social.x_consumer_key, social.x_consumer_secret, social.x_access_token, social.x_access_secret)
    if social.x_consumer_key.get_secret_value():
        address = read_account(f"x:{social.x_account}")[1] if social.x_account else "x:"
        rates = post_rates(social, Network.X, is_usual=social.x_url.rstrip("/") == X_URL)
        found.append(make_account(Network.X, address, social.x_url, widest, _told(*keys), rates))
    for one in social.account:
        network, address = read_account(one.address)
        keys = (one.consumer_key, one.consumer_secret, one.access_token, one.access_secret)
        secrets = _told(*keys) if network is Network.X else _told(one.token)
        rates = post_rates(social, network, is_usual=not one.url)
        found.append(make_account(network, address, one.url, one.audience or widest, secrets, rates))
    return found


def _told(*secrets: SecretStr) -> tuple[str, ...]:
    return tuple(secret.get_secret_value() for secret in secrets)


def _social(settings: Settings, accounts: list[Account]) -> SocialChannel:
    social = settings.social
    wording = read_words().wording[ChannelName.SOCIAL]
    restraint = Restraint(social.gap_seconds, social.most_posts)
    return SocialChannel(accounts, wording, social.link, restraint, social.timeout_seconds)
