"""Bluesky, and any other server of the AT Protocol: a record, then records that reply to it.

We name the record ourselves, by the time of the update and the message, so a post whose outcome is unknown is sent
again as it was: the server refuses to make it twice, and shows the one that is there.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import httpx

from tocsin.domain.channel import Message
from tocsin.domain.errors import Ambiguous, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin.domain.printable import printable
from tocsin_channels.social import weigh
from tocsin_channels.social.account import Account, Posted
from tocsin_channels.social.answers import Answer, Meaning, Row, read_table
from tocsin_channels.social.post import Draft, Post
from tocsin_channels.social.thread import Place, Thread

_NAME = "Bluesky"
_COLLECTION = "app.bsky.feed.post"
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)

_SIGN_IN = "Make an app password under Settings, Privacy and security and set it as social.account.token."
_TAKEN_DOWN = "The account is suspended or taken down: ask Bluesky's moderators."
_ADDRESS = "Is social.account.url right?"

# Sources: atproto.com/specs/xrpc, the lexicons of com.atproto.server.createSession and com.atproto.repo.createRecord,
# docs.bsky.app, rate limits. The first row that fits counts; of the last ones we look first whether the post is there,
# since a server answers 500 where it is (atproto issue 3718).
TABLE = (
    Row(400, "expiredtoken", Meaning.SIGN_IN_AGAIN),
    Row(400, "invalidtoken", Meaning.SIGN_IN_AGAIN),
    Row(401, "authfactortokenrequired", ProviderDown, _SIGN_IN),  # an app password is wanted, not the account's own
    Row(401, "accounttakedown", ProviderDown, _TAKEN_DOWN),
    Row(401, "", Meaning.SIGN_IN_AGAIN),
    Row(403, "", ProviderDown, _TAKEN_DOWN),
    Row(404, "", ProviderDown, _ADDRESS),  # no such server at this address
    Row(413, "", GiveUp),
    Row(429, "", TooFast),
    Row(501, "", ProviderDown, _ADDRESS),  # a server of another kind
    Row(400, "", GiveUp),
    Row(409, "", TryAgain),
    Row(500, "", TryAgain),
    Row(502, "", TryAgain),
    Row(503, "", TryAgain),
    Row(504, "", TryAgain),
)
_MAY_BE_THERE = {400, 409, 500, 502, 503, 504}


class Bluesky:
    """One account; its session is opened when it is first used and kept."""

    ruler = weigh.BLUESKY

    def __init__(self, account: Account, seconds: float) -> None:
        self._account = account
        self._handle = account.address.partition(":")[2]
        self._seconds = seconds
        self._signing_in = asyncio.Lock()
        self._client: Any = None
        self._requests: Any = None

    async def post(self, post: Post, draft: Draft, thread: Thread, message: Message) -> Posted:
        library = await _library()
        models = library.models
        key = record_key(draft.at, message.id)
        record = models.AppBskyFeedPost.Record(
            created_at=draft.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            text=post.text,
            langs=[draft.locale],
            facets=_facets(models, post) or None,
            reply=_reply(models, thread),
        )
        wanted = models.ComAtprotoRepoCreateRecord.Data(
            collection=_COLLECTION, repo=self._handle, rkey=key, record=record
        )
        try:
            made = await self._signed_in(lambda client: client.com.atproto.repo.create_record(wanted))
        except DeliveryError as refused:
            if refused.code not in _MAY_BE_THERE or (place := await self._find(models, key)) is None:
                raise
            return Posted(place, "Bluesky holds this very post already, so it counts as posted.")
        return Posted(Place(str(made.uri), str(made.cid)))

    async def check(self) -> str:
        await self._signed_in(lambda client: client.com.atproto.server.get_session())
        return f"{self._account.url} answers as @{self._handle}"

    async def close(self) -> None:
        if self._requests is not None:
            await self._requests.close()

    async def _find(self, models: Any, key: str) -> Place | None:
        wanted = models.ComAtprotoRepoGetRecord.Params(collection=_COLLECTION, repo=self._handle, rkey=key)
        try:
            found = await self._signed_in(lambda client: client.com.atproto.repo.get_record(wanted))
        except DeliveryError:
            return None
        return Place(str(found.uri), str(found.cid)) if found.cid else None

    async def _signed_in(self, call: Callable[[Any], Awaitable[Any]]) -> Any:
        """Return what `call` returns with a session, a new one where the old one has ended."""
        library = await _library()
        kept = self._client is not None
        client = await self._open(library)
        meaning = await self._call(lambda: call(client))
        if meaning is Meaning.SIGN_IN_AGAIN and kept:
            self._client = None
            client = await self._open(library)
            meaning = await self._call(lambda: call(client))
        if isinstance(meaning, Meaning):
            raise ProviderDown("Bluesky does not take the session that it has just given.", code=401)
        return meaning

    async def _open(self, library: Any) -> Any:
        async with self._signing_in:
            if self._client is None:
                await self.close()
                self._requests = import_module("atproto_client.request").AsyncRequest(timeout=self._seconds)
                client = library.AsyncClient(self._account.url, request=self._requests)
                password = self._account.secrets[0]
                signed = await self._call(lambda: client.login(self._handle, password, fetch_bsky_profile=False))
                if isinstance(signed, Meaning):
                    raise ProviderDown(f"Bluesky does not let {self._handle} sign in. {_SIGN_IN}", code=401)
                self._client = client
            return self._client

    async def _call(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Return the answer to one request, or SIGN_IN_AGAIN; raise the error that a refusal means."""
        exceptions: Any = import_module("atproto_client.exceptions")
        try:
            return await call()
        except exceptions.RequestErrorBase as error:
            if error.response is None:
                raise _lost(error.__cause__ or error) from error
            meaning = read_table(TABLE, _answer(error), _NAME)
            if isinstance(meaning, Meaning):
                return meaning
            raise meaning from error
        except httpx.HTTPError as error:
            raise _lost(error) from error
        except (exceptions.AtProtocolError, ValueError) as error:
            # It answered with a success, and that is no record.
            raise Ambiguous(f"Bluesky's answer cannot be read: {printable(str(error))}") from error


