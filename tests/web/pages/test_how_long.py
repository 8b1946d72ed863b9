"""What mails and pages say of how long a link works is what is configured, in whole words of the reader's language."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from delivery.world import World
from joining import ADA, ASKS, words
from post_office import PostOffice
from tocsin.sections import Subscribe
from tocsin.settings import Settings
from tocsin.web.main import create_app


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"subscribe": Subscribe(confirm_hours=36, manage_days=1)})


@pytest.fixture
async def visitor(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=settings.url) as client:
            client.headers["Origin"] = settings.url
            yield client


@pytest.mark.parametrize(
    ("language", "mailed", "shown"),
    [
        ("en", "The link works for 36 hours.", "The question was good for 36 hours."),
        ("de", "Der Link gilt 36 Stunden.", "Die Frage galt 36 Stunden."),
    ],
)
async def test_the_question_says_how_long_it_waits(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, language: str, mailed: str, shown: str
) -> None:
    await visitor.post(f"/subscribe?lang={language}", data=ASKS)
    [notice] = await office.notices(ADA)
    assert any(mailed in paragraph for paragraph in notice.paragraphs)
    await world.later(37 * 3600)
    late = await visitor.get(notice.url)
    assert late.status_code == 410
    assert shown in words(late)


async def test_the_way_to_what_one_chose_says_how_long_it_works(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    await world.person(ADA)
    await visitor.post("/manage", data={"address": ADA})
    [notice] = await office.notices(ADA)
    assert any("It works for 1 day." in paragraph for paragraph in notice.paragraphs)
    await world.later(25 * 3600)
    assert "It was good for 1 day." in words(await visitor.get(notice.url))
