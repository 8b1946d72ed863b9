"""Rooms of Slack and Teams, and webhooks, that join by the page: over the wire, to services to practise on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from delivery.world import World
from joining import ADA, endpoint_of, endpoints, press, words
from post_office import PostOffice
from tocsin.domain.channel import Channel, ChannelName
from tocsin.domain.language import ENGLISH_ALONE
from tocsin.domain.tokens import Signer
from tocsin.practice.chat import ChatServices
from tocsin.practice.chat_log import Kept
from tocsin.practice.chat_log import find as posts
from tocsin.practice.http import PracticeHttp
from tocsin.practice.webhook import Webhooks
from tocsin.practice.webhook_log import find as calls
from tocsin.sections import Chat, Webhook
from tocsin.services.compose import Composer
from tocsin.settings import Settings

SLACK = "https://hooks.slack.com/services/T0PRACTICE/B0PRACTICE/incidents"
TEAMS = "https://prod-00.westeurope.logic.azure.com/workflows/incidents/triggers/manual/paths/invoke?sig=s3cr3t"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
async def services(outbox: Path) -> AsyncIterator[str]:
    """Return where the look-alikes of Slack and Teams, and the receivers, are."""
    async with PracticeHttp([ChatServices(outbox), Webhooks(outbox)]) as server:
        yield server.host


@pytest.fixture
def settings(settings: Settings, services: str) -> Settings:
    chat = Chat(slack_url=f"http://{services}", teams_url=f"http://{services}")
    return settings.model_copy(update={"chat": chat, "webhook": Webhook(practice_host=services)})


async def tell(world: World, app: FastAPI, channel: ChannelName, body: str) -> None:
    """Publish an incident and deliver it by the installation's own channel."""
    carrier: Channel = app.state.site.channels[channel]
    secret = app.state.settings.secret.get_secret_value()
    composer = Composer(
        carrier, world.pool, world.audiences, ENGLISH_ALONE, brand="Acme", url="https://acme.test", secret=secret
    )
    await world.say(body)
    await world.spread()
    await world.deliver(replace(world.way(), channel=carrier, compose=composer.compose))


def newest(outbox: Path) -> Kept:
    return max(posts(outbox), key=lambda post: post.id)


@pytest.mark.parametrize(("address", "service"), [(SLACK, "slack_webhook"), (TEAMS, "teams")])
async def test_a_room_joins_by_the_link_that_is_posted_in_it(
    visitor: httpx.AsyncClient, app: FastAPI, world: World, office: PostOffice, outbox: Path, address: str, service: str
) -> None:
    office.carriers[ChannelName.CHAT] = app.state.site.channels[ChannelName.CHAT]
    asked = await visitor.post("/subscribe", data={"channel": "chat", "address_chat": address})
    assert asked.headers["location"] == "/subscribe/sent?channel=chat"
    assert await office.send(ChannelName.CHAT) == 1
    question = newest(outbox)
    assert (question.service, question.channel) == (service, "incidents")
    [link] = set(re.findall(r"/confirm/[\w-]+(?=[\"'|>)\s])", f"{question.text} {question.content} "))
    shown = words(await visitor.get(link))
    assert "s3cr3t" not in shown, "the page names the room by as little as its people need"
    assert "B0PRACTICE" not in shown
    done = await visitor.post(link, data={"do": "yes"})
    assert await endpoints(world) == [("chat", address, "active")]
    assert "You are subscribed." in words(await visitor.get(done.headers["location"]))
    await tell(world, app, ChannelName.CHAT, "We look into it.")
    assert "We look into it." in f"{newest(outbox).text} {newest(outbox).content}"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/services/T0/B0/x",
        "https://hooks.slack.com.evil.example/services/T0/B0/x",
        "https://hooks.slack.com@127.0.0.1/services/T0/B0/x",
        "http://169.254.169.254/latest/meta-data",
        "slack:#incidents",
        "apprise:discord://id/token",
        "ada@example.com",
        "",
    ],
)
async def test_only_links_of_slack_and_teams_are_rooms(visitor: httpx.AsyncClient, world: World, address: str) -> None:
    refused = await visitor.post("/subscribe", data={"channel": "chat", "address_chat": address})
    assert refused.status_code == 422
    assert "Give the address of a Slack or Teams webhook: https://…" in words(refused)
    assert await world.rows("SELECT count(*) FROM opt_in") == [(0,)]


async def joined(
    visitor: httpx.AsyncClient, office: PostOffice, services: str, name: str = "ours", **fields: str
) -> str:
    """Subscribe a receiver, say yes by its owner's mail, and return the way to what they chose."""
    typed = {"channel": "webhook", "address_webhook": f"http://{services}/webhook/{name}", "address_owner": ADA}
    assert (await visitor.post("/subscribe", data=typed | fields)).status_code == 303
    done = await visitor.post(await office.path(ADA), data={"do": "yes"})
    return done.headers["location"].partition("?")[0]


