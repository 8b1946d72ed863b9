"""The one list of channels: from settings to the ways out that are configured."""

from __future__ import annotations

import structlog

from tocsin.domain.channel import Channel, ChannelName
from tocsin.domain.reach import Reach
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings, config_directory
from tocsin_channels.email.channel import EmailChannel
from tocsin_channels.email.server import Patience, Server
from tocsin_channels.status_page.channel import StatusPageChannel
from tocsin_channels.webhook.channel import WebhookChannel

log = structlog.get_logger()

PRACTICE_BOUNCES = "bounces.localhost"  # where the practice server's bounces come back to


def build(settings: Settings) -> dict[ChannelName, Channel]:
    """Return every channel that is configured; the status page and webhooks, which need no account, always are."""
    channels: list[Channel] = [StatusPageChannel(settings.page_directory), _webhook(settings)]
    if settings.email.smtp_url:
        channels.append(_email(settings))
    return {channel.name: channel for channel in channels}


def _email(settings: Settings) -> EmailChannel:
    email = settings.email
    return EmailChannel(
        server=Server.parse(email.smtp_url, email.starttls),
        sender=email.from_,
        templates=config_directory() / "templates" / "email",
        receipt_token=receipt_token(settings),
        bounce_domain=email.bounce_domain or (PRACTICE_BOUNCES if settings.practice else ""),
        connections=email.connections,
        patience=Patience(command=email.timeout_seconds, dot=email.timeout_seconds),
    )


def reach(settings: Settings) -> Reach:
    """Return where calls to addresses that subscribers gave us may go."""
    webhook = settings.webhook
    if webhook.allow_private_networks:
        log.warning("webhook.private_networks_allowed", why="webhook.allow_private_networks, for tests alone")
    return Reach(frozenset(webhook.ports), webhook.allow_private_networks, webhook.practice_host)


def _webhook(settings: Settings) -> WebhookChannel:
    return WebhookChannel(reach(settings), settings.webhook.timeout_seconds, settings.webhook.connections)


def receipt_token(settings: Settings) -> str:
    """Return what whoever posts bounces must know; the practice server needs none to be set."""
    token = settings.email.receipt_token.get_secret_value()
    if token or not settings.practice:
        return token
    return Signer(settings.secret.get_secret_value(), "receipts").make(0)
