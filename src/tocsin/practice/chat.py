"""Slack and Teams to practise on: the Web API's calls that a bot makes, incoming webhooks, and workflows.

The paths are the real ones, and so are the limits: what Slack or Teams would refuse is refused here.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from tocsin.practice.chat_behaviour import RETRY_AFTER, Behaviour, Ending, behaviour_of
from tocsin.practice.chat_limits import card_fault, slack_fault
from tocsin.practice.chat_log import ChatLog, NewPost

_PAGE = "<!doctype html><title>Hello</title><p>This page is not ours."
_LARGEST_CARD = 28_000
_TOO_MANY = 429
_BY_ID = {"chat.update", "conversations.history", "conversations.replies"}  # a channel's name says nothing to these


class ChatServices:
    """Keeps what it takes in `outbox`, committed before it answers."""

    def __init__(self, outbox: Path) -> None:
        self._log = ChatLog(outbox)

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/api/{method}", self._api)
        app.router.add_get("/api/{method}", self._api)
        app.router.add_post("/services/{team}/{service}/{name}", self._webhook)
        for path in ("/workflows", "/powerautomate/automations/direct/workflows"):
            app.router.add_post(f"{path}/{{name}}/triggers/{{trigger}}/paths/invoke", self._workflow)

    async def close(self) -> None:
        self._log.close()

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        given = await _given(request)
        named = str(given.get("channel", ""))
        channel = self._log.name_of(named)
        fault = _token_fault(request) or ("channel_not_found" if method in _BY_ID and channel == named else "")
        if fault:
            return self._says(method, channel, fault)
        match method:
            case "auth.test":
                return self._answer(method, "", {"team": "Practice", "user": "tocsin", "bot_id": "B0PRACTICE"})
            case "chat.postMessage":
                return await self._post(request, channel, given)
            case "chat.update":
                return self._update(channel, given)
            case "conversations.list" | "conversations.history" | "conversations.replies":
                return self._list(method, given) if method.endswith("list") else self._history(method, channel, given)
            case _:
                return self._says(method, channel, "unknown_method")

    async def _post(self, request: web.Request, channel: str, given: dict[str, Any]) -> web.StreamResponse:
        behaviour = behaviour_of(channel)
        thread_ts = str(given.get("thread_ts") or "")
        fault = slack_fault(given)
        if not fault and thread_ts and not self._log.has(channel, thread_ts):
            fault = "thread_not_found"
        refused = self._refusal(behaviour, "chat.postMessage", channel, replies=bool(thread_ts))
        if fault or (refused and behaviour.refusal):
            return self._says("chat.postMessage", channel, fault or behaviour.refusal.error)  # type: ignore[union-attr]
        payload = _payload(given)
        post = NewPost(
            *("slack", channel, str(given.get("text", "")), given.get("blocks", [])),
            thread_ts=thread_ts,
            broadcast=bool(given.get("reply_broadcast")),
            message=str(payload.get("message", "")),
            delivery=str(payload.get("delivery", "")),
        )
        ended = await self._end(request, behaviour, "chat.postMessage", channel, post)
        if ended is not None:
            return ended
        ts = self._log.keep(post)
        return self._answer("chat.postMessage", channel, {"channel": self._log.id_of(channel), "ts": ts})

    def _update(self, channel: str, given: dict[str, Any]) -> web.Response:
        behaviour = behaviour_of(channel)
        ts = str(given.get("ts", ""))
        if behaviour.refusal is not None and behaviour.method == "chat.update":
            return self._says("chat.update", channel, behaviour.refusal.error)
        if fault := slack_fault(given):
            return self._says("chat.update", channel, fault)
        if not self._log.edit(channel, ts, str(given.get("text", "")), given.get("blocks", [])):
            return self._says("chat.update", channel, "message_not_found")
        return self._answer("chat.update", channel, {"channel": self._log.id_of(channel), "ts": ts})

    def _history(self, method: str, channel: str, given: dict[str, Any]) -> web.Response:
        behaviour = behaviour_of(channel)
        if (
            behaviour.refusal
            and behaviour.method == method
            and self._log.times(method, channel) < (behaviour.times or 0)
        ):
            return self._says(method, channel, behaviour.refusal.error)
        oldest = float(given.get("oldest") or 0)
        found = self._log.posts(channel, int(given.get("limit", 100)), str(given.get("ts", "")))
        messages = [
            {
                "type": "message",
                "ts": post.ts,
                "text": post.text,
                "metadata": {
                    "event_type": "practice",
                    "event_payload": {"delivery": post.delivery, "message": post.message},
                },
            }
            for post in found
            if float(post.ts) >= oldest
        ]
        return self._answer(method, channel, {"messages": messages, "has_more": False})

    def _list(self, method: str, given: dict[str, Any]) -> web.Response:
        """Tell of all channels, one a page."""
        rooms = self._log.rooms() if given.get("types") == "public_channel" else []
        at = int(given.get("cursor") or 0)
        channels = [{"id": number, "name": name.removeprefix("#")} for number, name in rooms[at : at + 1]]
        following = str(at + 1) if at + 1 < len(rooms) else ""
        told = {"channels": channels, "response_metadata": {"next_cursor": following}}
        return self._answer(method, "", told)

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        behaviour = behaviour_of(name)
        given = await _given(request)
        if self._refusal(behaviour, "webhook", name) and behaviour.refusal and behaviour.refusal.webhook[0]:
            return self._plainly("webhook", name, *behaviour.refusal.webhook)
        if fault := slack_fault(given):
            return self._plainly("webhook", name, 400, fault)
        post = NewPost("slack_webhook", name, str(given.get("text", "")), given.get("blocks", []))
        ended = await self._end(request, behaviour, "webhook", name, post)
        if ended is not None:
            return ended
        self._log.keep(post)
        return self._plainly("webhook", name, 200, "ok")

    async def _workflow(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        behaviour = behaviour_of(name)
        raw = await request.read()
        if self._refusal(behaviour, "workflow", name) and behaviour.refusal and behaviour.refusal.workflow[0]:
            return self._plainly("workflow", name, *behaviour.refusal.workflow)
        if len(raw) > _LARGEST_CARD:
            return self._plainly("workflow", name, 413, '{"error":{"code":"RequestEntityTooLarge"}}')
        card, fault = card_fault(raw)
        if fault:
            return self._plainly("workflow", name, 400, json.dumps({"error": {"code": "BadRequest", "message": fault}}))
        post = NewPost("teams", name, str(card.get("fallbackText", "")), card)
        ended = await self._end(request, behaviour, "workflow", name, post)
        if ended is not None:
            return ended
        ts = self._log.keep(post)
        self._log.asked("workflow", name, "202")
        return web.Response(status=202, headers={"x-ms-workflow-run-id": f"run-{ts}"})

    def _refusal(self, behaviour: Behaviour, method: str, channel: str, *, replies: bool = False) -> bool:
        """Tell whether this time it is refused, or answered with a page."""
        if behaviour.method and not (behaviour.method == "reply" and replies):
            return False
        return behaviour.times is None or self._log.times(method, channel) < behaviour.times

    async def _end(
        self, request: web.Request, behaviour: Behaviour, method: str, channel: str, post: NewPost
    ) -> web.StreamResponse | None:
        """Do to a request what is not answering it; return None where it is answered."""
        if behaviour.seconds:
            await asyncio.sleep(behaviour.seconds)
        match behaviour.ending:
            case Ending.ANSWERED:
                return None
            case Ending.PAGE:
                if not self._refusal(behaviour, method, channel):
                    return None
                self._log.asked(method, channel, "200, a page")
                return web.Response(text=_PAGE, content_type="text/html")
            case Ending.NEVER_ANSWERED:
                self._log.asked(method, channel, "no answer")
                await asyncio.Event().wait()  # until the caller hangs up, which cancels us
            case Ending.HUNG_UP:
                self._log.keep(post)
                self._log.asked(method, channel, "hung up")
                assert request.transport is not None
                request.transport.abort()
                await asyncio.sleep(0)
        return web.Response()

    def _says(self, method: str, channel: str, error: str) -> web.Response:
        """Refuse as the Web API does: with a 200, but for too many requests."""
        self._log.asked(method, channel, error)
        answer = {"ok": False, "error": error}
        if error == "ratelimited":
            return web.json_response(answer, status=_TOO_MANY, headers={"Retry-After": str(RETRY_AFTER)})
        return web.json_response(answer)

    def _answer(self, method: str, channel: str, said: dict[str, Any]) -> web.Response:
        self._log.asked(method, channel, "ok")
        return web.json_response({"ok": True, **said})

    def _plainly(self, method: str, channel: str, status: int, text: str) -> web.Response:
        self._log.asked(method, channel, f"{status} {text[:80]}")
        headers = {"Retry-After": str(RETRY_AFTER)} if status == _TOO_MANY else None
        return web.Response(status=status, text=text, headers=headers)


async def _given(request: web.Request) -> dict[str, Any]:
    """Return the arguments of a call, which Slack takes as JSON, as a form, or in the query."""
    if request.method == "GET":
        return dict(request.query)
    if request.content_type == "application/json":
        try:
            said = json.loads(await request.read())
        except ValueError:
            return {}
        return cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return {name: json.loads(value) if name in {"blocks", "metadata"} else value for name, value in form.items()}


def _token_fault(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        return "not_authed"
    if token.startswith("xoxb-revoked"):
        return "token_revoked"
    return "" if token.startswith("xoxb-") else "invalid_auth"


def _payload(given: dict[str, Any]) -> dict[str, Any]:
    metadata = given.get("metadata")
    payload = cast("dict[str, Any]", metadata).get("event_payload") if isinstance(metadata, dict) else None
    return cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
