"""Slack by an incoming webhook: every update is a post of its own, since it tells no name to go on from."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tocsin.domain.channel import Accepted
from tocsin.domain.chat_address import SLACK_HOST
from tocsin_channels.chat.post import Post
from tocsin_channels.chat.slack_answers import webhook_error
from tocsin_channels.chat.wire import retry_after, translated

_OK = 200
_QUIET = logging.getLogger("tocsin.slack_sdk")
_QUIET.setLevel(logging.WARNING)


class SlackWebhook:
    """`url` stands in for Slack's own host where it is not "", and is called by `ours`; subscribers' by `theirs`."""

    def __init__(self, url: str, ours: aiohttp.ClientSession, theirs: aiohttp.ClientSession) -> None:
        self._url = url
        self._ours = ours
        self._theirs = theirs

    async def send(self, target: str, post: Post) -> Accepted:
        """Post to the webhook `target`; raise DeliveryError."""
        placed = self._placed(target)
        session = self._theirs if placed == target else self._ours
        client = AsyncWebhookClient(placed, session=session, retry_handlers=[], logger=_QUIET)
        client.proxy = None  # else the SDK takes the environment's
        with translated("Slack's webhook"):
            answer = await client.send(
                text=post.whole.text, blocks=list(post.whole.blocks), unfurl_links=False, unfurl_media=False
            )
        # A page that answers 200 to everybody is no webhook.
        if answer.status_code == _OK and answer.body.strip() == "ok":
            return Accepted(code=_OK)
        raise webhook_error(answer.body, answer.status_code, retry_after(answer.headers))

    def _placed(self, target: str) -> str:
        parts = urlsplit(target)
        return self._url + parts.path if self._url and parts.hostname == SLACK_HOST else target
