"""Addresses of chat: a Slack channel of our bot, a webhook of Slack or Teams, and, by operators, Apprise's long tail.

Webhooks come from subscribers, so they are taken only at hosts that are known to be chat services.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from tocsin.domain.errors import Refused
from tocsin.domain.reach import LONGEST_URL, Reach, read_url

SLACK: Final = "slack:"
APPRISE: Final = "apprise:"
SLACK_HOST: Final = "hooks.slack.com"
SLACK_URL: Final = "https://slack.com"

# A name, or everything below it.
_SLACK_HOSTS: Final = (SLACK_HOST, "hooks.slack-gov.com")
_TEAMS_HOSTS: Final = ("*.webhook.office.com", "*.logic.azure.com", "*.logic.azure.us", "*.powerplatform.com")
# Other services with webhooks in Slack's form (Mattermost, Rocket.Chat) have them at /hooks/.
_SLACK_PATHS: Final = ("/services/", "/hooks/")

# What Apprise calls them: chat, open unless settings say otherwise.
LONG_TAIL: Final = (
    *("discord", "gchat", "guilded", "lark", "matrix", "matrixs", "mmost", "mmosts", "nctalk", "nctalks", "ntfy"),
    *("ntfys", "revolt", "rocket", "rockets", "tgram", "twist", "wxteams", "zulip"),
)
# Those that reach this machine, or anything that speaks HTTP, are never taken.
NEVER: Final = frozenset(
    (
        *("json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises", "mailto", "mailtos", "file"),
        *("dbus", "qt", "glib", "kde", "gnome", "macosx", "windows", "syslog", "rsyslog", "mqtt", "mqtts"),
    )
)

_CHANNEL = re.compile(r"#[^\s#@,:;<>&\"'`*A-Z]{1,80}|[CGDU][A-Z0-9]{2,20}").fullmatch
_SCHEME = re.compile(r"([a-z][a-z0-9]{1,20})://[\x21-\x7e]+").fullmatch


class Service(StrEnum):
    SLACK_BOT = "slack"
    SLACK_WEBHOOK = "slack_webhook"
    TEAMS = "teams"
    APPRISE = "apprise"

    @property
    def carrier(self) -> str:
        """Return who carries what is sent there."""
        return Service.SLACK_BOT.value if self is Service.SLACK_WEBHOOK else self.value


@dataclass(frozen=True, slots=True)
class ChatAddress:
    """`target` is what the service is asked for: a channel, or a URL."""

    service: Service
    target: str

    @property
    def written(self) -> str:
        prefixes = {Service.SLACK_BOT: SLACK, Service.APPRISE: APPRISE}
        return prefixes.get(self.service, "") + self.target


def read(text: str) -> ChatAddress:
    """Return the address that `text` spells; raise Refused where it spells none."""
    text = text.strip()
    if text.startswith(SLACK):
        return _slack(text.removeprefix(SLACK))
    if text.startswith(APPRISE):
        return _apprise(text.removeprefix(APPRISE))
    if "://" not in text:
        raise _refused(
            "Give the URL of a Slack or Teams webhook (https://…), or a channel of our Slack bot: slack:#incidents."
        )
    url = read_url(text, Reach(private=True))
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not is_among(host, _SLACK_HOSTS):
        is_slacks = not is_among(host, _TEAMS_HOSTS) and parts.path.startswith(_SLACK_PATHS)
        return ChatAddress(Service.SLACK_WEBHOOK if is_slacks else Service.TEAMS, url)
    if not parts.path.startswith("/services/"):
        raise _refused("Slack's incoming webhooks begin with https://hooks.slack.com/services/. This is none.")
    return ChatAddress(Service.SLACK_WEBHOOK, url)


@dataclass(frozen=True, slots=True)
class ChatRules:
    """Which addresses this installation writes to.

    `hosts` are webhooks' beside those of Slack and Teams ("chat.acme.example", "*.acme.example"); where `reach` is
    private, any is taken. `schemas` are Apprise's.
    """

    has_bot: bool = False
    hosts: tuple[str, ...] = ()
    schemas: frozenset[str] = frozenset()
    reach: Reach = field(default_factory=Reach)

    def read(self, text: str) -> ChatAddress:
        """Return the address that `text` names; raise Refused where this installation does not write to it."""
        address = read(text)
        match address.service:
            case Service.SLACK_BOT:
                self._check_bot()
            case Service.APPRISE:
                self._check_schema(address.target)
            case Service.SLACK_WEBHOOK | Service.TEAMS:
                self._check_host(address.target)
        return address

    def _check_bot(self) -> None:
        if not self.has_bot:
            raise _refused(
                "No Slack bot is set up here (chat.slack_bot_token). Give the URL of an incoming webhook instead."
            )

    def _check_schema(self, url: str) -> None:
        schema = url.partition("://")[0]
        open_ones = self.schemas - NEVER
        if schema not in open_ones:
            raise _refused(
                f"{schema}:// is not open here. Open by chat.apprise_schemas: {', '.join(sorted(open_ones)) or 'none'}."
            )

    def _check_host(self, url: str) -> None:
        parts = urlsplit(read_url(url, self.reach))
        host = parts.hostname or ""
        if self.reach.private or (self.reach.practice and parts.netloc == self.reach.practice):
            return
        if not is_among(host, (*_SLACK_HOSTS, *_TEAMS_HOSTS, *self.hosts)):
            raise _refused(
                f"{host} is not known as a chat service. Taken are webhooks of Slack and Teams, and those at the hosts "
                "that an operator names in chat.hosts."
            )


def is_among(host: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether `host` is one of `patterns`, of which "*.acme.example" means everything below it."""
    return any(host.endswith(one[1:]) if one.startswith("*.") else host == one for one in patterns)


def _slack(channel: str) -> ChatAddress:
    name = channel.lower() if channel.startswith("#") else channel.upper()
    if not _CHANNEL(name):
        raise _refused("Name a Slack channel like slack:#incidents, or by its ID like slack:C0123456789.")
    return ChatAddress(Service.SLACK_BOT, name)


def _apprise(url: str) -> ChatAddress:
    if not _SCHEME(url) or len(url) > LONGEST_URL:
        raise _refused("Give Apprise's URL behind the colon: apprise:discord://webhook_id/webhook_token.")
    return ChatAddress(Service.APPRISE, url)


def _refused(message: str) -> Refused:
    return Refused(message, field="address")
