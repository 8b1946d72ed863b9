"""What an endpoint chooses over HTTP: it comes back as it was sent, and what was not chosen is the policy's."""

from __future__ import annotations

import httpx

from subscriber_bodies import ADA, subscribed, with_preference


async def test_everything_that_can_be_chosen_comes_back(client: httpx.AsyncClient) -> None:
    preference = {
        "components": None,
        "groups": None,
        "min_severity": "sev3",
        "phases": ["opened", "update", "resolved"],
        "mode": "realtime",
        "digest_at": None,
        "quiet_hours": [],
        "sev1_breaks_quiet": True,
        "fallback": None,
    }
    made = await subscribed(client, with_preference(**preference))
    assert made["endpoints"][0]["preference"] == preference | {
        "quiet_hours": None,
        "paused_until": None,
        "by_policy": [],
    }


async def test_what_was_not_chosen_is_said_to_be_the_policys_and_stays_so_when_it_is_sent_again(
    client: httpx.AsyncClient,
) -> None:
    made = await subscribed(client, with_preference(min_severity="sev2"))
    [endpoint] = made["endpoints"]
    shown = endpoint["preference"]
    assert (shown["min_severity"], shown["mode"], shown["by_policy"]) == ("sev2", "realtime", ["phases", "mode"])
    again = {"channel": "email", "address": "ada@example.com", "preference": shown}
    changed = await client.patch(f"/v1/subscribers/{made['id']}", json={"endpoints": [again]})
    assert changed.json()["endpoints"][0]["preference"] == shown


async def test_groups_are_chosen_beside_components(client: httpx.AsyncClient) -> None:
    await client.post("/v1/component-groups", json={"slug": "payments", "name": "Payments"})
    await client.post("/v1/components", json={"slug": "search", "name": "Search"})
    made = await subscribed(client, with_preference(groups=["payments"], components=["search"]))
    preference = made["endpoints"][0]["preference"]
    assert (preference["groups"], preference["components"]) == (["payments"], ["search"])
    unknown = await client.post("/v1/subscribers", json=with_preference(groups=["nothing"]))
    assert unknown.json()["errors"][0]["field"] == "endpoints.0.preference.groups"


async def test_a_fallback_is_another_endpoint_of_the_same_subscriber(client: httpx.AsyncClient) -> None:
    second = {"channel": "email", "address": "ada@work.example", "confirmed": True, "locale": "en"}
    first = ADA["endpoints"][0] | {"preference": {"fallback": "email:ada@work.example"}}
    made = await subscribed(client, ADA | {"endpoints": [first, second]})
    one, other = made["endpoints"]
    assert (one["preference"]["fallback"], other["preference"]["fallback"]) == (other["id"], None)
    assert (one["locale"], other["locale"]) == (None, "en")
    by_id = {"channel": "email", "address": "ada@work.example", "preference": {"fallback": one["id"]}}
    changed = await client.patch(f"/v1/subscribers/{made['id']}", json={"endpoints": [ADA["endpoints"][0], by_id]})
    assert [each["preference"]["fallback"] for each in changed.json()["endpoints"]] == [None, one["id"]]


async def test_a_fallback_that_is_not_there_or_goes_in_a_circle_is_refused(client: httpx.AsyncClient) -> None:
    stranger = await client.post("/v1/subscribers", json=with_preference(fallback="email:bob@example.com"))
    assert (stranger.status_code, "ada@example.com" in stranger.json()["detail"]) == (422, True)
    itself = await client.post("/v1/subscribers", json=with_preference(fallback="email:ada@example.com"))
    assert (itself.status_code, "circle" in itself.json()["detail"]) == (422, True)
    circle = [
        {"channel": "email", "address": f"{one}@example.com", "preference": {"fallback": f"email:{two}@example.com"}}
        for one, two in ("ab", "bc", "ca")
    ]
    answer = await client.post("/v1/subscribers", json=ADA | {"endpoints": circle})
    assert (answer.status_code, "circle" in answer.json()["detail"]) == (422, True)
