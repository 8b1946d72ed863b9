"""The practice receivers of webhooks, through the channel as it is in production: each does what its table says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from hooks import SECRET, message, post
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, Ambiguous, TooFast, TryAgain
from tocsin.domain.reach import Reach
from tocsin.domain.signing import signing_secret
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.webhook import Webhooks
from tocsin.practice.webhook_behaviour import BEHAVIOURS
from tocsin.practice.webhook_log import Call, find, read
from tocsin_channels.webhook.channel import WebhookChannel


@dataclass
class Practice:
    host: str
    outbox: Path
    channel: WebhookChannel

    async def call(self, name: str, id_: str = "abc.def", keys: tuple[str, ...] = (SECRET,)) -> Result | None:
        told = message(self.channel, f"http://{self.host}/webhook/{name}", id_=id_, keys=keys)
        return (await post(self.channel, told))[0]

    def calls(self) -> list[Call]:
        return find(self.outbox)


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[Practice]:
    outbox = outbox_path(tmp_path)
    async with PracticeHttp([Webhooks(outbox)]) as server:
        channel = WebhookChannel(Reach(practice=server.host), seconds=3.0)
        yield Practice(server.host, outbox, channel)
        await channel.close()


MEANS: dict[str, type[Result]] = {
    "gone": AddressDead,
    "busy": TooFast,
    "broken": TryAgain,
    "redirect": TryAgain,
    "slow": Accepted,
    "silent": Ambiguous,
    "hangup": Ambiguous,
    "garbage": Ambiguous,
    "html": Accepted,
    "mute": Accepted,
}


def test_every_receiver_of_the_table_is_tried() -> None:
    assert set(MEANS) == {behaviour.name for behaviour in BEHAVIOURS}


@pytest.mark.parametrize("name", sorted(MEANS))
async def test_a_receiver_does_what_its_table_says(practice: Practice, name: str) -> None:
    assert type(await practice.call(f"{name}+two")) is MEANS[name]
    [call] = practice.calls()
    assert (call.name, call.webhook_id, call.about) == (f"{name}+two", "msg_abc_def", "Checkout is failing")
    assert call.kept is (name in {"slow", "hangup", "garbage", "html", "mute"})


async def test_any_other_name_takes_its_calls(practice: Practice) -> None:
    assert await practice.call("acme") == Accepted(code=200)
    [call] = practice.calls()
    assert (call.type, call.signature, call.answer, call.kept) == ("incident.opened", "unchecked", "200", True)
    opened = read(practice.outbox, call.id)
    assert opened is not None
    assert "webhook-signature: v1," in opened.headers
    assert "Checkout is failing" in opened.body


async def test_who_is_busy_takes_the_call_when_it_comes_again(practice: Practice) -> None:
    refused = await practice.call("busy")
    assert isinstance(refused, TryAgain)
    assert refused.retry_after == 2
    assert await practice.call("busy") == Accepted(code=200)
    assert isinstance(await practice.call("busy", "other.def"), TryAgain)


async def test_signatures_are_checked_once_the_secret_is_told(practice: Practice) -> None:
    async with httpx.AsyncClient(base_url=f"http://{practice.host}/webhook/acme") as client:
        assert (await client.put("/secret", content="no secret!")).status_code == 422
        assert (await client.put("/secret", content=f"{SECRET}\n")).status_code == 204
    assert await practice.call("acme") == Accepted(code=200)
    other = signing_secret("x" * 32, 1, 1)
    assert isinstance(await practice.call("acme", keys=(other,)), TryAgain)
    assert await practice.call("acme", keys=(other, SECRET)) == Accepted(code=200)
    assert [call.signature for call in practice.calls()] == ["right", "wrong", "right"]
    assert [call.kept for call in practice.calls()] == [True, False, True]


async def test_all_but_the_mute_repeat_a_challenge(practice: Practice) -> None:
    for name in ("acme", "gone"):
        assert await practice.channel.challenge(f"http://{practice.host}/webhook/{name}", SECRET)
    assert not await practice.channel.challenge(f"http://{practice.host}/webhook/mute", SECRET)


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert find(tmp_path / "outbox.sqlite") == []
    assert read(tmp_path / "outbox.sqlite", 1) is None


def test_the_documentation_has_the_same_table() -> None:
    told = (Path(__file__).parents[2] / "docs/channels.md").read_text()
    for behaviour in BEHAVIOURS:
        assert f"| `{behaviour.name}` | {behaviour.does} | {behaviour.then} |" in told
