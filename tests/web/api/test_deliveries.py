"""The ledger over HTTP: every row with its reason, counts that add up, and a second try where that is right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from delivery.world import World, open_world
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import AddressDead, GiveUp, TooFast


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


async def get(client: httpx.AsyncClient, url: str) -> Any:
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def email_rows(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    rows = await get(client, f"/v1/incidents/INC-1/deliveries?channel=email{query}")
    return list(rows["items"])


async def test_everyone_in_the_audience_has_a_row_with_its_reason(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    await world.person("paused@example.com", state="paused")
    await world.person("grave@example.com", least="sev1")
    await world.person("inside@example.com", audiences=["oncall"])
    await world.tell("It broke.", severity="sev2", audiences=["customers"])

    rows = await email_rows(client)
    assert sorted((row["state"], row["reason"]) for row in rows) == [
        ("accepted", None),
        ("skipped", "below_least_severity"),
        ("suppressed", "paused"),
    ]
    [sent] = await email_rows(client, "&state=accepted")
    assert (sent["channel"], sent["audience"], sent["version"], sent["attempts"]) == ("email", "customers", 1, 1)
    assert sent["sent_at"] is not None
    assert sent["provider_message_id"] == "queued"

    progress = await get(client, "/v1/incidents/INC-1/progress")
    assert progress["by_channel"]["email"] == {"accepted": 1, "skipped": 1, "suppressed": 1}
    assert progress["by_reason"] == {"below_least_severity": 1, "paused": 1}
    assert progress["eligible"] == sum(progress["by_state"].values()) - 2
    assert progress["first_sent_at"] <= progress["last_sent_at"]
    assert 0 <= progress["seconds_to"]["p50"] <= progress["seconds_to"]["p99"]


async def test_what_is_not_fanned_out_yet_is_not_done(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    await world.say("It broke.", audiences=["customers"])
    assert (await get(client, "/v1/incidents/INC-1/progress"))["done"] is False
    await world.spread()
    progress = await get(client, "/v1/incidents/INC-1/progress")
    assert (progress["by_channel"]["email"], progress["done"]) == ({"pending": 1}, False)
    await world.deliver()
    await world.run("UPDATE delivery SET state = 'accepted', due_at = NULL, done_at = tocsin_epoch() WHERE due_at > 0")
    assert (await get(client, "/v1/incidents/INC-1/progress"))["done"] is True


async def test_what_an_open_attempt_names_is_being_sent(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    seen: list[Any] = []

    async def look() -> None:
        seen.append(await email_rows(client, "&state=sending"))
        seen.append(await email_rows(client, "&state=pending"))
        seen.append((await get(client, "/v1/incidents/INC-1/progress"))["by_channel"]["email"])

    world.email.before_answer = look
    await world.tell("It broke.", audiences=["customers"])
    [sending], pending, counted = seen
    assert (sending["state"], pending, counted) == ("sending", [], {"sending": 1})


async def test_one_delivery_tells_its_attempts_and_why(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    world.email.answer = lambda _: GiveUp("550 message looks like spam", code=550)
    await world.tell("It broke.", audiences=["customers"])
    [row] = await email_rows(client)
    shown = await get(client, f"/v1/deliveries/{row['id']}")
    assert (shown["state"], shown["reason"], shown["code"]) == ("failed", "refused", 550)
    assert "looks like spam" in shown["why"]
    [attempt] = shown["attempts_made"]
    assert (attempt["outcome"], attempt["note"]) == ("give_up", "550 message looks like spam")
    for wrong in ("x", "x.y", f"{row['id']}x", ".", "a.gone-1", "a.gone-99999999999", "%00.%00"):
        assert (await client.get(f"/v1/deliveries/{wrong}")).status_code == 404


async def test_what_failed_is_tried_again_when_asked(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    world.email.answer = lambda _: GiveUp("550 no", code=550)
    await world.tell("It broke.", audiences=["customers"])
    [row] = await email_rows(client, "&state=failed")
    world.email.answer = lambda _: Accepted("queued", 250)

    again = await client.post(f"/v1/deliveries/{row['id']}/retry")
    assert (again.status_code, again.json()) == (202, {"retried": 1, "left": 0})
    await world.deliver()
    [row] = await email_rows(client)
    assert row["state"] == "accepted"
    refused = await client.post(f"/v1/deliveries/{row['id']}/retry")
    assert refused.status_code == 409
    assert "accepted" in refused.json()["detail"]


async def test_a_resolved_that_bounced_can_be_told_again(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    said = await world.tell("It broke.", audiences=["customers"])
    await world.later(600)
    await world.tell("Fixed.", about=said, status="resolved")
    await world.run(
        "UPDATE delivery SET state = 'bounced', reason = 'bounced_later' WHERE update_id = (SELECT max(id) "
        "FROM incident_update) AND state = 'accepted'"
    )
    answer = await client.post("/v1/incidents/INC-1/deliveries/retry?state=bounced")
    assert answer.json() == {"retried": 1, "left": 0}
    await world.deliver()
    assert world.email.texts_to("a@example.com") == [["It broke."], ["Fixed."], ["Fixed."]]
    assert await world.ledger("a@example.com") == [(1, "accepted", None), (2, "accepted", None)]


async def test_nothing_is_tried_again_that_is_not_news_any_more(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    world.email.answer = lambda _: GiveUp("550 no", code=550)
    said = await world.tell("It broke.", audiences=["customers"])
    [row] = await email_rows(client)
    await world.say("It is worse.", about=said)
    refused = await client.post(f"/v1/deliveries/{row['id']}/retry")
    assert refused.status_code == 409
    assert "newer" in refused.json()["detail"]
    assert (await client.post("/v1/incidents/INC-1/deliveries/retry")).json() == {"retried": 0, "left": 1}


async def test_a_quarantined_address_is_made_active_first(client: httpx.AsyncClient, world: World) -> None:
    await world.person("dead@example.com")
    world.email.answer = lambda _: AddressDead("550 nobody here", code=550)
    await world.tell("It broke.", audiences=["customers"])
    [row] = await email_rows(client, "&state=failed")
    refused = await client.post(f"/v1/deliveries/{row['id']}/retry")
    assert refused.status_code == 409
    assert "quarantined" in refused.json()["detail"]
    active = {"endpoints": [{"channel": "email", "address": "dead@example.com", "state": "active"}]}
    assert (await client.patch(f"/v1/subscribers/{row['subscriber_id']}", json=active)).status_code == 200
    assert (await client.post(f"/v1/deliveries/{row['id']}/retry")).status_code == 202


async def test_why_tells_a_subscriber_what_they_heard_and_what_not(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    await world.person("grave@example.com", least="sev1")
    await world.person("inside@example.com", audiences=["oncall"])
    await world.tell("It broke.", severity="sev2", audiences=["customers"])
    people = {who["endpoints"][0]["address"]: who["id"] for who in (await get(client, "/v1/subscribers"))["items"]}

    async def why(address: str) -> str:
        told = await get(client, f"/v1/subscribers/{people[address]}/why?incident=INC-1")
        return str(told["endpoints"][0]["why"])

    assert "took it at" in await why("a@example.com")
    assert "graver incidents only" in await why("grave@example.com")
    assert "No update of this incident addressed" in await why("inside@example.com")
    assert (await client.get(f"/v1/subscribers/{people['a@example.com']}/why?incident=INC-9")).status_code == 404


async def test_rows_outlive_who_they_were_for(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    await world.tell("It broke.", audiences=["customers"])
    [row] = await email_rows(client)
    assert (await client.delete(f"/v1/subscribers/{row['subscriber_id']}")).status_code == 204
    [gone] = await email_rows(client)
    assert (gone["subscriber_id"], gone["state"]) == (None, "accepted")
    assert (await get(client, f"/v1/deliveries/{gone['id']}"))["state"] == "accepted"


async def test_lists_come_a_page_at_a_time_and_narrow_down(client: httpx.AsyncClient, world: World) -> None:
    await world.crowd(7)
    said = await world.tell("It broke.", audiences=["customers"])
    await world.say("More.", about=said)
    await world.spread()
    seen: list[str] = []
    url = "/v1/incidents/INC-1/deliveries?channel=email&version=1&audience=customers&limit=3"
    cursor = ""
    while True:
        page = await get(client, url + cursor)
        seen += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 7
    for wrong in ("state=lost", "channel=pigeon", "audience=nobody", "version=0", "state=accepted&x=1"):
        assert (await client.get(f"/v1/incidents/INC-1/deliveries?{wrong}")).status_code == 422, wrong
    assert (await client.get("/v1/incidents/INC-1/progress?version=9")).status_code == 404


async def test_what_has_not_gone_out_is_cancelled_when_asked(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    await world.person("b@example.com")
    await world.say("Wrong words.", audiences=["customers"])
    early = await client.post("/v1/incidents/INC-1/deliveries/cancel")
    assert (early.status_code, "being written" in early.json()["detail"]) == (409, True)
    await world.spread()
    row, _ = await email_rows(client)
    one = await client.post(f"/v1/deliveries/{row['id']}/cancel")
    assert (one.status_code, one.json()) == (202, {"cancelled": 1, "in_flight": 0})
    assert (await client.post(f"/v1/deliveries/{row['id']}/cancel")).status_code == 409
    rest = await client.post("/v1/incidents/INC-1/deliveries/cancel?channel=email")
    assert rest.json() == {"cancelled": 1, "in_flight": 0}
    await world.deliver()
    assert world.email.sent == []
    assert len(await email_rows(client, "&state=cancelled&reason=cancelled")) == 2
    assert "cancelled by key:test 0" in (await get(client, f"/v1/deliveries/{row['id']}"))["why"]


async def test_what_waits_for_a_paused_channel_says_so(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    assert (await client.post("/v1/channels/email/pause")).status_code == 200
    await world.tell("It broke.", audiences=["customers"])
    [row] = await email_rows(client, "&reason=channel_paused")
    assert (row["state"], row["reason"]) == ("pending", "channel_paused")
    assert "paused this channel" in (await get(client, f"/v1/deliveries/{row['id']}"))["why"]
    assert (await get(client, "/v1/incidents/INC-1/progress"))["reasons"]["pending"] == {"channel_paused": 1}


async def test_what_waits_for_a_provider_is_counted(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    world.email.answer = lambda _: TooFast("429 slow down", code=429, retry_after=100.0)
    await world.tell("It is down.", severity="sev2")
    metrics = (await client.get("/metrics")).text
    assert 'tocsin_paced_deliveries{channel="email"} 1.0' in metrics
    [opens] = [line for line in metrics.splitlines() if line.startswith('tocsin_gate_opens_seconds{channel="email"}')]
    assert 95 < float(opens.split()[1]) <= 100


async def test_dead_letters_are_counted_by_reason(client: httpx.AsyncClient, world: World) -> None:
    await world.person("a@example.com")
    world.email.answer = lambda _: GiveUp("550 no", code=550)
    await world.tell("It broke.", audiences=["customers"])
    metrics = (await client.get("/metrics")).text
    assert 'tocsin_dead_letters{channel="email",reason="refused",state="failed"} 1.0' in metrics
