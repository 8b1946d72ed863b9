"""X by its API v2: a post, then replies to it, signed with OAuth 1.0a.

Identical text is refused as a duplicate, so a post whose outcome is unknown is sent again as it was: being refused
proves that it is there. Nothing in the text changes from one try to the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

import requests
import tweepy

from tocsin.domain.channel import Message
from tocsin.domain.errors import Ambiguous, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin.domain.printable import printable
from tocsin_channels.social import weigh, wire
from tocsin_channels.social.account import Account, Posted
from tocsin_channels.social.answers import Answer, Meaning, Row, read_table
from tocsin_channels.social.post import Draft, Post
from tocsin_channels.social.thread import Place, Thread
from tocsin_channels.social.wire import Heard, Wire

_NAME = "X"
_HOST = "https://api.twitter.com"  # tweepy's; ours is the account's url
_SUCCESS = 2
_OK = 200

_RENEW = "Make a new access token and secret, with Read and Write, in the developer portal and set them in [social]."
_CREDITS = "Buy credits in X's developer portal."
_RIGHTS = "Look at X's developer portal: is the app in a project, may it read and write, is the account suspended?"
_ADDRESS = "Is the X address in [social] right?"

# Sources: docs.x.com, response codes and errors; docs.x.com, rate limits; and what its users report of 402 and 403.
# The first row that fits counts. What is refused with 403 is our account's fault unless it is about this very post.
TABLE = (
    Row(400, "deleted or not visible", Meaning.THREAD_GONE),  # what we reply to is gone
    Row(400, "", GiveUp),  # the request is malformed, or the text too long
    Row(401, "", ProviderDown, _RENEW),  # keys or tokens are wrong or revoked
    Row(402, "", ProviderDown, _CREDITS),  # the prepaid credits are used up
    Row(403, "duplicate content", Meaning.ALREADY_THERE),
    Row(403, "deleted or not visible", Meaning.THREAD_GONE),
    Row(403, "needs to be a bit shorter", GiveUp),
    Row(403, "", ProviderDown, _RIGHTS),  # read-only token, app not enrolled, account locked or suspended
    Row(404, "", ProviderDown, _ADDRESS),  # no such API at this address
    Row(429, "", TooFast),  # 100 posts in 15 minutes, or the day's limit
    Row(500, "", TryAgain),
    Row(502, "", TryAgain),
    Row(503, "", TryAgain),
    Row(504, "", TryAgain),
)


class X:
    """One account; `pool` lends the threads that tweepy blocks."""

    ruler = weigh.X

    def __init__(
        self, account: Account, pool: ThreadPoolExecutor, seconds: float, now: Callable[[], float] = time.time
    ) -> None:
        self._account = account
        self._pool = pool
        self._seconds = seconds
        self._now = now

    async def post(self, post: Post, draft: Draft, thread: Thread, message: Message) -> Posted:
        del draft, message
        parent = thread.last.id if thread.last is not None else None
        posted = await wire.in_thread(self._pool, self._seconds, _NAME, partial(self._create, post.text, parent))
        if posted is not None:
            return posted
        again = await wire.in_thread(self._pool, self._seconds, _NAME, partial(self._create, post.text, None))
        if again is None:
            raise GiveUp("X says that a post is gone, of one that replies to none.")
        return Posted(again.place, "What it was to reply to is gone: this begins a new thread.", anew=True)

    async def check(self) -> str:
        return await wire.in_thread(self._pool, self._seconds, _NAME, self._who)

    async def close(self) -> None: ...

    def _create(self, text: str, parent: str | None) -> Posted | None:
        """Post, in a thread; return None where the post to reply to is gone."""
        heard = self._ask(lambda client: client.create_tweet(text=text, in_reply_to_tweet_id=parent))
        body = wire.read_json(heard.text)
        number = wire.mapping(body.get("data")).get("id")
        if heard.status // 100 == _SUCCESS and number:
            return Posted(Place(str(number)))
        if self._meaning(heard, body) is Meaning.ALREADY_THERE:
            return Posted(None, "X holds a post with this very text already, so it counts as posted.")
        return None

    def _who(self) -> str:
        heard = self._ask(lambda client: client.get_me(user_auth=True))
        body = wire.read_json(heard.text)
        handle = wire.mapping(body.get("data")).get("username")
        if heard.status // 100 == _SUCCESS and handle:
            return f"X answers as @{printable(str(handle))}"
        self._meaning(heard, body)
        raise ProviderDown("X does not say whose keys these are.")

    def _meaning(self, heard: Heard, body: dict[str, Any]) -> Meaning:
        """Return what a refusal means, or raise it."""
        status, said = heard.status, _said(heard, body)
        if status // 100 == _SUCCESS:
            if not body.get("errors"):
                raise Ambiguous(
                    f"X answered {status} and not what its API answers: {printable(heard.text)}", code=status
                )
            # A success with errors inside and no post: what they say decides, as if they were the answer.
            status = _status_inside(body)
        meaning = read_table(TABLE, Answer(status, said, self._wait(heard)), _NAME)
        if isinstance(meaning, Meaning):
            return meaning
        raise meaning

    def _ask(self, call: Callable[[Any], object]) -> Heard:
        """Return the answer to one request; raise TryAgain or Ambiguous where there is none."""
        with Wire(self._account.url, self._seconds, _HOST) as session:
            client = cast("Any", tweepy.Client)(None, *self._account.secrets, return_type=requests.Response)
            client.session = session
            try:
                call(client)
            except requests.RequestException as error:
                if session.heard is None:
                    raise wire.lost(error, _NAME) from error
            except Exception:
                if session.heard is None:
                    raise
            assert session.heard is not None
            return session.heard

    def _wait(self, heard: Heard) -> float | None:
        """Return the seconds until the limit that was reached opens again; X sends a time and no Retry-After."""
        names = ["x-rate-limit-reset"]
        if heard.headers.get("x-user-limit-24hour-remaining") == "0":
            names.insert(0, "x-user-limit-24hour-reset")
        if heard.headers.get("x-app-limit-24hour-remaining") == "0":
            names.insert(0, "x-app-limit-24hour-reset")
        reset = next((heard.headers[name] for name in names if name in heard.headers), "")
        return max(1.0, float(reset) - self._now() + 1) if reset.isascii() and reset.isdigit() else None


def _said(heard: Heard, body: dict[str, Any]) -> str:
    """Return a problem's own words: RFC 7807's detail, or the messages of v1.1."""
    problems = (body, *wire.mappings(body.get("errors")))
    words = [str(one[name]) for one in problems for name in ("title", "detail", "message") if one.get(name)]
    return " ".join(dict.fromkeys(words)) or heard.text


def _status_inside(body: dict[str, Any]) -> int:
    for problem in wire.mappings(body["errors"]):
        if isinstance(status := problem.get("status"), int):
            return status
    return _OK
