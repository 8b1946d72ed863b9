"""A form that another site's page sent does nothing, and its visitor is told so in their language, and what to do."""

from __future__ import annotations

import httpx
import pytest

from delivery.world import World
from joining import words
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings

EVIL = {"Origin": "https://evil.example", "Accept-Language": "de-DE,de;q=0.9"}


@pytest.mark.parametrize("path", ["/subscribe", "/manage", "/confirm/x", "/manage/x", "/unsubscribe/{token}"])
async def test_a_page_answers_in_the_visitors_language_and_says_where_to_do_it(
    visitor: httpx.AsyncClient, world: World, settings: Settings, path: str
) -> None:
    person = await world.person("ada@example.com")
    here = path.format(token=Signer(settings.secret.get_secret_value(), "unsubscribe").make(person))
    answer = await visitor.post(here, data={"do": "everything", "address_email": "a@example.com"}, headers=EVIL)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "Nichts wurde geändert." in words(answer)
    assert f'href="{here}?lang=de"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert await world.rows("SELECT state::text FROM endpoint WHERE id = :id", id=person) == [("active",)]
    assert await world.rows("SELECT count(*) FROM opt_in") == [(0,)]
    assert (await visitor.get(here)).status_code in {200, 404}  # there is a page to do it on


@pytest.mark.parametrize("origin", ["http://[", "http://a]b", "https://", "[", "\x80"])
async def test_an_origin_that_is_none_is_another_sites(visitor: httpx.AsyncClient, origin: str) -> None:
    for path in ("/subscribe", "/manage", "/console/sign-in"):
        fields = {"email": "a@example.com", "password": "x"}
        answer = await visitor.post(path, data=fields, headers={b"Origin": origin.encode("latin-1")})
        assert answer.status_code == 403


async def test_the_sentence_of_a_form_leads_to_the_page_that_has_the_form(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post("/manage/x/sentence/y", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert 'href="/manage/x?lang=en"' in answer.text


async def test_scripts_are_answered_as_ever(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post("/subscribe/push/end", headers=EVIL, json={"subscription": {}})
    assert answer.status_code == 403
    assert answer.json()["detail"] == "This came from another site's page. Do it here instead."
