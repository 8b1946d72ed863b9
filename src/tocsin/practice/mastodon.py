"""A Mastodon instance to practise on: POST /api/v1/statuses with Idempotency-Key, and verify_credentials.

Source: docs.joinmastodon.org (methods/statuses, methods/accounts, api/rate-limits).
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from aiohttp import web

from tocsin.practice import social_behaviour as known
from tocsin.practice import social_stage as stage
from tocsin.practice.social_log import New, Posts
from tocsin_channels.social import weigh

_LIMIT: Final = 300
_WINDOW: Final = 300
_FIRST_ID: Final = 115_000_000_000_000_000
_ERRORS: Final = {
    401: "The access token is invalid",
    402: "Payment required",
    403: "Your login is currently disabled",
    404: "Record not found",
    422: "Validation failed: Text character limit of 500 exceeded",
    429: "Too many requests",
    503: "Remote SSL certificate could not be verified",
}


class PracticeMastodon:
    """Keeps what it posts in `outbox`, committed before it answers."""

    def __init__(self, outbox: Path) -> None:
        self._posts = Posts(outbox)

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/api/v1/statuses", self._create)
        app.router.add_get("/api/v1/accounts/verify_credentials", self._who)

    async def close(self) -> None:
        self._posts.close()

    async def _who(self, request: web.Request) -> web.Response:
        name = _name(request)
        if not name:
            return web.json_response({"error": _ERRORS[401]}, status=401)
        return web.json_response({"id": "1", "username": name, "acct": name, "display_name": name.title()})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        form = await request.post()
        text, parent = str(form.get("status", "")), str(form.get("in_reply_to_id", ""))
        key = request.headers.get("Idempotency-Key", "")
        name = _name(request)
        links = " ".join(re.findall(r"https?://[^\s()]*[\w/=#&~-]", text))
        new = New("mastodon", name or "?", text, parent, key, links, stage.plain(request.headers), body)
        if status := stage.refusal(self._posts, new) if name else 401:
            return self._refuse(new, status)
        if response := await stage.instead(self._posts, new, {"error": "An unexpected error occurred"}):
            return response
        if key and (number := self._posts.post_of("mastodon", name, key)):
            self._posts.keep(new, "200, known by its key")
            return web.json_response(self._status(number, new), headers=self._limits(name))
        if not text or not weigh.MASTODON.fits(text):
            return self._refuse(new, 422)
        if parent and not self._posts.has_post("mastodon", parent):
            return self._refuse(new, 404)
        number = str(_FIRST_ID + self._posts.next_number())
        self._posts.keep(new, "200", number)
        response = web.json_response(self._status(number, new), headers=self._limits(name))
        return await stage.answered(request, name, response)

    def _status(self, number: str, new: New) -> dict[str, object]:
        return {
            "id": number,
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "in_reply_to_id": new.reply_to or None,
            "visibility": "public",
            "uri": f"https://example.social/users/{new.account}/statuses/{number}",
            "url": f"https://example.social/@{new.account}/{number}",
            "content": f"<p>{new.text}</p>",
            "account": {"id": "1", "username": new.account, "acct": new.account},
            "media_attachments": [],
            "mentions": [],
            "tags": [],
            "emojis": [],
        }

    def _refuse(self, new: New, status: int) -> web.Response:
        self._posts.keep(new, str(status))
        headers = self._limits(new.account, opens=stage.OPENS_SECONDS if status == 429 else _WINDOW)  # noqa: PLR2004
        return web.json_response({"error": _ERRORS[status]}, status=status, headers=headers)

    def _limits(self, name: str, opens: int = _WINDOW) -> dict[str, str]:
        left = max(0, _LIMIT - self._posts.made_since("mastodon", name, time.time() - _WINDOW))
        reset = datetime.now(UTC) + timedelta(seconds=opens)
        return {
            "X-RateLimit-Limit": str(_LIMIT),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": reset.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }


def _name(request: web.Request) -> str:
    """Return the name of the account whose token a request carries, "" where it is nobody's."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    name = token.removeprefix(known.token_of(""))
    return name if scheme == "Bearer" and token == known.token_of(name) else ""
