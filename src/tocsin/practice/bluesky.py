"""A server of the AT Protocol to practise on: sessions, and records that are made once.

Source: atproto.com/specs/xrpc and the lexicons of com.atproto.server.* and com.atproto.repo.*.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from pathlib import Path
from typing import Final

from aiohttp import web

from tocsin.practice import social_behaviour as known
from tocsin.practice import social_stage as stage
from tocsin.practice.social_log import New, Posts
from tocsin_channels.social import weigh

_SESSION_SECONDS: Final = 7_200
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_ERRORS: Final = {
    400: ("InvalidRequest", "Invalid record"),
    401: ("AuthenticationRequired", "Invalid identifier or password"),
    402: ("PaymentRequired", "Payment required"),
    403: ("Forbidden", "Account is suspended"),
    429: ("RateLimitExceeded", "Rate Limit Exceeded"),
    500: ("InternalServerError", "Internal Server Error"),
    503: ("NotEnoughResources", "Not enough resources"),
}


class PracticeBluesky:
    """Keeps what it posts in `outbox`, committed before it answers."""

    def __init__(self, outbox: Path) -> None:
        self._posts = Posts(outbox)

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/xrpc/com.atproto.server.createSession", self._sign_in)
        app.router.add_get("/xrpc/com.atproto.server.getSession", self._who)
        app.router.add_post("/xrpc/com.atproto.repo.createRecord", self._create)
        app.router.add_get("/xrpc/com.atproto.repo.getRecord", self._read)

    async def close(self) -> None:
        self._posts.close()

    async def _sign_in(self, request: web.Request) -> web.Response:
        said = stage.read_json(await request.read())
        handle = str(said.get("identifier", ""))
        name = known.name_of(handle)
        if not name or said.get("password") != known.token_of(name):
            return _error(401)
        return web.json_response(
            {**_whom(handle), "accessJwt": _token(handle, "access"), "refreshJwt": _token(handle, "refresh")}
        )

    async def _who(self, request: web.Request) -> web.Response:
        handle = _handle(request)
        return web.json_response(_whom(handle)) if handle else _error(401)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        said = stage.read_json(body)
        record = stage.mapping(said.get("record"))
        text, key = str(record.get("text", "")), str(said.get("rkey", ""))
        parent = str(stage.mapping(stage.mapping(record.get("reply")).get("parent")).get("uri", ""))
        handle = _handle(request)
        name = known.name_of(handle)
        link = _linked(text, record.get("facets"))
        new = New("bluesky", name or "?", text, parent, key, link, stage.plain(request.headers), body)
        if not handle or handle != said.get("repo"):
            return self._refuse(new, 401)
        if status := stage.refusal(self._posts, new):
            return self._refuse(new, status)
        inside = {"error": "InternalServerError", "message": "Internal Server Error"}
        if response := await stage.instead(self._posts, new, inside):
            return response
        if not weigh.BLUESKY.fits(text) or not _TID.fullmatch(key) or not record.get("createdAt"):
            return self._refuse(new, 400)
        if self._posts.post_of("bluesky", name, key):
            return self._refuse(new, 500)  # as the real one does where the record is there
        uri = f"at://{_did(handle)}/app.bsky.feed.post/{key}"
        self._posts.keep(new, "200", uri)
        return await stage.answered(request, name, web.json_response({"uri": uri, "cid": _cid(uri)}))

    async def _read(self, request: web.Request) -> web.Response:
        handle, key = request.query.get("repo", ""), request.query.get("rkey", "")
        uri = self._posts.post_of("bluesky", known.name_of(handle), key)
        if not uri:
            return web.json_response({"error": "RecordNotFound", "message": "Could not locate record"}, status=400)
        value = {"$type": "app.bsky.feed.post", "text": "", "createdAt": "2026-01-01T00:00:00.000Z"}
        return web.json_response({"uri": uri, "cid": _cid(uri), "value": value})

    def _refuse(self, new: New, status: int) -> web.Response:
        self._posts.keep(new, str(status))
        response = _error(status)
        if status == 429:  # noqa: PLR2004 - as in HTTP
            response.headers["ratelimit-limit"] = "1666"
            response.headers["ratelimit-remaining"] = "0"
            response.headers["ratelimit-reset"] = str(int(time.time()) + stage.OPENS_SECONDS)
        return response


def _error(status: int) -> web.Response:
    name, message = _ERRORS[status]
    return web.json_response({"error": name, "message": message}, status=status)


def _whom(handle: str) -> dict[str, object]:
    return {"did": _did(handle), "handle": handle, "active": True}


def _did(handle: str) -> str:
    return "did:plc:" + base64.b32encode(hashlib.sha256(handle.encode()).digest()).decode().lower()[:24]


def _cid(uri: str) -> str:
    """Return a CID (version 1, dag-cbor, sha-256) that stands for a record."""
    digest = b"\x01\x71\x12\x20" + hashlib.sha256(uri.encode()).digest()
    return "b" + base64.b32encode(digest).decode().lower().rstrip("=")


def _token(handle: str, scope: str) -> str:
    """Return what looks like a JWT and says who has it: its signature is none."""
    said = {"sub": handle, "scope": f"com.atproto.{scope}", "exp": int(time.time()) + _SESSION_SECONDS}
    return ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"typ":"at+jwt","alg":"none"}', json.dumps(said).encode(), b"practice")
    )


def _handle(request: web.Request) -> str:
    """Return the handle in the session of a request, "" where there is none or it has ended."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    parts = token.split(".")
    if scheme != "Bearer" or len(parts) != 3:  # noqa: PLR2004 - as a JWT has
        return ""
    said = stage.read_json(base64.urlsafe_b64decode(parts[1] + "=="))
    return str(said.get("sub", "")) if float(said.get("exp", 0)) > time.time() else ""


def _linked(text: str, facets: object) -> str:
    """Return the addresses that a post's facets link, where their places in the text hold them."""
    found: list[str] = []
    for facet in stage.mappings(facets):
        place = stage.mapping(facet.get("index"))
        shown = text.encode()[int(place.get("byteStart", 0)) : int(place.get("byteEnd", 0))].decode("utf-8", "replace")
        found += [shown for feature in stage.mappings(facet.get("features")) if feature.get("uri") == shown]
    return " ".join(found)