async def _library() -> Any:
    """Return the library, imported where it is first needed and beside the loop: its models take a second."""
    return await asyncio.to_thread(import_module, "atproto_client")


def record_key(at: datetime, message: str) -> str:
    """Return the record's key: a TID (atproto.com/specs/tid), of the time in microseconds and ten bits of our own."""
    own = int.from_bytes(hashlib.sha256(message.encode()).digest()[:2], "big") & 0x3FF
    number = (int(at.timestamp() * 1_000_000) << 10) | own
    return "".join(_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))


def _facets(models: Any, post: Post) -> list[Any]:
    """Return what makes links of the links' places, which count in bytes."""
    if not post.links:
        return []
    facet = models.AppBskyRichtextFacet
    # The longest first: one may be the beginning of another.
    links = b"|".join(re.escape(link.encode()) for link in sorted(post.links, key=len, reverse=True))
    return [
        facet.Main(
            index=facet.ByteSlice(byte_start=found.start(), byte_end=found.end()),
            features=[facet.Link(uri=found[0].decode())],
        )
        for found in re.finditer(links, post.text.encode())
    ]


def _reply(models: Any, thread: Thread) -> Any:
    if thread.root is None or thread.last is None:
        return None
    root, parent = (
        models.ComAtprotoRepoStrongRef.Main(uri=place.id, cid=place.seal) for place in (thread.root, thread.last)
    )
    return models.AppBskyFeedPost.ReplyRef(root=root, parent=parent)


def _answer(error: Any) -> Answer:
    content = error.response.content
    if isinstance(content, bytes):
        said = content.decode("utf-8", "replace")
    else:
        said = f"{content.error} {content.message or ''}"
    headers = error.response.headers
    reset = str(headers.get("ratelimit-reset", ""))
    after = str(headers.get("retry-after", ""))
    wait: float | None = None
    if after.isascii() and after.isdigit():
        wait = float(after)
    elif reset.isascii() and reset.isdigit():
        wait = max(1.0, float(reset) - datetime.now(UTC).timestamp())
    return Answer(error.response.status_code, said, wait)


def _lost(error: BaseException) -> DeliveryError:
    name = type(error).__name__
    if isinstance(error, _UNSENT):
        return TryAgain(f"Bluesky cannot be reached: {name}.")
    return Ambiguous(f"The connection to Bluesky ended without an answer: {name}.")
