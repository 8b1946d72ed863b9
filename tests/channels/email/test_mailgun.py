"""Mailgun's codes: each row's decision, one by one, and what a request to it holds."""

from __future__ import annotations

import re

import pytest

from contract.adapter import answer_json, path, send
from contract.mail_adapters import make_mailgun, write
from hooks import Call, answering, receiving, status
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.email.mailgun_codes import MAILGUN

DECISIONS: dict[str, type[DeliveryError]] = {
    "400": GiveUp,
    "401": ProviderDown,
    "402": ProviderDown,
    "403": ProviderDown,
    "404": ProviderDown,
    "406": GiveUp,
    "413": GiveUp,
    "420": ProviderDown,
    "429": TooFast,
    "500": TryAgain,
    "502": TryAgain,
    "503": TryAgain,
    "not a valid address": AddressDead,
    "not allowed to send": ProviderDown,
    "domain disabled": ProviderDown,
}


async def one(answer: bytes) -> tuple[Result, Call]:
    async with receiving(answering(answer)) as server:
        channel = make_mailgun(server.url.removesuffix("/hook"), 5.0)
        [result] = await send(channel, write(channel, ["ada@example.com"], ""))
        await channel.close()
        return result, server.calls[0]


def test_every_row_is_asserted() -> None:
    assert set(MAILGUN.codes) == set(DECISIONS)


@pytest.mark.parametrize("code", [code for code in DECISIONS if code.isdecimal()])
async def test_a_status_means(code: str) -> None:
    result, _ = await one(status(int(code), body=b"Forbidden"))
    assert type(result) is DECISIONS[code]


@pytest.mark.parametrize(
    ("code", "words", "decision"),
    [
        (400, "'to' parameter is not a valid address. please check documentation", AddressDead),
        (403, "Domain acme.example is not allowed to send: Free accounts are for test purposes only.", ProviderDown),
        (400, "Domain acme.example is disabled", ProviderDown),
        (418, "who knows", TryAgain),
    ],
)
async def test_words_say_what_a_status_does_not(code: int, words: str, decision: type[DeliveryError]) -> None:
    result, _ = await one(answer_json(code, {"message": words}))
    assert type(result) is decision


async def test_a_request_has_the_mail_as_it_is_and_our_name_of_the_delivery() -> None:
    result, call = await one(answer_json(200, {"id": "<m0a7@acme.example>", "message": "Queued."}))
    assert result == Accepted("m0a7@acme.example", code=200)
    assert path(call) == "/v3/acme.example/messages.mime"
    assert call.headers["authorization"] == "Basic YXBpOmtleQ=="
    assert re.search(rb'name="v:tocsin_delivery"\r\n(.+\r\n)*\r\ndelivery00000000xyz\r\n', call.body)
    assert b"Message-ID: <m0a7@acme.example>\r\n" in call.body
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in call.body
    assert re.search(rb'name="o:tracking"\r\n(.+\r\n)*\r\nno\r\n', call.body)


@pytest.mark.parametrize(("state", "fine"), [("active", True), ("unverified", False)])
async def test_the_domain_is_asked_for_and_nothing_is_sent(state: str, fine: bool) -> None:  # noqa: FBT001
    async with receiving(answering(answer_json(200, {"domain": {"state": state, "is_disabled": False}}))) as server:
        channel = make_mailgun(server.url.removesuffix("/hook"), 5.0)
        if fine:
            assert "is active; no receipts until email.mailgun_signing_key" in await channel.check()
        else:
            with pytest.raises(ProviderDown, match="unverified"):
                await channel.check()
        await channel.close()
    assert [call.line for call in server.calls] == ["GET /v4/domains/acme.example HTTP/1.1"]
