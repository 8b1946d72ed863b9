"""What is said of maintenances in a template's words, what a preview shows of them, and what their description says."""

from __future__ import annotations

import json

import httpx

from api_callers import is_problem
from web.api.test_maintenances import asked, at, show


async def test_a_template_has_its_words(client: httpx.AsyncClient) -> None:
    made = {"name": "database", "title": "{{what}} is replaced", "body": "For {{minutes}} minutes."}
    assert (await client.post("/v1/templates", json=made)).status_code == 201
    body = asked(template="database", variables={"what": "The database", "minutes": 5})
    del body["title"], body["body"]
    answer = await client.post("/v1/maintenances", json=body)
    assert answer.status_code == 202, answer.text
    shown = await show(client, "INC-1")
    assert (shown["title"], shown["updates"][0]["body"]) == ("The database is replaced", "For 5 minutes.")


async def test_the_description_says_what_is_taken(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    assert {"/v1/maintenances", "/v1/maintenances/{which}", "/v1/maintenances/{which}/cancel"} <= set(schema["paths"])
    bodies = schema["components"]["schemas"]
    assert set(bodies["NewMaintenance"]["required"]) == {"scheduled_for", "scheduled_until"}
    assert "resolved" not in json.dumps(bodies["MoreOfMaintenance"]["properties"]["status"])
    assert "verifying" in json.dumps(bodies["MoreOfMaintenance"]["properties"]["status"])
    assert "verifying" not in json.dumps(bodies["NewIncident"]["properties"]["status"])
    assert "monitoring" in json.dumps(bodies["NewIncident"]["properties"]["status"])


async def test_a_preview_says_who_would_hear_of_it_and_writes_nothing(client: httpx.AsyncClient) -> None:
    person = {"audiences": ["customers"], "endpoints": [
        {"channel": "email", "address": "a@example.com", "confirmed": True, "preference": {"phases": ["maintenance"]}},
        {"channel": "email", "address": "b@example.com", "confirmed": True,
         "preference": {"phases": ["opened", "resolved"]}},
    ]}  # fmt: skip
    assert (await client.post("/v1/subscribers", json=person)).status_code == 201
    answer = await client.post("/v1/maintenances/preview", json=asked())
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["status"], said["phase"]) == ("scheduled", "maintenance")
    assert said["reach"]["by_audience"]["customers"]["email"] == {"hear": 1, "not_hear": {"phase_not_chosen": 1}}
    mails = [one["content"]["text"] for one in said["samples"] if one["channel"] == "email"]
    assert mails
    assert all("Planned from " in text for text in mails)
    assert (await client.get("/v1/maintenances")).json()["items"] == []
    refused = await client.post("/v1/maintenances/preview", json=asked(scheduled_until=at(3)))
    assert is_problem(refused)["errors"][0]["field"] == "scheduled_until"
