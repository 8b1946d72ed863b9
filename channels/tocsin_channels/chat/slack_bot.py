"""Slack by our bot: an incident is a thread, and its first post always says how things stand now."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from tocsin.domain.channel import Accepted, Message
from tocsin.domain.errors import AddressDead, AskAgain, DeliveryError, GiveUp, ProviderDown, TryAgain
from tocsin_channels.chat.blocks import SlackWords
from tocsin_channels.chat.post import Post
from tocsin_channels.chat.slack_answers import API, THREAD_GONE, api_error
from tocsin_channels.chat.wire import retry_after, translated

log = structlog.get_logger()

_WHO = "Slack"
_EVENT = "tocsin_update"
# How far back, and among how many posts, a message is looked for that may have arrived: it is tried for a day.
_LOOK_BACK_SECONDS = 86_400
_LOOK_AT = 100
# Channels are listed by name, in pages: those that everybody sees first, since fewer bots may see the others.
_KINDS = ("public_channel", "private_channel")
_A_PAGE = 999
_MOST_PAGES = 10
_FOUND = "It had arrived: it was found in the channel's history."
# The SDK would log bodies and URLs wherever its logger's own level is not set.
_QUIET = logging.getLogger("tocsin.slack_sdk")
_QUIET.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a thread's first post is; written "C0123456789:1763761234.000100"."""

    channel: str
    ts: str

    @classmethod
    def parse(cls, text: str) -> Thread | None:
        channel, _, ts = text.partition(":")
        return cls(channel, ts) if channel and ts else None

    def __str__(self) -> str:
        return f"{self.channel}:{self.ts}"


