"""What tests of joining and leaving share: how somebody asks, presses a button, and reads a page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx
from fastapi import FastAPI

from delivery.world import World
from tocsin.settings import Settings

ADA = "ada@example.com"
ASKS = {"channel": "email", "address_email": ADA}


async def endpoints(world: World) -> list[tuple[str, str, str]]:
    found = await world.rows(
        "SELECT channel, address_key, state::text FROM endpoint WHERE channel <> 'status_page' ORDER BY id"
    )
    return [(channel, key, state) for channel, key, state in found]


def from_network(app: FastAPI, settings: Settings, client: str) -> httpx.AsyncClient:
    """Return another browser, somewhere else."""
    transport = httpx.ASGITransport(app, client=(client, 4711))
    return httpx.AsyncClient(transport=transport, base_url=settings.url, headers={"Origin": settings.url})


def words(answer: httpx.Response) -> str:
    return unescape(answer.text)


def read(answer: httpx.Response) -> str:
    """Return what a person reads of a page, without its marks."""
    main = words(answer).partition("<main")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", main.partition(">")[2]).split())


def sentence(answer: httpx.Response) -> str:
    """Return the sentence about the first address of a manage page."""
    found = re.search(r'class="sentence"[^>]*>([^<]*)<', words(answer))
    assert found, answer.text
    return found[1]


def version(answer: httpx.Response) -> str:
    """Return which choices the first form of a manage page was made from."""
    found = re.search(r'name="version" value="([^"]*)"', answer.text)
    assert found
    return found[1]


async def endpoint_of(world: World, address: str = ADA) -> str:
    [(public_id,)] = await world.rows("SELECT public_id FROM endpoint WHERE address = :a", a=address)
    return str(public_id)


async def press(visitor: httpx.AsyncClient, path: str, do: str, **fields: Any) -> httpx.Response:
    """Press a button and go where it leads."""
    answer = await visitor.post(path, data={"do": do, **fields})
    if answer.status_code != 303:
        return answer
    return await visitor.get(answer.headers["location"])
