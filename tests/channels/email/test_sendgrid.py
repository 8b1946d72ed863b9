"""SendGrid's codes: each row's decision, one by one, and what a request of many mails holds."""

from __future__ import annotations

import time

import pytest

from contract.adapter import answer_json, fields, path, send
from contract.mail_adapters import make_sendgrid, write
from hooks import Call, answering, receiving, status
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.email.sendgrid_codes import SENDGRID

DECISIONS: dict[str, type[DeliveryError]] = {
    "400": GiveUp,
    "401": ProviderDown,
    "403": ProviderDown,
    "404": ProviderDown,
    "405": ProviderDown,
    "406": GiveUp,
    "413": GiveUp,
    "415": GiveUp,
    "429": TooFast,
    "500": TryAgain,
    "502": TryAgain,
    "503": TryAgain,
    "to": AddressDead,
    "personalizations": GiveUp,
    "from": ProviderDown,
}
TAKEN = status(202, "X-Message-Id: 14c5d75ce93")


async def posted(*answers: bytes, to: tuple[str, ...] = ("ada@example.com",)) -> tuple[list[Result], list[Call]]:
    async with receiving(answering(*answers)) as server:
        channel = make_sendgrid(server.url.removesuffix("/hook"), 5.0)
        results = await send(channel, write(channel, to, ""))
        await channel.close()
        return results, server.calls


def refusal(*fields_: str) -> bytes:
    return answer_json(400, {"errors": [{"message": "no", "field": field, "help": None} for field in fields_]})


def test_every_row_is_asserted() -> None:
    assert set(SENDGRID.codes) == set(DECISIONS)


@pytest.mark.parametrize("code", [code for code in DECISIONS if code.isdecimal()])
async def test_a_status_means(code: str) -> None:
    [result], _ = await posted(answer_json(int(code), {"errors": [{"message": "no", "field": None}]}))
    assert type(result) is DECISIONS[code]


@pytest.mark.parametrize(
    ("field", "decision"),
    [
        ("personalizations.0.to.0.email", AddressDead),
        ("personalizations[0].to[0].email", AddressDead),
        ("personalizations.0.headers", GiveUp),
        ("from.email", ProviderDown),
    ],
)
async def test_a_field_says_whom_a_refusal_is_about(field: str, decision: type[DeliveryError]) -> None:
    [result], calls = await posted(refusal(field))
    assert (type(result), len(calls)) == (decision, 1)


async def test_whoever_is_named_is_left_out_and_the_others_are_asked_for_again() -> None:
    to = ("ada@example.com", "bad@example.com", "cy@example.com")
    results, calls = await posted(refusal("personalizations.1.to.0.email"), TAKEN, to=to)
    assert [type(result) for result in results] == [Accepted, AddressDead, Accepted]
    assert [len(fields(call)["personalizations"]) for call in calls] == [3, 2]


async def test_where_nobody_is_named_the_guilty_one_is_found_by_halves() -> None:
    to = ("ada@example.com", "bad@example.com", "cy@example.com")
    # All of them, the first alone, the other two, the second alone, the third alone.
    results, calls = await posted(refusal(""), TAKEN, refusal(""), refusal(""), TAKEN, to=to)
    assert [type(result) for result in results] == [Accepted, GiveUp, Accepted]
    assert len(calls) == 5


async def test_an_address_that_comes_twice_goes_in_two_requests() -> None:
    results, calls = await posted(TAKEN, to=("ada@example.com", "bob@example.com", "Ada@example.com"))
    assert [type(result) for result in results] == [Accepted] * 3
    assert [len(fields(call)["personalizations"]) for call in calls] == [2, 1]


async def test_the_words_go_out_once_and_each_recipient_has_their_own() -> None:
    results, [call] = await posted(TAKEN, to=("ada@example.com", "bob@example.com"))
    assert results == [Accepted("14c5d75ce93", code=202)] * 2
    assert path(call) == "/v3/mail/send"
    said = fields(call)
    assert said["from"] == {"email": "status@acme.example", "name": "Acme status"}
    assert [one["type"] for one in said["content"]] == ["text/plain", "text/html"]
    for number, person in enumerate(said["personalizations"]):
        [(mark, token)] = person["substitutions"].items()
        assert token == f"token{number}xyz"
        assert all(content["value"].count(f"/unsubscribe/{mark}") == 1 for content in said["content"])
        assert person["headers"]["Message-ID"] == f"<m{number}a7@acme.example>"
        assert person["headers"]["List-Unsubscribe"] == f"<https://status.acme.example/unsubscribe/{token}>"
        assert person["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert person["custom_args"] == {"tocsin_delivery": f"delivery{number:08}xyz"}
    assert not said["tracking_settings"]["click_tracking"]["enable"]


async def test_the_time_at_which_a_limit_ends_is_obeyed() -> None:
    [result], _ = await posted(status(429, f"X-RateLimit-Reset: {int(time.time()) + 100}"))
    assert isinstance(result, TryAgain)
    assert result.retry_after is not None
    assert 50 < result.retry_after <= 100


@pytest.mark.parametrize(("scopes", "fine"), [(["mail.send"], True), (["stats.read"], False)])
async def test_the_key_is_tried_and_nothing_is_sent(scopes: list[str], fine: bool) -> None:  # noqa: FBT001
    async with receiving(answering(answer_json(200, {"scopes": scopes}))) as server:
        channel = make_sendgrid(server.url.removesuffix("/hook"), 5.0)
        if fine:
            assert "our key may send" in await channel.check()
        else:
            with pytest.raises(ProviderDown, match=r"mail\.send"):
                await channel.check()
        await channel.close()
    assert [call.line for call in server.calls] == ["GET /v3/scopes HTTP/1.1"]
