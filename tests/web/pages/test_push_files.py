"""What browsers look for at the root of the site: what takes pushes, the manifest, the icon."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr

from page_samples import page
from pushes import PRIVATE_KEY
from tocsin.sections import Push
from tocsin.settings import Settings
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"push": Push(private_key=SecretStr(PRIVATE_KEY))})


async def test_what_takes_pushes_is_at_the_root_and_always_asked_for_anew(
    visitor: httpx.AsyncClient, settings: Settings
) -> None:
    write(settings.page_directory, render(replace(page(), push_key=settings.push.public_key)))
    script = await until_there(visitor, "/sw.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"].startswith("public, max-age=0")
    assert script.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert (await visitor.get("/push.json")).json() == {"key": settings.push.public_key}
    manifest = (await visitor.get("/manifest.json")).json()
    assert (manifest["display"], manifest["scope"]) == ("standalone", "/")
    icon = await visitor.get(manifest["icons"][0]["src"])
    assert (icon.headers["content-type"], icon.content[:4]) == ("image/png", b"\x89PNG")
    assert f'data-key="{settings.push.public_key}"' in (await visitor.get("/")).text


async def test_a_page_without_a_key_offers_nothing(visitor: httpx.AsyncClient, settings: Settings) -> None:
    write(settings.page_directory, render(page()))
    await until_there(visitor, "/sw.js")
    shown = (await visitor.get("/")).text
    assert "notify" not in shown
    assert "manifest" not in shown


async def until_there(visitor: httpx.AsyncClient, path: str) -> httpx.Response:
    for _ in range(200):
        if (answer := await visitor.get(path)).is_success:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} never came")
