"""Nobody is called for good who did not repeat a challenge."""

from __future__ import annotations

import asyncio
import json

import pytest
from standardwebhooks import Webhook

from hooks import SECRET, Call, answering, receiving, status
from tocsin.domain.errors import TryAgain
from tocsin_channels.webhook.channel import WebhookChannel


async def echo(call: Call, writer: asyncio.StreamWriter) -> None:
    body = json.dumps({"challenge": json.loads(call.body)["challenge"]}).encode()
    writer.write(status(200, "Content-Type: application/json", body=body))
    await writer.drain()


async def test_a_challenge_is_met_by_repeating_it(channel: WebhookChannel) -> None:
    async with receiving(echo) as receiver:
        assert await channel.challenge(receiver.url, SECRET)
        assert await channel.challenge(receiver.url, SECRET)
    said = [Webhook(SECRET).verify(call.body, call.headers) for call in receiver.calls]
    assert {one["type"] for one in said} == {"endpoint.challenge"}
    assert said[0]["challenge"] != said[1]["challenge"]
    assert "." not in receiver.calls[0].headers["webhook-id"]


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"OK",
            b"[]",
            b"null",
            b'{"challenge": null}',
            b'{"challenge": "guess"}',
            b'{"challenge": ["a"]}',
            b"\xff",
        ),
        *(b'{"challenge": "\\ud800"}', b"[" * 60_000, b'{"challenge":' * 5_000),
    ],
    ids=lambda body: body[:24],
)
async def test_anything_else_does_not_meet_it(channel: WebhookChannel, body: bytes) -> None:
    async with receiving(answering(status(200, body=body))) as receiver:
        assert not await channel.challenge(receiver.url, SECRET)


async def test_a_challenge_that_is_not_answered_says_why(channel: WebhookChannel) -> None:
    async with receiving(answering(status(404))) as receiver:
        with pytest.raises(TryAgain, match="404"):
            await channel.challenge(receiver.url, SECRET)
