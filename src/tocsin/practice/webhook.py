"""Webhook receivers to practise on, at /webhook/<name>: they check signatures once they are told the secret.

`PUT /webhook/<name>/secret` with the secret as its body tells it; from then on a call with a wrong signature is
answered 401.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any, Final, cast

from aiohttp import web
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from tocsin.practice.webhook_behaviour import Behaviour, Ending, behaviour_of
from tocsin.practice.webhook_log import Calls

_SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/]{32,88}={0,2}").fullmatch
_CHALLENGE: Final = "endpoint.challenge"
_WORDS: Final = {
    Ending.NEVER_ANSWERED: "no answer",
    Ending.HUNG_UP: "hung up",
    Ending.GARBAGE: "not HTTP",
}


class Webhooks:
    """Keeps what it takes in `outbox`, committed before it answers."""

    def __init__(self, outbox: Path) -> None:
        self._calls = Calls(outbox)

    def add_to(self, app: web.Application) -> None:
        app.router.add_put("/webhook/{name}/secret", self._tell_secret)
        app.router.add_post("/webhook/{name}", self._take)

    async def close(self) -> None:
        self._calls.close()

    async def _tell_secret(self, request: web.Request) -> web.Response:
        secret = (await request.text()).strip()
        if not _SECRET(secret):
            return web.Response(status=422, text="A secret begins with whsec_ and goes on in base64.\n")
        self._calls.tell_secret(request.match_info["name"], secret)
        return web.Response(status=204)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        behaviour = behaviour_of(name)
        body = await request.read()
        said = _json(body)
        if said.get("type") == _CHALLENGE:
            repeated = {"challenge": said.get("challenge")} if behaviour.echoes else {}
            self._keep(request, name, body, said, "200", kept=True)
            return web.json_response(repeated)
        signature = self._signature(request, name, body)
        status = behaviour.status(self._calls.tries(name, request.headers.get("webhook-id", "")) + 1)
        if signature == "wrong":
            status = 401
        if behaviour.ending is not Ending.ANSWERED and signature != "wrong":
            return await self._end(request, name, behaviour, body, said)
        if behaviour.seconds:
            await asyncio.sleep(behaviour.seconds)
        self._keep(request, name, body, said, str(status), kept=status // 100 == 2, signature=signature)  # noqa: PLR2004
        headers = behaviour.headers if status >= 300 else None  # noqa: PLR2004 - any success has none
        return web.Response(status=status, text=behaviour.body, content_type=behaviour.kind, headers=headers)

    async def _end(
        self, request: web.Request, name: str, behaviour: Behaviour, body: bytes, said: dict[str, Any]
    ) -> web.StreamResponse:
        """Do to a call what is not answering it."""
        kept = behaviour.ending is not Ending.NEVER_ANSWERED
        signature = self._signature(request, name, body)
        self._keep(request, name, body, said, _WORDS[behaviour.ending], kept=kept, signature=signature)
        if not kept:
            await asyncio.Event().wait()  # until the caller hangs up, which cancels us
        assert request.transport is not None
        if behaviour.ending is Ending.GARBAGE:
            request.transport.write(b"\x00\x01 what is this?\r\n\r\n")
            request.transport.close()
        else:
            request.transport.abort()
        await asyncio.sleep(0)
        return web.Response()

    def _keep(
        self,
        request: web.Request,
        name: str,
        body: bytes,
        said: dict[str, Any],
        answer: str,
        *,
        kept: bool,
        signature: str = "",
    ) -> None:
        incident = said.get("incident")
        about = cast("dict[str, Any]", incident).get("name") if isinstance(incident, dict) else ""
        self._calls.keep(
            time.time(),
            name,
            request.headers.get("webhook-id", ""),
            (str(said.get("type", "")), str(about or "")),
            (signature or self._signature(request, name, body), answer, kept),
            "\n".join(f"{field}: {value}" for field, value in request.headers.items()),
            body,
        )

    def _signature(self, request: web.Request, name: str, body: bytes) -> str:
        secret = self._calls.secret(name)
        if not secret:
            return "unchecked"
        try:
            Webhook(secret).verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            return "wrong"
        return "right"


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}
