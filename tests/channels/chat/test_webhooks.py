"""Incoming webhooks of Slack and workflows of Teams, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_to_send import accepted, refused, send_to
from tocsin.domain.channel import Accepted
from tocsin.domain.chat_address import ChatRules
from tocsin.domain.errors import AddressDead, Ambiguous, DeliveryError, GiveUp, TooFast, TryAgain
from tocsin.domain.reach import Reach
from tocsin.practice.chat_log import find, requests
from tocsin_channels.chat.channel import ChatChannel
from tocsin_channels.chat.wire import open_session, translated

SLACK = "https://hooks.slack.com/services/T0PRACTICE/B0PRACTICE/"
FLOW = "https://prod-00.westeurope.logic.azure.com:443/workflows/{}/triggers/manual/paths/invoke?sig=s3cr3t-s1gn4tur3"


async def test_a_webhook_gets_the_whole_story_in_a_post_of_its_own(channel: ChatChannel, outbox: Path) -> None:
    assert accepted(await send_to(channel, SLACK + "incidents")).thread == ""
    [post] = find(outbox)
    assert (post.service, post.channel) == ("slack_webhook", "incidents")
    assert post.content[0]["text"]["text"] == "▲ Checkout is failing"
    assert post.text.startswith("▲ Checkout is failing\nWe see failed payments")


async def test_a_workflow_gets_a_card(channel: ChatChannel, outbox: Path) -> None:
    result = accepted(await send_to(channel, FLOW.format("incidents")))
    assert result.code == 202
    assert result.provider_id.startswith("run-")
    [post] = find(outbox)
    assert (post.service, post.channel) == ("teams", "incidents")
    assert post.content["version"] == "1.2"
    assert post.content["actions"][0]["url"] == "https://status.acme.example/incidents/abc123def456"


async def test_the_newer_address_of_workflows_is_known_too(channel: ChatChannel, outbox: Path) -> None:
    address = (
        "https://default0.d6.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/ours/"
        "triggers/manual/paths/invoke?api-version=1&sig=abcdef"
    )
    accepted(await send_to(channel, address))
    assert find(outbox)[0].service == "teams"


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("archived", AddressDead, "channel_is_archived"),
        ("missing", AddressDead, "no_service"),
        ("uninvited", AddressDead, "action_prohibited"),
        ("busy", TooFast, "rate_limited"),
        ("stumbles", TryAgain, "rollup_error"),
        ("pretends", TryAgain, "200 and a page of HTML"),
        ("page", TryAgain, "200 and a page of HTML"),
        ("hangup", Ambiguous, "broke off"),
    ],
)
async def test_webhooks_say_no_in_plain_text(
    name: str, kind: type[DeliveryError], says: str, channel: ChatChannel
) -> None:
    result = refused(await send_to(channel, SLACK + name))
    assert type(result) is kind
    assert says in result.note


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("archived", AddressDead, "WorkflowNotFound"),
        ("missing", AddressDead, "signature"),
        ("uninvited", GiveUp, "switched it off"),
        ("busy", TooFast, "429"),
        ("stumbles", TryAgain, "502"),
        ("pretends", TooFast, "429 (within a 200)"),
        ("page", TryAgain, "200 and a page of HTML"),
        ("hangup", Ambiguous, "broke off"),
    ],
)
async def test_workflows_say_no_by_status_or_within_a_200(
    name: str, kind: type[DeliveryError], says: str, channel: ChatChannel
) -> None:
    result = refused(await send_to(channel, FLOW.format(name)))
    assert type(result) is kind
    assert says in result.note
    assert "s3cr3t" not in result.note


@pytest.mark.parametrize("address", [SLACK + "busy", FLOW.format("busy")])
async def test_retry_after_is_honoured_and_nothing_is_tried_twice(
    address: str, channel: ChatChannel, outbox: Path
) -> None:
    result = refused(await send_to(channel, address))
    assert isinstance(result, TryAgain)
    assert result.retry_after == 1.0
    assert len(requests(outbox)) == 1


@pytest.mark.parametrize("address", [SLACK + "silent", FLOW.format("silent")])
async def test_no_answer_is_unknown(address: str, services: str, channel_to: Callable[..., ChatChannel]) -> None:
    assert isinstance(await send_to(channel_to(services, seconds=0.5), address), Ambiguous)


@pytest.mark.parametrize(
    ("status", "pieces", "expected"),
    [
        (b"200 OK", (b"Microsoft Teams endpoint ", b"returned HTTP error 429"), TooFast),
        (b"400 Bad Request", (b'{"error":{"code":', b'"WorkflowNotFound"}}'), AddressDead),
        (b"202 Accepted", (b"", b""), Accepted),  # its body never comes: it was taken all the same
    ],
)
async def test_a_workflow_that_answers_in_pieces_is_heard_to_the_end(
    status: bytes, pieces: tuple[bytes, bytes], expected: type, channel_to: Callable[..., ChatChannel]
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = sum(map(len, pieces)) or 10
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n" % (status, length))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.1)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/workflows/x"
        assert type(await send_to(channel_to(), address)) is expected


async def test_a_redirect_is_not_followed(channel_to: Callable[..., ChatChannel]) -> None:
    came: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.readuntil(b"\r\n"))
        writer.write(b"HTTP/1.1 307 Elsewhere\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for path in ("/services/a/b/token", "/workflows/x"):
            result = refused(await send_to(channel_to(), address + path))
            assert type(result) is TryAgain
            assert "where we do not go" in result.note
    assert len(came) == 2


async def test_what_is_no_http_is_unknown(channel_to: Callable[..., ChatChannel]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x00\x01 what is this?\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/services/T0/B0/s3cr3t"
        result = refused(await send_to(channel_to(), address))
    assert type(result) is Ambiguous
    assert "s3cr3t" not in result.note


async def test_a_name_that_leads_into_a_private_network_is_not_called(services: str) -> None:
    # localhost stands for a name that was allowed, and that its owner has since pointed at us.
    address = services.replace("127.0.0.1", "localhost") + "/api/auth.test"
    for reach, is_called in ((Reach(), False), (Reach(private=True), True), (None, True)):
        async with open_session(2.0, reach) as session:
            if is_called:
                assert (await session.post(address)).status == 200
                continue
            with pytest.raises(TryAgain, match="private network"), translated("The workflow"):
                await session.post(address)


async def test_an_address_that_settings_have_closed_since_is_given_up(channel_to: Callable[..., ChatChannel]) -> None:
    channel = channel_to(rules=ChatRules())
    for address in ("slack:#incidents", "https://chat.acme.example/hooks/s3cr3t", "apprise:discord://s3cr3t/s3cr3t"):
        result = refused(await send_to(channel, address))
        assert type(result) is GiveUp
        assert "does not write to" in result.note
        assert "s3cr3t" not in result.note
