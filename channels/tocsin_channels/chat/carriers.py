"""What carries messages in one process: the sessions, and one carrier a service."""

from __future__ import annotations

from tocsin.domain.channel import Accepted, Message
from tocsin.domain.chat_address import ChatAddress, Service
from tocsin.domain.errors import ProviderDown
from tocsin.domain.reach import Reach
from tocsin_channels.chat.channel import Services
from tocsin_channels.chat.long_tail import LongTail
from tocsin_channels.chat.post import Post
from tocsin_channels.chat.slack_bot import SlackBot
from tocsin_channels.chat.slack_webhook import SlackWebhook
from tocsin_channels.chat.teams import Teams
from tocsin_channels.chat.wire import open_session

SLACK = "https://slack.com"


class Carriers:
    """Make it within the event loop that it is to work in."""

    def __init__(self, services: Services, reach: Reach) -> None:
        self._ours = open_session(services.seconds, None)
        self._theirs = open_session(services.seconds, reach)
        token = services.slack_token
        self._bot = SlackBot(services.slack_url or SLACK, token, self._ours) if token else None
        self._webhook = SlackWebhook(services.slack_url, self._ours, self._theirs)
        self._teams = Teams(services.teams_url, self._ours if services.teams_url else self._theirs)
        self._long_tail = LongTail(services.seconds)

    async def send(self, to: ChatAddress, message: Message, post: Post) -> Accepted:
        """Hand one message over; raise DeliveryError."""
        match to.service:
            case Service.SLACK_BOT:
                return await self._slack.send(to.target, message, post)
            case Service.SLACK_WEBHOOK:
                return await self._webhook.send(to.target, post)
            case Service.TEAMS:
                return await self._teams.send(to.target, post)
            case Service.APPRISE:
                return await self._long_tail.send(to.target, post)

    async def check(self) -> str:
        return await self._slack.check()

    async def close(self) -> None:
        await self._ours.close()
        await self._theirs.close()
        self._long_tail.close()

    @property
    def _slack(self) -> SlackBot:
        if self._bot is None:
            raise ProviderDown("No Slack bot is set up here. Set chat.slack_bot_token.")
        return self._bot
