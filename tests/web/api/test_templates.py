"""Templates of updates: kept by name, refused where they are broken, and filled by those who post."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api_callers import Join
from tocsin.domain.scope import Scope

OUTAGE: dict[str, Any] = {
    "title": "{{service}} is failing",
    "body": "We see errors in {{service}} for {{ minutes }} minutes.",
    "titles": {"support": "{{service}} (ticket {{ticket}})"},
    "texts": {"support": "Ticket {{ticket}}.", "customers.de": "{{service}} ist gestört."},
}
FILLED = {"service": "Checkout", "minutes": 5, "ticket": "T-1"}


@pytest.fixture
async def template(client: httpx.AsyncClient) -> str:
    assert (await client.put("/v1/templates/outage", json=OUTAGE)).status_code == 201
    return "outage"


def refused(answer: httpx.Response) -> dict[str, str]:
    """Return what each field was refused for."""
    assert answer.status_code == 422, answer.text
    return {one["field"]: one["detail"] for one in answer.json()["errors"]}


async def test_a_template_is_written_shown_listed_changed_and_deleted(client: httpx.AsyncClient, template: str) -> None:
    shown = (await client.get("/v1/templates/outage")).json()
    assert {key: shown[key] for key in OUTAGE} == OUTAGE
    assert shown["variables"] == ["service", "minutes", "ticket"]
    assert shown["changed_by"] == "key:test 0"
    assert (await client.post("/v1/templates", json={"name": "outage", "body": "x"})).status_code == 409
    assert (await client.post("/v1/templates", json={"name": "over", "body": "It is over."})).status_code == 201
    first = (await client.get("/v1/templates?limit=1")).json()
    assert [one["name"] for one in first["items"]] == ["outage"]
    second = (await client.get(f"/v1/templates?limit=1&cursor={first['next_cursor']}")).json()
    assert ([one["name"] for one in second["items"]], second["next_cursor"]) == (["over"], None)

    changed = await client.patch("/v1/templates/outage", json={"title": None, "texts": {}})
    assert changed.json()["title"] is None
    assert changed.json()["titles"] == OUTAGE["titles"]
    assert changed.json()["variables"] == ["service", "minutes", "ticket"]
    replaced = await client.put(f"/v1/templates/{template}", json={"body": "Nothing to fill."})
    assert (replaced.status_code, replaced.json()["variables"]) == (200, [])
    assert (await client.delete(f"/v1/templates/{template}")).status_code == 204
    for answer in (
        await client.get(f"/v1/templates/{template}"),
        await client.delete(f"/v1/templates/{template}"),
        await client.patch(f"/v1/templates/{template}", json={"body": "x"}),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"body": "Fine.\nNot {{ended"}, "body", "Line 2, column 5: '{{ended' is no placeholder."),
        ({"title": "{{Service}}"}, "title", "Line 1, column 1: '{{Service}}' is no placeholder."),
        ({"texts": {"support": "{% if x %}"}}, "texts.support", "Line 1, column 1"),
        ({"titles": {"support": "x }}"}}, "titles.support", "Line 1, column 3"),
        ({"texts": {"nobody": "x"}}, "texts.nobody", "There is no audience 'nobody'"),
        ({"body": "\0"}, "body", "U+0000"),
        ({"bodies": "x"}, "bodies", ""),
    ],
)
async def test_a_broken_template_is_refused_with_its_position(
    client: httpx.AsyncClient, template: str, change: dict[str, Any], field: str, says: str
) -> None:
    for answer in (
        await client.put(f"/v1/templates/{template}", json=OUTAGE | change),
        await client.patch(f"/v1/templates/{template}", json=change),
        await client.post("/v1/templates", json=OUTAGE | change | {"name": "new"}),
    ):
        assert says in refused(answer)[field]
    assert (await client.get(f"/v1/templates/{template}")).json()["body"] == OUTAGE["body"]
    assert (await client.get("/v1/templates/new")).status_code == 404


async def test_an_incident_says_what_its_template_says(client: httpx.AsyncClient, template: str) -> None:
    body = {"template": template, "variables": FILLED, "audiences": ["support", "customers"]}
    opened = await client.post("/v1/incidents", json=body)
    assert opened.status_code == 202, opened.text
    shown = (await client.get(f"/v1/incidents/{opened.json()['id']}")).json()
    [update] = shown["updates"]
    assert update["title"] == "Checkout is failing"
    assert update["body"] == "We see errors in Checkout for 5 minutes."
    assert update["titles"] == {"support": "Checkout (ticket T-1)"}
    assert update["texts"] == {"support": "Ticket T-1.", "customers.de": "Checkout ist gestört."}


async def test_what_is_said_beside_a_template_beats_it(client: httpx.AsyncClient, template: str) -> None:
    said = {"title": "It is us", "texts": {"support": "No ticket."}, "titles": {"support": "Ours"}}
    body = {"template": template, "variables": {"service": "Checkout", "minutes": 5}} | said
    opened = await client.post("/v1/incidents", json=body | {"audiences": ["support", "customers"]})
    assert opened.status_code == 202, opened.text
    [update] = (await client.get(f"/v1/incidents/{opened.json()['id']}")).json()["updates"]
    assert (update["title"], update["titles"]) == ("It is us", {"support": "Ours"})
    assert update["texts"] == {"support": "No ticket.", "customers.de": "Checkout ist gestört."}
    assert update["body"].startswith("We see errors in Checkout")


async def test_words_for_an_audience_that_is_not_addressed_stay_out(client: httpx.AsyncClient, template: str) -> None:
    body = {"template": template, "variables": FILLED, "audiences": ["customers"]}
    opened = await client.post("/v1/incidents", json=body)
    [update] = (await client.get(f"/v1/incidents/{opened.json()['id']}")).json()["updates"]
    assert update["texts"] == {"customers.de": "Checkout ist gestört."}
    assert update["titles"] == {}


async def test_an_update_says_it_too_and_keeps_the_title_where_the_template_has_none(
    client: httpx.AsyncClient, template: str
) -> None:
    await client.put("/v1/templates/over", json={"body": "{{service}} works again."})
    opened = await client.post("/v1/incidents", json={"title": "Checkout", "body": "It is down."})
    url = f"/v1/incidents/{opened.json()['ref']}/updates"
    assert (await client.post(url, json={"template": template, "variables": FILLED})).status_code == 202
    over = {"template": "over", "variables": {"service": "Checkout"}, "status": "resolved"}
    assert (await client.post(url, json=over)).status_code == 202
    updates = (await client.get(f"/v1/incidents/{opened.json()['ref']}")).json()["updates"]
    assert [one["title"] for one in updates] == ["Checkout is failing", "Checkout is failing", "Checkout"]
    assert updates[0]["body"] == "Checkout works again."


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"template": "nothing"}, "template", "There is no template 'nothing'."),
        ({"variables": {"service": "x", "ticket": "y"}}, "variables.minutes", "The template's body needs this"),
        ({"variables": FILLED | {"host": "x"}}, "variables.host", "The template has no place {{host}}."),
        ({"variables": FILLED | {"service": True}}, "variables.service", "Write a text or a number"),
        ({"variables": FILLED | {"service": "x" * 1_001}}, "variables.service", "more than 1,000 characters"),
        ({"variables": FILLED | {"service": "x" * 300}}, "title", "With its variables this has 311 characters"),
        ({"variables": FILLED | {"service": "two\nlines"}}, "title", "U+000A"),
        ({"variables": FILLED | {"ticket": "\0"}}, "titles.support", "U+0000"),
    ],
)
async def test_a_template_that_cannot_be_filled_is_422_and_names_what_is_wrong(
    client: httpx.AsyncClient, template: str, change: dict[str, Any], field: str, says: str
) -> None:
    opened = await client.post("/v1/incidents", json={"title": "Checkout", "body": "It is down."})
    body = {"template": template, "variables": FILLED} | change
    for url in ("", "/preview", f"/{opened.json()['ref']}/updates", f"/{opened.json()['ref']}/updates/preview"):
        assert says in refused(await client.post(f"/v1/incidents{url}", json=body))[field], url
    assert len((await client.get("/v1/incidents")).json()["items"]) == 1


async def test_a_place_in_a_variable_is_no_place(client: httpx.AsyncClient, template: str) -> None:
    body = {"template": template, "variables": FILLED | {"service": "{{ticket}}"}, "audiences": ["customers"]}
    opened = await client.post("/v1/incidents", json=body)
    assert (await client.get(f"/v1/incidents/{opened.json()['id']}")).json()["title"] == "{{ticket}} is failing"


async def test_a_preview_shows_the_filled_words(client: httpx.AsyncClient, template: str) -> None:
    shown = await client.post("/v1/incidents/preview", json={"template": template, "variables": FILLED})
    assert (shown.status_code, shown.json()["title"]) == (200, "Checkout is failing")


async def test_a_title_is_still_needed(client: httpx.AsyncClient) -> None:
    await client.put("/v1/templates/over", json={"body": "It is over."})
    for body in ({"template": "over"}, {"body": "It is down."}):
        assert "This is required" in refused(await client.post("/v1/incidents", json=body))["title"]


async def test_the_same_request_is_answered_the_same_once_its_template_is_gone(
    client: httpx.AsyncClient, template: str
) -> None:
    body, key = {"template": template, "variables": FILLED}, {"Idempotency-Key": "k1"}
    first = await client.post("/v1/incidents", json=body, headers=key)
    await client.delete(f"/v1/templates/{template}")
    again = await client.post("/v1/incidents", json=body, headers=key)
    assert (again.status_code, again.json()) == (202, first.json())


async def test_templates_are_changed_by_operators_alone(join: Join, template: str) -> None:
    reader = await join(Scope.INCIDENTS_READ, Scope.INCIDENTS_WRITE)
    assert (await reader.get(f"/v1/templates/{template}")).status_code == 200
    assert (await reader.get("/v1/templates")).status_code == 200
    for answer in (
        await reader.put("/v1/templates/outage", json=OUTAGE),
        await reader.patch("/v1/templates/outage", json={"body": "x"}),
        await reader.post("/v1/templates", json=OUTAGE | {"name": "x"}),
        await reader.delete("/v1/templates/outage"),
    ):
        assert answer.status_code == 403
