"""What the practice networks have in common: how an account misbehaves comes before what its network would say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from tocsin.practice.social_behaviour import Behaviour, Ending, behaviour_of
from tocsin.practice.social_log import New, Posts

OPENS_SECONDS = 2  # after which a throttling account is free again
_ENDINGS = {
    Ending.NEVER_ANSWERED: "no answer",
    Ending.GARBAGE: "200 with HTML",
    Ending.ERROR_INSIDE: "200 with an error",
}


def refusal(posts: Posts, new: New) -> int:
    """Return the status that the account refuses this request with, 0 where it does not."""
    behaviour = behaviour_of(new.account)
    if behaviour.refuses and (not behaviour.tries or posts.tries(new) < behaviour.tries):
        return behaviour.refuses
    return 0


async def instead(posts: Posts, new: New, inside: object) -> web.StreamResponse | None:
    """Do what the account does instead of posting; None where it posts. `inside` is the error within a success."""
    behaviour = behaviour_of(new.account)
    if behaviour.seconds:
        await asyncio.sleep(behaviour.seconds)
    if behaviour.ending not in _ENDINGS:
        return None
    posts.keep(new, _ENDINGS[behaviour.ending])
    if behaviour.ending is Ending.NEVER_ANSWERED:
        await asyncio.Event().wait()  # until the caller hangs up, which cancels us
    if behaviour.ending is Ending.GARBAGE:
        return web.Response(text="<html><body>Please stand by.</body></html>", content_type="text/html")
    return web.json_response(inside)


async def answered(request: web.Request, account: str, response: web.Response) -> web.StreamResponse:
    """Answer, or hang up where the account does."""
    behaviour: Behaviour = behaviour_of(account)
    if behaviour.ending is not Ending.HUNG_UP:
        return response
    assert request.transport is not None
    request.transport.abort()
    await asyncio.sleep(0)
    return web.Response()


def read_json(body: bytes) -> dict[str, Any]:
    """Return the object in a body, an empty one where there is none."""
    try:
        return mapping(json.loads(body))
    except ValueError:
        return {}


def mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    return [mapping(one) for one in cast("list[object]", value)] if isinstance(value, list) else []


def plain(headers: Mapping[str, str]) -> dict[str, str]:
    return dict(headers.items())