class SlackBot:
    """Posts with `token` to the Web API at `url`."""

    def __init__(self, url: str, token: str, session: aiohttp.ClientSession) -> None:
        # An empty list: a retry of the SDK's own could post twice, and would sleep in our loop's stead.
        self._client = AsyncWebClient(token, f"{url}/api/", session=session, retry_handlers=[], logger=_QUIET)
        self._client.proxy = None  # else the SDK takes the environment's

    async def send(self, channel: str, message: Message, post: Post) -> Accepted:
        """Begin a thread in `channel`, or go on in the one that there is; raise DeliveryError."""
        thread = Thread.parse(message.thread)
        if message.again and (found := await self._found(channel, message, thread)) is not None:
            note = await self._edit(thread, post.first) if thread else ""
            return Accepted(str(found), note=f"{_FOUND} {note}".strip(), thread=str(thread or found))
        if thread is None:
            return await self._begin(channel, message, post)
        try:
            ts = await self._post(thread.channel, message, post.reply, thread_ts=thread.ts, broadcast=post.broadcast)
        except _Refused as refused:
            if refused.error not in THREAD_GONE:
                raise refused.meaning from refused
            return await self._begin(channel, message, post)
        note = await self._edit(thread, post.first)
        return Accepted(f"{thread.channel}:{ts.ts}", note=note, thread=str(thread))

    async def check(self) -> str:
        """Return who we are to Slack; raise DeliveryError with what to mend."""
        answer = await self._call(lambda: self._client.auth_test())  # noqa: PLW0108 - its own keywords are untyped
        return f"Slack knows us as {answer.get('user', 'a bot')} in {answer.get('team', 'a workspace')}."

    async def _found(self, channel: str, message: Message, thread: Thread | None) -> Thread | None:
        """Look for a message that may have arrived; None where it did not, or where we may not look.

        Raise AskAgain where Slack cannot be asked at present.
        """
        method = "conversations.replies" if thread else "conversations.history"
        try:
            room = thread.channel if thread else await self._id_of(channel)
            if not room:
                return None
            told = await self._read(
                method,
                {
                    **({"ts": thread.ts} if thread else {}),
                    "channel": room,
                    "oldest": f"{time.time() - _LOOK_BACK_SECONDS:.6f}",
                    "limit": _LOOK_AT,
                    "include_all_metadata": True,
                },
            )
        except DeliveryError as error:
            log.info("slack.history_not_read", error=error.note)
            if isinstance(error, ProviderDown | GiveUp | AddressDead):  # our app may not, and asking again won't help
                return None
            raise AskAgain.because(error) from error
        ours = (one for one in told.get("messages", ()) if _message_id(one) == message.id)
        return next((Thread(room, str(one["ts"])) for one in ours), None)

    async def _id_of(self, channel: str) -> str:
        """Return the ID of a channel, since history is told by that alone; "" where we see none of that name."""
        if not channel.startswith("#"):
            return channel
        for kind in _KINDS:
            cursor = ""
            for _ in range(_MOST_PAGES):
                asked = {"types": kind, "exclude_archived": True, "limit": _A_PAGE, "cursor": cursor}
                told = await self._read("conversations.list", asked)
                named = (one for one in told.get("channels", ()) if one.get("name") == channel[1:])
                if (found := next(named, None)) is not None:
                    return str(found["id"])
                more: Mapping[str, Any] = told.get("response_metadata") or {}
                cursor = str(more.get("next_cursor") or "")
                if not cursor:
                    break
        return ""

    async def _read(self, method: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._call(lambda: self._client.api_call(method, http_verb="GET", params=dict(asked)))

    async def _begin(self, channel: str, message: Message, post: Post) -> Accepted:
        try:
            thread = await self._post(channel, message, post.first)
        except _Refused as refused:
            raise refused.meaning from refused
        return Accepted(str(thread), thread=str(thread))

    async def _post(
        self,
        channel: str,
        message: Message,
        words: SlackWords,
        thread_ts: str | None = None,
        *,
        broadcast: bool = False,
    ) -> Thread:
        answer = await self._asked(
            lambda: self._client.chat_postMessage(
                channel=channel,
                text=words.text,
                blocks=list(words.blocks),
                thread_ts=thread_ts,
                reply_broadcast=True if broadcast and thread_ts else None,
                metadata={
                    "event_type": _EVENT,
                    "event_payload": {"delivery": message.delivery, "message": message.id},
                },
                unfurl_links=False,
                unfurl_media=False,
                link_names=False,
                parse="none",
            )
        )
        return Thread(str(answer.get("channel", channel)), str(answer.get("ts", "")))

    async def _edit(self, thread: Thread, words: SlackWords) -> str:
        """Bring the first post up to date; return a note where it stays as it was. The update itself is out."""
        try:
            await self._call(
                lambda: self._client.chat_update(
                    channel=thread.channel, ts=thread.ts, text=words.text, blocks=list(words.blocks), parse="none"
                )
            )
        except DeliveryError as error:
            log.info("slack.first_post_not_edited", error=error.note)
            return f"The thread's first post still says what it said before: {error.note}"
        return ""

    async def _call(self, ask: Callable[[], Awaitable[AsyncSlackResponse]]) -> Mapping[str, Any]:
        try:
            return await self._asked(ask)
        except _Refused as refused:
            raise refused.meaning from refused

    async def _asked(self, ask: Callable[[], Awaitable[AsyncSlackResponse]]) -> Mapping[str, Any]:
        """Return what Slack answered; raise _Refused where it said no."""
        with translated(_WHO):
            try:
                answer = await ask()
            except SlackApiError as error:
                raise _refusal(error) from error
            # A page of somebody else's, a list, a bare text: the SDK does not expect those.
            except (SlackClientError, AttributeError, ValueError) as error:
                raise TryAgain("Slack's answer cannot be read. Does something stand between us?") from error
        return cast("Mapping[str, Any]", answer.data)


class _Refused(Exception):
    """Slack said no; `error` is its code, `meaning` what to do next."""

    def __init__(self, error: str, meaning: DeliveryError) -> None:
        super().__init__(error)
        self.error = error
        self.meaning = meaning


def _message_id(post: Mapping[str, Any]) -> str:
    match post:
        case {"metadata": {"event_payload": {"message": str(message)}}}:
            return message
        case _:
            return ""


def _refusal(error: SlackApiError) -> _Refused:
    response: Any = error.response
    data = getattr(response, "data", None)
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    code = str(cast("dict[str, Any]", data).get("error", "")) if isinstance(data, dict) else ""
    if code not in API and not code.isidentifier():
        code = ""
    return _Refused(code, api_error(code[:80], status, retry_after(getattr(response, "headers", None) or {})))
