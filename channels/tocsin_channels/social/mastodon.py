"""Mastodon, and whatever speaks its API: a status, then replies to it.

The Idempotency-Key is the message's id, so a status whose outcome is unknown is sent again as it was: the instance
answers with the one that it has (for an hour).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

from mastodon import Mastodon as Client

from tocsin.domain.channel import Message
from tocsin.domain.errors import Ambiguous, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin.domain.printable import printable
from tocsin_channels.social import weigh, wire
from tocsin_channels.social.account import Account, Posted
from tocsin_channels.social.answers import Answer, Meaning, Row, read_table
from tocsin_channels.social.post import Draft, Post
from tocsin_channels.social.thread import Place, Thread
from tocsin_channels.social.wire import Heard, Wire

_NAME = "Mastodon"
_SUCCESS = 2

_RENEW = "Make a new access token on the instance (Preferences, Development) and set it as social.account.token."
_RIGHTS = "Does the token have the scope write:statuses, and is the account suspended? Ask the instance's moderators."
_GONE = "The instance is gone: take its account out of [social]."

# Sources: docs.joinmastodon.org, methods/statuses, and api/rate-limits. The first row that fits counts.
TABLE = (
    Row(401, "", ProviderDown, _RENEW),  # the token is wrong, revoked, or the account is disabled
    Row(403, "", ProviderDown, _RIGHTS),  # the token lacks write:statuses, or the account is suspended
    Row(404, "", Meaning.THREAD_GONE),  # what we reply to does not exist
    Row(410, "", ProviderDown, _GONE),  # the instance is gone
    Row(413, "", GiveUp),
    Row(422, "", GiveUp),  # the text is too long or empty
    Row(429, "", TooFast),  # 300 requests in 5 minutes
    Row(500, "", TryAgain),
    Row(502, "", TryAgain),
    Row(503, "", TryAgain),
    Row(504, "", TryAgain),
)


class Mastodon:
    """One account; `pool` lends the threads that the library blocks."""

    ruler = weigh.MASTODON

    def __init__(
        self, account: Account, pool: ThreadPoolExecutor, seconds: float, now: Callable[[], float] = time.time
    ) -> None:
        self._account = account
        self._pool = pool
        self._seconds = seconds
        self._now = now

    async def post(self, post: Post, draft: Draft, thread: Thread, message: Message) -> Posted:
        parent = thread.last.id if thread.last is not None else None
        language = draft.locale.partition("-")[0].lower() or None
        create = partial(self._create, post.text, language, message.id)
        place = await wire.in_thread(self._pool, self._seconds, _NAME, partial(create, parent))
        if place is not None:
            return Posted(place)
        place = await wire.in_thread(self._pool, self._seconds, _NAME, partial(create, None))
        if place is None:
            raise ProviderDown("This instance has no API to post at: is social.account.url right?", code=404)
        return Posted(place, "What it was to reply to is gone: this begins a new thread.", anew=True)

    async def check(self) -> str:
        return await wire.in_thread(self._pool, self._seconds, _NAME, self._who)

    async def close(self) -> None: ...

    def _create(self, text: str, language: str | None, key: str, parent: str | None) -> Place | None:
        """Post, in a thread; return None where the status to reply to is gone."""
        heard = self._ask(
            lambda client: client.status_post(
                text, in_reply_to_id=parent, visibility="public", language=language, idempotency_key=key
            )
        )
        number = wire.read_json(heard.text).get("id")
        if heard.status // 100 == _SUCCESS and number:
            return Place(str(number))
        self._refuse(heard)
        return None

    def _who(self) -> str:
        heard = self._ask(lambda client: client.account_verify_credentials())
        handle = wire.read_json(heard.text).get("acct")
        if heard.status // 100 == _SUCCESS and handle:
            return f"{self._account.url} answers as @{printable(str(handle))}"
        self._refuse(heard)
        raise ProviderDown("This instance has no Mastodon API: is social.account.url right?", code=404)

    def _refuse(self, heard: Heard) -> None:
        """Raise what a refusal means; return where the status to reply to is gone."""
        body = wire.read_json(heard.text)
        said = str(body.get("error_description") or body.get("error") or heard.text)
        if heard.status // 100 == _SUCCESS and "error" not in body:
            raise Ambiguous(f"Mastodon answered {heard.status} and no status: {printable(said)}", code=heard.status)
        meaning = read_table(TABLE, Answer(heard.status, said, self._wait(heard)), _NAME)
        if not isinstance(meaning, Meaning):
            raise meaning

    def _ask(self, call: Callable[[Client], object]) -> Heard:
        """Return the answer to one request; raise TryAgain or Ambiguous where there is none."""
        with Wire(self._account.url, self._seconds) as session:
            client = Client(
                access_token=self._account.secrets[0],
                api_base_url=self._account.url,
                ratelimit_method="throw",
                request_timeout=self._seconds,
                session=session,
                user_agent="tocsin",
            )
            try:
                call(client)
            except Exception as error:
                # The library wraps what came of the connection, and fails on answers that we can read.
                if session.heard is None:
                    raise wire.lost(error, _NAME) from error
            assert session.heard is not None
            return session.heard

    def _wait(self, heard: Heard) -> float | None:
        """Return the seconds until the limit that was reached opens again: a time in RFC 3339."""
        reset: Any = heard.headers.get("x-ratelimit-reset", "")
        try:
            return max(1.0, datetime.fromisoformat(reset).timestamp() - self._now())
        except ValueError:
            return None
