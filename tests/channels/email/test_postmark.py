"""Postmark's codes: each row's decision, one by one, and what a batch holds."""

from __future__ import annotations

import json

import pytest

from contract.adapter import answer_json, path, send
from contract.mail_adapters import make_postmark, write
from hooks import Call, answering, receiving, status
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.email.postmark_codes import POSTMARK

DECISIONS: dict[str, type[DeliveryError]] = {
    "10": ProviderDown,
    "100": TryAgain,
    "300": GiveUp,
    "400": ProviderDown,
    "401": ProviderDown,
    "402": GiveUp,
    "403": GiveUp,
    "405": ProviderDown,
    "406": AddressDead,
    "409": GiveUp,
    "410": GiveUp,
    "411": GiveUp,
    "412": ProviderDown,
    "413": ProviderDown,
    "429": TooFast,
    "1235": ProviderDown,
    "invalid 'to'": AddressDead,
    "invalid 'from'": ProviderDown,
    "HTTP 401": ProviderDown,
    "HTTP 403": ProviderDown,
    "HTTP 404": ProviderDown,
    "HTTP 413": GiveUp,
    "HTTP 415": GiveUp,
    "HTTP 422": GiveUp,
    "HTTP 429": TooFast,
    "HTTP 500": TryAgain,
    "HTTP 502": TryAgain,
    "HTTP 503": TryAgain,
}


async def posted(answer: bytes, *addresses: str) -> tuple[list[Result], list[Call]]:
    async with receiving(answering(answer)) as server:
        channel = make_postmark(server.url.removesuffix("/hook"), 5.0)
        results = await send(channel, write(channel, addresses or ["ada@example.com"], ""))
        await channel.close()
        return results, server.calls


def test_every_row_is_asserted() -> None:
    assert set(POSTMARK.codes) == set(DECISIONS)


@pytest.mark.parametrize("code", [code for code in DECISIONS if code.isdecimal()])
async def test_a_code_means_the_same_for_one_mail_and_for_a_whole_request(code: str) -> None:
    told = {"ErrorCode": int(code), "Message": "no"}
    [within], _ = await posted(answer_json(200, [told]))
    [whole], _ = await posted(answer_json(422, told))
    assert (type(within), type(whole)) == (DECISIONS[code], DECISIONS[code])


@pytest.mark.parametrize("code", [code for code in DECISIONS if code.startswith("HTTP")])
async def test_a_status_without_a_code_means(code: str) -> None:
    [result], _ = await posted(status(int(code[5:]), body=b"<html>"))
    assert type(result) is DECISIONS[code]


@pytest.mark.parametrize(
    ("words", "decision"),
    [
        ("Invalid 'To' address: 'nobody@'.", AddressDead),
        ("Error parsing 'To': Illegal email address 'a b'. It must contain the '@' symbol.", AddressDead),
        ("Error parsing 'From': Illegal email address 'Acme, Inc. <a@b>'.", ProviderDown),
        ("Error parsing 'ReplyTo': Illegal email address 'a b'.", GiveUp),
        ("Illegal email address 'a b'", GiveUp),  # as often ours
        ("Invalid 'From' address: 'status@acme.example' is not a verified sender signature.", ProviderDown),
        ("Provide either email TextBody or HtmlBody or both.", GiveUp),
    ],
)
async def test_words_say_what_300_does_not(words: str, decision: type[DeliveryError]) -> None:
    [result], _ = await posted(answer_json(200, [{"ErrorCode": 300, "Message": words}]))
    assert type(result) is decision


async def test_one_request_carries_them_all_and_each_has_its_own() -> None:
    answers = [{"ErrorCode": 0, "MessageID": f"id{n}", "To": "", "Message": "OK"} for n in range(3)]
    results, [call] = await posted(answer_json(200, answers), "ada@example.com", "bob@example.com", "cy@example.com")
    assert results == [Accepted(f"id{n}", code=200) for n in range(3)]
    assert path(call) == "/email/batch"
    for number, mail in enumerate(json.loads(call.body)):
        headers = {one["Name"]: one["Value"] for one in mail["Headers"]}
        assert headers["Message-ID"] == f"<m{number}a7@acme.example>"
        assert headers["X-PM-KeepID"] == "true"
        assert headers["List-Unsubscribe"] == f"<https://status.acme.example/unsubscribe/token{number}xyz>"
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["Metadata"] == {"tocsin_delivery": f"delivery{number:08}xyz"}
        assert (mail["From"], mail["MessageStream"]) == ('"Acme status" <status@acme.example>', "outbound")
        for body in ("TextBody", "HtmlBody"):
            assert f"/unsubscribe/token{number}xyz" in mail[body]
            assert "mark" not in mail[body].partition("/unsubscribe/")[2][:30]
        assert "Checkout is failing" in mail["Subject"]


async def test_the_server_is_asked_for_and_nothing_is_sent() -> None:
    async with receiving(answering(answer_json(200, {"Name": "Production", "DeliveryType": "Sandbox"}))) as server:
        channel = make_postmark(server.url.removesuffix("/hook"), 5.0)
        told = await channel.check()
        await channel.close()
    assert [call.line for call in server.calls] == ["GET /server HTTP/1.1"]
    assert "Production" in told
    assert "a sandbox, which delivers nothing" in told