async def test_a_webhook_joins_by_its_owners_mail_and_its_own_answer(
    visitor: httpx.AsyncClient, app: FastAPI, world: World, office: PostOffice, services: str, outbox: Path
) -> None:
    url = f"http://{services}/webhook/ours"
    page = await joined(visitor, office, services)
    assert await endpoints(world) == [("email", ADA, "paused"), ("webhook", url, "unconfirmed")]
    assert calls(outbox) == [], "nobody is called before somebody at the address of its owner said yes"
    await tell(world, app, ChannelName.WEBHOOK, "We look into it.")
    assert calls(outbox) == [], "nor before the receiver did"
    assert "It is called once it has answered a challenge." in words(await visitor.get(page))

    answered = await press(visitor, page, "challenge", endpoint=await endpoint_of(world, url))
    [secret] = SECRET.findall(words(answered))
    assert answered.headers["cache-control"] == "no-store"
    assert not SECRET.search(words(await visitor.get(page))), "it is shown this once"
    assert not SECRET.search((await visitor.get(f"{page}/data.json")).text)
    assert await endpoints(world) == [("email", ADA, "paused"), ("webhook", url, "active")]
    evidence = await world.rows("SELECT channel, what, how FROM consent WHERE what = 'confirmed' ORDER BY id")
    assert evidence == [("email", "confirmed", "link"), ("webhook", "confirmed", "challenge")]

    async with httpx.AsyncClient() as receiver:
        await receiver.put(f"{url}/secret", content=secret)
        await tell(world, app, ChannelName.WEBHOOK, "It is worse.")
        assert calls(outbox)[0].signature == "right"
        rotated = await press(visitor, page, "rotate", endpoint=await endpoint_of(world, url))
        [newer] = SECRET.findall(words(rotated))
        assert newer != secret
        await tell(world, app, ChannelName.WEBHOOK, "It is better.")
        assert calls(outbox)[0].signature == "right", "for a day the one before counts as well"
        await receiver.put(f"{url}/secret", content=newer)
        await tell(world, app, ChannelName.WEBHOOK, "It is fine.")
        assert calls(outbox)[0].signature == "right"
        await world.later(86_401)
        await receiver.put(f"{url}/secret", content=secret)
        await tell(world, app, ChannelName.WEBHOOK, "It is back.")
        assert calls(outbox)[0].signature == "wrong", "then it counts no more"


async def test_a_receiver_that_does_not_repeat_the_challenge_is_not_called(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, services: str
) -> None:
    page = await joined(visitor, office, services, "mute")
    asked = await press(
        visitor, page, "challenge", endpoint=await endpoint_of(world, f"http://{services}/webhook/mute")
    )
    assert asked.status_code == 422
    assert "It did not repeat the challenge." in words(asked)
    assert not SECRET.search(asked.text)
    assert (await endpoints(world))[1][2] == "unconfirmed"


async def test_nobody_has_a_receiver_challenged_without_end(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, services: str, outbox: Path
) -> None:
    page = await joined(visitor, office, services, "mute")
    name = await endpoint_of(world, f"http://{services}/webhook/mute")
    answers = [words(await press(visitor, page, "challenge", endpoint=name)) for _ in range(11)]
    assert "It was asked too often. Try again in an hour." in answers[-1]
    assert len(calls(outbox)) == 10


async def test_who_is_subscribed_already_adds_a_webhook_from_the_page_of_strangers(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, services: str
) -> None:
    await world.person(ADA, state="opted_out")
    await joined(visitor, office, services)
    url = f"http://{services}/webhook/ours"
    assert await endpoints(world) == [("email", ADA, "opted_out"), ("webhook", url, "unconfirmed")]
    assert await world.rows("SELECT count(DISTINCT subscriber_id) FROM endpoint WHERE channel <> 'status_page'") == [
        (1,)
    ]
    await joined(visitor, office, services, "second", mail_too="1")
    assert [row[2] for row in await endpoints(world)] == ["active", "unconfirmed", "unconfirmed"]


async def test_a_webhook_that_somebody_else_has_is_not_taken_from_them(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, services: str, settings: Settings
) -> None:
    mine = await joined(visitor, office, services)
    url = f"http://{services}/webhook/ours"
    await press(visitor, mine, "challenge", endpoint=await endpoint_of(world, url))
    typed = {"channel": "webhook", "address_webhook": url}
    await visitor.post("/subscribe", data=typed | {"address_owner": "eve@example.com"})
    done = await visitor.post(await office.path("eve@example.com"), data={"do": "yes"})
    page = done.headers["location"].partition("?")[0]
    [(owner, receiver)] = await world.rows(
        "SELECT address, (SELECT public_id FROM endpoint WHERE channel = 'webhook') FROM endpoint WHERE"
        " channel = 'email' AND subscriber_id = (SELECT subscriber_id FROM endpoint WHERE channel = 'webhook')"
    )
    assert owner == ADA
    for do in ("challenge", "rotate", "stop"):
        assert (await press(visitor, page, do, endpoint=receiver)).status_code == 404
    [(number,)] = await world.rows("SELECT id FROM endpoint WHERE address = 'eve@example.com'")
    token = Signer(settings.secret.get_secret_value(), "unsubscribe").make(number)
    assert "webhook/ours" not in (await visitor.get(f"/unsubscribe/{token}")).text


@pytest.mark.parametrize("by", ["subscribe", "manage"])
async def test_nobody_is_kept_from_their_own_receiver_by_a_stranger_who_wrote_it_down_first(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, services: str, by: str
) -> None:
    url = f"http://{services}/webhook/ours"
    typed = {"channel": "webhook", "address_webhook": url, "address_owner": "eve@example.com"}
    await visitor.post("/subscribe", data=typed)
    theirs = await visitor.post(await office.path("eve@example.com"), data={"do": "yes"})
    if by == "subscribe":
        mine = await joined(visitor, office, services)
    else:
        await world.person(ADA)
        await visitor.post("/manage", data={"address": ADA})
        mine = await office.path(ADA)
        assert "The address is added." in words(await press(visitor, mine, "add", channel="webhook", address=url))
    answered = await press(visitor, mine, "challenge", endpoint=await endpoint_of(world, url))
    assert SECRET.search(words(answered))
    page = theirs.headers["location"].partition("?")[0]
    assert url not in words(await visitor.get(page))
    taken = await press(visitor, page, "add", channel="webhook", address=url)
    assert "This address can't be added here" in words(taken)
