"""The preview: the same rules and words as the real thing, and not a row is written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api_callers import add_component, is_problem
from delivery.world import World, open_world
from tocsin.carrier_sections import Email, Sms
from tocsin.domain.channel import ChannelName
from tocsin.sections import Social
from tocsin.settings import Settings

BROKEN = {"title": "Checkout is failing", "body": "We see failed payments."}
_TABLES = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    keys = {f"x_{name}": "k" for name in ("consumer_key", "consumer_secret", "access_token", "access_secret")}
    return settings.model_copy(
        update={
            "email": Email(smtp_url="smtp://127.0.0.1:9"),
            "sms": Sms.model_validate(
                {"twilio_account_sid": "AC" + "1" * 32, "twilio_auth_token": "t", "from": "+15005550006"}
            ),
            "social": Social.model_validate(keys),
        }
    )


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


async def contents(world: World) -> dict[str, Any]:
    """Return everything that the database holds but what keys and statistics note of their use."""
    tables = [name for (name,) in await world.rows(_TABLES) if name != "api_key"]
    found = {name: (await world.rows(f"SELECT count(*), md5(string_agg(x::text, '' ORDER BY x::text)) FROM {name} x"))
             for name in tables}  # fmt: skip
    # A number that was taken and not used would show in the next incident's ref.
    return found | {"sequences": await world.rows("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")}


async def previewed(client: httpx.AsyncClient, path: str = "", **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/v1/incidents{path}/preview", json=body or BROKEN)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def ledger(world: World, version: int) -> dict[tuple[str, str, str | None], int]:
    """Return how many rows of one version there are by audience, channel and reason."""
    names = {audience.id: audience.name for audience in world.audiences.ordered}
    rows = await world.rows(
        """SELECT d.audience, e.channel, d.reason, count(*) FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
        JOIN incident_update u ON u.id = d.update_id WHERE u.version = :version GROUP BY 1, 2, 3""",
        version=version,
    )
    return {(names[audience], channel, reason): n for audience, channel, reason, n in rows}


def reach(shown: dict[str, Any]) -> dict[tuple[str, str, str | None], int]:
    """Return the same of a preview."""
    found: dict[tuple[str, str, str | None], int] = {}
    for audience, channels in shown["reach"]["by_audience"].items():
        for channel, cell in channels.items():
            if cell["hear"]:
                found[audience, channel, None] = cell["hear"]
            found |= {(audience, channel, reason): n for reason, n in cell["not_hear"].items()}
    return found


async def people(world: World, client: httpx.AsyncClient) -> None:
    """Let there be somebody for every rule that the ledger knows of."""
    for slug in ("checkout", "search"):
        await add_component(client, slug)
    await world.crowd(30)
    await world.person("core@example.com", ("oncall",))
    await world.person("both@example.com", ("oncall", "customers"))
    await world.person("left@example.com", state="opted_out")
    await world.person("later@example.com", state="unconfirmed")
    await world.person("grave@example.com", least="sev1")
    await world.person("other@example.com", components=["search"])
    await world.person("chose@example.com", components=["checkout"])
    await world.person("begins@example.com", phases=9)
    await world.person("ends@example.com", phases=8)
    await world.person("+15005550009", ("support",), channel=ChannelName.SMS)


async def test_who_would_hear_is_who_then_hears_at_every_step_of_an_incident(
    client: httpx.AsyncClient, world: World
) -> None:
    await people(world, client)
    said = BROKEN | {"severity": "sev2", "components": {"checkout": "partial_outage"}}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("", said),
        ("/INC-1/updates", {"body": "Found it.", "status": "identified"}),
        ("/INC-1/updates", {"body": "Graver.", "severity": "sev1", "components": {"search": "major_outage"}}),
        ("/INC-1/updates", {"body": "It is over.", "status": "resolved"}),
        ("/INC-1/updates", {"body": "Quietly.", "status": "investigating", "notify": False}),
    ]
    reasons: set[str] = set()
    for version, (path, body) in enumerate(steps, 1):
        shown = await previewed(client, path, **body)
        assert shown["version"] == version
        assert (await client.post(f"/v1/incidents{path}", json=body)).status_code == 202
        await world.spread()
        assert reach(shown) == await ledger(world, version), f"version {version}"
        reasons |= set(shown["reach"]["by_reason"])
        if version > 2:  # what never went out is still owed, and a preview has to know it
            await world.deliver()
    assert reasons >= {
        *("opted_out", "unconfirmed", "below_least_severity", "components_not_chosen", "phase_not_chosen"),
    }  # fmt: skip


async def test_a_mute_and_a_fallback_are_seen_before(client: httpx.AsyncClient, world: World) -> None:
    await people(world, client)
    first = await world.person("gone@example.com", state="quarantined")
    [(subscriber,)] = await world.rows("SELECT subscriber_id FROM endpoint WHERE id = :id", id=first)
    second = await world.person("+15005550010", channel=ChannelName.SMS, subscriber=subscriber, least="sev1")
    await world.run("UPDATE endpoint SET fallback_id = :second WHERE id = :first", first=first, second=second)
    shown = await previewed(client)
    assert reach(shown)["customers", "sms", None] == 1
    await world.run("INSERT INTO mute (public_id, channel, reason, until, created_by) "
                    "SELECT 'm', 'email', 'Known.', tocsin_epoch() + 3600, 'test'")  # fmt: skip
    shown = await previewed(client)
    assert reach(shown)["customers", "email", "muted"] > 30
    await client.post("/v1/incidents", json=BROKEN)
    await world.spread()
    assert reach(shown) == await ledger(world, 1)


async def test_nothing_at_all_is_written(client: httpx.AsyncClient, world: World) -> None:
    await people(world, client)
    await client.post("/v1/incidents", json=BROKEN)
    await world.spread()
    before = await contents(world)
    assert len(before) > 20
    await previewed(client)
    await previewed(client, "/INC-1/updates", body="Fixed.", status="resolved")
    refused = await client.post("/v1/incidents/preview", json=BROKEN | {"components": {"nowhere": "operational"}})
    assert refused.status_code == 422
    assert await contents(world) == before


async def test_a_preview_is_refused_where_the_real_one_would_be(client: httpx.AsyncClient) -> None:
    wrong: list[dict[str, Any]] = [
        BROKEN | {"components": {"nowhere": "major_outage"}},
        BROKEN | {"audiences": ["nobody"]},
        BROKEN | {"audiences": ["oncall"], "texts": {"customers": "x"}},
        BROKEN | {"boddy": "x"},
        {"body": "no title"},
    ]
    for body in wrong:
        answers = [await client.post(f"/v1/incidents{path}", json=body) for path in ("/preview", "")]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert answers[0].json() == answers[1].json()
    await client.post("/v1/incidents", json=BROKEN)
    moved = await client.post("/v1/incidents/INC-1/updates/preview", json={"body": "x", "status": "postmortem"})
    assert moved.status_code == 409
    assert "can become" in is_problem(moved)["detail"]
    assert (await client.post("/v1/incidents/INC-9/updates/preview", json={"body": "x"})).status_code == 404


async def test_each_channel_shows_its_words_for_each_audience_and_language(
    client: httpx.AsyncClient, world: World
) -> None:
    await people(world, client)
    await world.run("UPDATE subscriber SET locale = 'de' WHERE public_id LIKE 'crowd%'")
    shown = await previewed(
        client,
        **BROKEN,
        texts={"oncall": "psp-gw-3 times out", "customers.de": "Zahlungen schlagen fehl."},
        audiences=["oncall", "customers"],
        components={"checkout": "partial_outage"},
    )
    samples = {(one["channel"], one["audience"], one["language"]): one for one in shown["samples"]}
    inside = samples["email", "oncall", "en"]["content"]
    outside = samples["email", "customers", "de"]
    assert inside["subject"] == "[Investigating] Checkout is failing"
    assert "psp-gw-3" in inside["text"]
    assert "psp-gw-3" in inside["html"]
    assert "<html" in inside["html"]
    assert outside["endpoints"] == 30
    assert "Zahlungen schlagen fehl." in outside["content"]["text"]
    assert outside["content"]["subject"] == "[Wird untersucht] Checkout is failing"
    assert not [one for one in shown["samples"] if one["audience"] == "customers" and "psp-gw-3" in str(one)]

    text = samples["sms", "customers", "en"]["content"]
    assert (text["encoding"], text["segments"]) == ("GSM-7", 1)
    [post] = samples["social", "customers", "en"]["content"]["posts"]
    assert post["link"] in post["text"]
    assert 0 < post["length"] <= post["limit"] == 280
    assert ("social", "oncall", "en") not in samples, "accounts speak to everybody"
    assert samples["webhook", "customers", "en"]["content"]["payload"]["incident"]["name"] == BROKEN["title"]
    assert samples["chat", "customers", "en"]["content"]["slack"]["blocks"]


async def test_an_author_is_warned_before_anybody_reads_it(client: httpx.AsyncClient, world: World) -> None:
    def codes(shown: dict[str, Any]) -> set[str]:
        return {one["code"] for one in shown["warnings"]}

    assert {"nobody_hears", "no_components", "link_on_x"} <= codes(await previewed(client))
    await people(world, client)
    long = "支付宝付款失败我们正在调查原因请稍后再试谢谢您的耐心等待" * 2
    shown = await previewed(
        client, title=long, body="x", audiences=["oncall", "support", "staff"], texts={"support": "y"}
    )
    assert {"text_inherited", "audience_hears_nothing"} <= codes(shown)
    assert "several_segments" in codes(await previewed(client, title=long, body="x"))
    inherited = [one["detail"] for one in shown["warnings"] if one["code"] == "text_inherited"]
    assert inherited == [
        "oncall has no text of its own and reads the text for support.",
        "staff has no text of its own and reads `body`.",
    ]
    assert "notify_is_off" in codes(await previewed(client, **BROKEN, notify=False))
