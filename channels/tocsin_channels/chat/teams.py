"""Teams by a workflow's URL: a card for every update. What becomes of it behind the 202 nobody is told."""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp

from tocsin.domain.channel import Accepted
from tocsin_channels.chat import teams_answers
from tocsin_channels.chat.post import Post
from tocsin_channels.chat.wire import retry_after, translated

_LONGEST_ANSWER = 16_384


class Teams:
    """`url` stands in for Microsoft's hosts where it is not ""."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def send(self, target: str, post: Post) -> Accepted:
        """Post to the workflow `target`; raise DeliveryError."""
        headers = {"Content-Type": "application/json"}
        with translated("The Teams workflow"):
            async with self._session.post(self._placed(target), data=post.card, headers=headers) as answer:
                body = "" if answer.status == teams_answers.ACCEPTED else await _read(answer.content)
                status, waits = answer.status, retry_after(answer.headers)
                run = answer.headers.get("x-ms-workflow-run-id", "")
        error = teams_answers.read(status, body, waits)
        if error is not None:
            raise error
        return Accepted(run[:200], code=status)

    def _placed(self, target: str) -> str:
        if not self._url:
            return target
        parts = urlsplit(target)
        return f"{self._url}{parts.path}?{parts.query}" if parts.query else self._url + parts.path


async def _read(content: aiohttp.StreamReader) -> str:
    """Return an answer's words, as many as are worth reading: they may come in pieces."""
    read = bytearray()
    while len(read) < _LONGEST_ANSWER and (piece := await content.read(_LONGEST_ANSWER - len(read))):
        read += piece
    return read.decode("utf-8", "replace")
