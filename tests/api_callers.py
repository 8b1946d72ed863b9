"""Callers of the API, each with a key of its own, straight into the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from fastapi import FastAPI

Join = Callable[..., Awaitable[httpx.AsyncClient]]


def caller(app: FastAPI, secret: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://testserver",
        headers={"Authorization": f"Bearer {secret}"} if secret else {},
    )


async def add_component(client: httpx.AsyncClient, slug: str) -> None:
    answer = await client.post("/v1/components", json={"slug": slug, "name": slug.title()})
    assert answer.status_code == 201, answer.text


def is_problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    return problem
