"""X to practise on: POST /2/tweets with OAuth 1.0a, its limits and refusals, and GET /2/users/me.

Sources: docs.x.com (manage posts, rate limits, response codes), RFC 5849 (signatures).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from aiohttp import web

from tocsin.practice import social_behaviour as known
from tocsin.practice import social_stage as stage
from tocsin.practice.social_log import New, Posts
from tocsin_channels.social import weigh

_LIMIT: Final = 100
_WINDOW: Final = 900
_FIRST_ID: Final = 1_990_000_000_000_000_000  # as long as X's own
_PARAMETER = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*(?:,|$)')
_PROBLEMS: Final = {
    400: ("Invalid Request", "One or more parameters to your request was invalid."),
    401: ("Unauthorized", "Unauthorized"),
    402: ("CreditsDepleted", "Your enrolled account does not have any credits to fulfill this request."),
    403: ("Forbidden", "Your account is suspended and is not permitted to access this feature."),
    429: ("Too Many Requests", "Too Many Requests"),
    503: ("Service Unavailable", "Service Unavailable"),
}
_DUPLICATE: Final = "You are not allowed to create a Tweet with duplicate content."
_GONE: Final = "You attempted to reply to a Tweet that is deleted or not visible to you."
_LONG: Final = "Your Tweet text is too long. Tweet needs to be a bit shorter."


class PracticeX:
    """Keeps what it posts in `outbox`, committed before it answers."""

    def __init__(self, outbox: Path) -> None:
        self._posts = Posts(outbox)

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/2/tweets", self._create)
        app.router.add_get("/2/users/me", self._who)

    async def close(self) -> None:
        self._posts.close()

    async def _who(self, request: web.Request) -> web.Response:
        name = _signed_by(request)
        if not name:
            return _problem(401)
        return web.json_response({"data": {"id": "1", "name": name.title(), "username": name}})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        said = stage.read_json(body)
        text = str(said.get("text", ""))
        parent = str(stage.mapping(said.get("reply")).get("in_reply_to_tweet_id", ""))
        name = _signed_by(request)
        links = " ".join(re.findall(r"https?://[^\s()]*[\w/=#&~-]", text))
        new = New("x", name or "?", text, parent, "", links, stage.plain(request.headers), body)
        if status := stage.refusal(self._posts, new) if name else 401:
            return self._refuse(new, status)
        inside = {"errors": [{"title": "Service Unavailable", "detail": "Try again later.", "status": 503}]}
        if response := await stage.instead(self._posts, new, inside):
            return response
        if fault := self._fault(new):
            return self._refuse(new, *fault)
        number = str(_FIRST_ID + self._posts.next_number())
        self._posts.keep(new, "201", number)
        data = {"data": {"id": number, "text": text, "edit_history_tweet_ids": [number]}}
        return await stage.answered(request, name, web.json_response(data, status=201, headers=self._limits(name)))

    def _fault(self, new: New) -> tuple[int, str] | None:
        """Return what X would not take of a post, None where it does."""
        if self._posts.made_since("x", new.account, time.time() - _WINDOW) >= _LIMIT:
            return 429, ""
        if not new.text:
            return 400, ""
        if not weigh.X.fits(new.text):
            return 403, _LONG
        if new.reply_to and not self._posts.has_post("x", new.reply_to):
            return 400, _GONE
        return (403, _DUPLICATE) if self._posts.has_text(new) else None

    def _refuse(self, new: New, status: int, detail: str = "") -> web.Response:
        self._posts.keep(new, str(status))
        headers = self._limits(new.account)
        if status == 429:  # noqa: PLR2004 - as in HTTP
            opens = stage.OPENS_SECONDS if known.behaviour_of(new.account).refuses else _WINDOW
            headers |= {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(time.time()) + opens)}
        response = _problem(status, detail)
        response.headers.update(headers)
        return response

    def _limits(self, name: str) -> dict[str, str]:
        now = time.time()
        left = max(0, _LIMIT - self._posts.made_since("x", name, now - _WINDOW))
        return {
            "x-rate-limit-limit": str(_LIMIT),
            "x-rate-limit-remaining": str(left),
            "x-rate-limit-reset": str(int(now) + _WINDOW),
        }


def _problem(status: int, detail: str = "") -> web.Response:
    title, usual = _PROBLEMS[status]
    said = {"title": title, "detail": detail or usual, "type": "about:blank", "status": status}
    return web.json_response(said, status=status, content_type="application/problem+json")


def _signed_by(request: web.Request) -> str:
    """Return the name of the account whose keys signed a request, "" where nobody's did."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    given = {name: unquote(value) for name, value in _PARAMETER.findall(rest)} if scheme == "OAuth" else {}
    signature = given.pop("oauth_signature", "")
    given.pop("realm", None)
    token = given.get("oauth_token", "")
    name = token.removeprefix(known.token_of(""))
    is_known = given.get("oauth_consumer_key") == known.CONSUMER_KEY and token == known.token_of(name) and name
    if not is_known or given.get("oauth_signature_method") != "HMAC-SHA1":
        return ""
    pairs = sorted((_escaped(key), _escaped(value)) for key, value in (*given.items(), *request.query.items()))
    parameters = "&".join(f"{key}={value}" for key, value in pairs)
    base = "&".join(map(_escaped, (request.method, str(request.url.with_query(None)), parameters)))
    secret = f"{_escaped(known.CONSUMER_SECRET)}&{_escaped(known.ACCESS_SECRET)}"
    wanted = base64.b64encode(hmac.digest(secret.encode(), base.encode(), hashlib.sha1)).decode()
    return name if hmac.compare_digest(wanted, signature) else ""


def _escaped(value: str) -> str:
    return quote(value, safe="-._~")
