"""Calls over real sockets, to receivers that do everything receivers do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from standardwebhooks import Webhook

from hooks import (
    OK,
    SECRET,
    Answer,
    Call,
    answering,
    hang_up,
    message,
    post,
    receiving,
    say_nothing,
    status,
)
from tocsin.domain.channel import Accepted, OnUnknown, Result
from tocsin.domain.errors import AddressDead, Ambiguous, GiveUp, Refused, TryAgain
from tocsin.domain.reach import Reach
from tocsin.services import notice_words
from tocsin_channels.webhook.channel import WebhookChannel


async def test_a_call_is_signed_json_that_its_receiver_can_verify(channel: WebhookChannel) -> None:
    async with receiving(answering(OK)) as receiver:
        [result] = await post(channel, message(channel, receiver.url))
    assert result == Accepted(code=200)
    [call] = receiver.calls
    assert call.line == "POST /hook HTTP/1.1"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["webhook-id"] == "msg_abc_def"
    said = Webhook(SECRET).verify(call.body, call.headers)
    assert said["incident"]["name"] == "Checkout is failing"


async def test_a_canary_calls_its_receiver_without_a_signature(channel: WebhookChannel) -> None:
    canary = message(channel, "https://unused.example")._replace(secrets=(), token="")
    async with receiving(answering(OK)) as receiver:
        rendered = channel.render_notice(notice_words.canary("Acme", "https://acme.test"))
        [result] = await post(channel, canary._replace(address=receiver.url, rendered=rendered))
    assert result == Accepted(code=200)
    [call] = receiver.calls
    assert "webhook-signature" not in call.headers
    said = json.loads(call.body)
    assert (said["type"], said["page"]) == ("canary", {"name": "Acme", "url": "https://acme.test"})


async def test_a_resend_has_the_same_id_and_body_and_a_time_of_its_own(channel: WebhookChannel) -> None:
    assert channel.on_unknown is OnUnknown.RESEND_FREELY
    async with receiving(answering(OK)) as receiver:
        sent = message(channel, receiver.url)
        await post(channel, sent)
        await asyncio.sleep(1.1)
        await post(channel, sent)
    first, second = receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    Webhook(SECRET).verify(second.body, second.headers)


async def test_throttling_is_passed_on(channel: WebhookChannel) -> None:
    async with receiving(answering(status(429, "Retry-After: 7"))) as receiver:
        [result] = await post(channel, message(channel, receiver.url))
    assert isinstance(result, TryAgain)
    assert (result.code, result.retry_after) == (429, 7)


async def test_410_is_the_end_of_an_address(channel: WebhookChannel) -> None:
    async with receiving(answering(status(410))) as receiver:
        first, second = await post(channel, *(message(channel, receiver.url, id_=f"a{n}.b") for n in range(2)))
    assert isinstance(first, AddressDead)
    assert isinstance(second, AddressDead)
    assert len(receiver.calls) == 1


async def post_to(answer: Answer, channel: WebhookChannel) -> list[Result | None]:
    async with receiving(answer) as receiver:
        return await post(channel, message(channel, receiver.url))


async def test_a_redirect_is_not_followed(channel: WebhookChannel) -> None:
    async with receiving(answering(OK)) as elsewhere:
        moved = answering(status(307, f"Location: {elsewhere.url}"))
        [result] = await post_to(moved, channel)
    assert type(result) is TryAgain
    assert elsewhere.connections == 0


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b'{"ok":false,"error":"no"}', b"\xff\xfe\x00"])
async def test_2xx_is_success_whatever_it_says_and_none_of_it_is_shown(channel: WebhookChannel, body: bytes) -> None:
    async with receiving(answering(status(200, body=body))) as receiver:
        assert await post(channel, message(channel, receiver.url)) == [Accepted(code=200)]


async def test_what_a_receiver_says_is_never_shown(channel: WebhookChannel) -> None:
    answer = status(500, "Retry-After: <script>", body=b"secret-of-the-inside")
    async with receiving(answering(answer)) as receiver:
        [result] = await post(channel, message(channel, receiver.url))
    assert isinstance(result, TryAgain)
    assert "secret" not in result.note
    assert "script" not in result.note


async def test_an_answer_without_end_is_read_no_further_than_64_kb(channel: WebhookChannel) -> None:
    written = 0

    async def pour(_: Call, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\nContent-Encoding: gzip\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            written += 10_000
            await writer.drain()

    async with receiving(pour) as receiver:
        assert await post(channel, message(channel, receiver.url)) == [Accepted(code=200)]
    assert written < 20_000_000  # what the sockets held


async def test_a_body_that_never_comes_leaves_the_status_as_it_was(channel_with: Callable[..., WebhookChannel]) -> None:
    channel = channel_with(seconds=0.5)
    half = answering(
        b"HTTP/1.1 204 Fine\r\nContent-Length: 10\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"
    )
    async with receiving(half) as receiver:
        for code in (204, 200):
            assert await post(channel, message(channel, receiver.url)) == [Accepted(code=code)]


async def test_silence_after_the_call_is_doubt(channel_with: Callable[..., WebhookChannel]) -> None:
    channel = channel_with(seconds=0.5)
    async with receiving(say_nothing) as receiver:
        [result] = await post(channel, message(channel, receiver.url))
    assert isinstance(result, Ambiguous)
    assert "0.5 s" in result.note


async def test_a_connection_cut_after_the_call_is_doubt(channel: WebhookChannel) -> None:
    async with receiving(hang_up) as receiver:
        [result] = await post(channel, message(channel, receiver.url))
    assert len(receiver.calls) == 1
    assert isinstance(result, Ambiguous)


@pytest.mark.parametrize(
    "garbage", [b"\x00\x01 what is this?\r\n\r\n", b"220 mail.example ESMTP\r\n", b"HTTP/9 yes\r\n\r\n"]
)
async def test_an_answer_that_is_not_http_is_doubt(channel: WebhookChannel, garbage: bytes) -> None:
    async with receiving(answering(garbage)) as receiver:
        [result] = await post(channel, message(channel, receiver.url))
    assert isinstance(result, Ambiguous)
    assert "not HTTP" in result.note


async def test_nobody_listening_is_tried_again(channel: WebhookChannel) -> None:
    async with receiving(answering(OK)) as receiver:
        pass
    [result] = await post(channel, message(channel, receiver.url))
    assert type(result) is TryAgain
    assert "refused" in result.note


async def test_a_name_that_nobody_has_is_tried_again(channel_with: Callable[..., WebhookChannel]) -> None:
    def nobody(host: str, port: int) -> list[tuple[object, ...]]:
        raise OSError(host, port)

    [result] = await post(channel_with(lookup=nobody), message(channel_with(), "https://nobody.example/"))
    assert type(result) is TryAgain
    assert "resolved" in result.note


async def test_a_server_without_tls_is_tried_again(channel: WebhookChannel) -> None:
    async with receiving() as receiver:
        [result] = await post(channel, message(channel, f"https://127.0.0.1:{receiver.port}/"))
    assert type(result) is TryAgain


async def test_calls_to_one_address_keep_their_order_and_stop_at_the_first_that_fails(channel: WebhookChannel) -> None:
    answers = answering(OK, status(503, "Retry-After: 9"))
    async with receiving(answers) as receiver:
        results = await post(channel, *(message(channel, receiver.url, id_=f"a{n}.b") for n in range(4)))
    assert results[0] == Accepted(code=200)
    assert [type(result) for result in results[1:]] == [TryAgain] * 3
    assert [result.retry_after for result in results if isinstance(result, TryAgain)] == [9, 9, 9]
    assert [call.headers["webhook-id"] for call in receiver.calls] == ["msg_a0_b", "msg_a1_b"]


async def test_a_slow_receiver_holds_nobody_up(channel_with: Callable[..., WebhookChannel]) -> None:
    channel = channel_with(seconds=30.0)
    done: list[int] = []
    all_quick = asyncio.Event()

    def answered(index: int, _: object) -> None:
        done.append(index)
        if len(done) == 40:
            all_quick.set()

    async with receiving(say_nothing) as slow, receiving(answering(OK)) as quick:
        urls = [slow.url, *(f"{quick.url}/{n}" for n in range(40))]
        sending = asyncio.create_task(channel.send([message(channel, url) for url in urls], answered))
        await asyncio.wait_for(all_quick.wait(), 20)
        assert 0 not in done
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_no_cookie_is_kept_and_no_proxy_is_asked(
    channel: WebhookChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        receiving(answering(OK)) as proxy,
        receiving(answering(status(200, "Set-Cookie: a=b; Path=/"))) as receiver,
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for _ in range(2):
            assert await post(channel, message(channel, receiver.url)) == [Accepted(code=200)]
        assert proxy.connections == 0
    assert all("cookie" not in call.headers for call in receiver.calls)


async def test_an_address_that_may_not_be_called_any_more_is_given_up(
    channel_with: Callable[..., WebhookChannel],
) -> None:
    strict = channel_with(Reach())
    async with receiving(answering(OK)) as receiver:
        [result] = await post(strict, message(strict, receiver.url))
    assert isinstance(result, GiveUp)
    assert receiver.connections == 0


async def test_receivers_report_nothing_later(channel: WebhookChannel) -> None:
    with pytest.raises(Refused):
        channel.read_receipt(b"{}", {}, "")
