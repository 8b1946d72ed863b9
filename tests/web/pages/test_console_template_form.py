"""What is typed in the form of a template is kept whole, or refused beside where it stands."""

from __future__ import annotations

import json
import re

import httpx

from delivery.world import World
from joining import read
from web.pages.test_console_templates import LIST, NEW, OUTAGE, post


async def test_what_is_too_long_is_refused_and_not_cut(console: httpx.AsyncClient, world: World) -> None:
    answer = await post(console, **OUTAGE | {"body": "a line\r\n" * 3_000 + "x" * 5_000})
    assert answer.status_code == 422
    assert await world.rows("SELECT count(*) FROM template") == [(0,)]


async def test_words_for_the_same_that_stand_twice_are_refused_and_all_kept(
    console: httpx.AsyncClient, world: World
) -> None:
    twice = await post(console, **OUTAGE | {"key_2": "customers.de", "title_2": "", "text_2": "Noch einmal."})
    assert (twice.status_code, "They stand here twice." in read(twice)) == (422, True)
    for words in ("{{service}} ist gestört.", "Noch einmal."):
        assert words in twice.text
    assert await world.rows("SELECT count(*) FROM template") == [(0,)]
    await post(console, **OUTAGE | {"key_2": "customers.de", "title_2": "", "text_2": ""})
    assert await world.rows("SELECT texts ->> 'customers.de' FROM template") == [("{{service}} ist gestört.",)]


async def test_what_is_saved_as_it_was_shown_keeps_every_text(console: httpx.AsyncClient, world: World) -> None:
    texts = {f"customers.{first}{last}": "Wir sehen Fehler." for first in "abcdefg" for last in "abcdefghijkl"}
    await post(console, **OUTAGE)
    await world.run("UPDATE template SET texts = CAST(:texts AS jsonb)", texts=json.dumps(texts))
    page = (await console.get(f"{LIST}/outage/write")).text
    fields = dict(re.findall(r'name="(key_\d+)"[^>]* value="([^"]*)"', page))
    fields |= dict(re.findall(r'name="(text_\d+)"[^>]*>\n([^<]*)<', page))
    await post(console, f"{LIST}/outage/write", body="We see errors.", **fields)
    assert await world.rows("SELECT body, texts FROM template") == [("We see errors.", texts)]


async def test_what_is_wrong_stands_at_the_field_that_is(console: httpx.AsyncClient) -> None:
    answer = await post(console, NEW, **OUTAGE | {"title_0": "x" * 256})
    wrong = re.findall(r'id="([a-z0-9-]+)"[^>]* aria-invalid="true" aria-describedby="([a-z0-9-]+)"', answer.text)
    assert wrong == [("title-0", "wrong-title-0")]
    assert answer.text.count('id="wrong-title-0"') == 1
