"""Messages over real sockets: sealed for their browser, signed for its push service, never to where only we see."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest

from hooks import answering, receiving, status
from mail_to_send import chapter, story
from pushes import CONTACT, PRIVATE_KEY, WORDING, message, opened, practising, push_channel, send
from tocsin.domain.channel import Accepted, OnUnknown
from tocsin.domain.errors import AddressDead, Ambiguous, DeliveryError, GiveUp, Refused, TryAgain
from tocsin.domain.reach import Reach
from tocsin.domain.subscription import Subscription
from tocsin.domain.vapid_key import public_key
from tocsin.practice.push_browser import Browser, subscription_of
from tocsin_channels.push.channel import PushChannel
from tocsin_channels.push.seal import seal_all
from tocsin_channels.push.vapid import Vapid

ANYWHERE = Reach(private=True)
WHOLE = subscription_of("acme", "push.example")


def at(url: str) -> str:
    return Subscription(url, WHOLE.p256dh, WHOLE.auth).written


async def test_a_browser_can_open_what_it_gets_and_its_service_knows_us(tmp_path: Path) -> None:
    async with practising(tmp_path) as practice:
        assert await practice.push("acme") == [Accepted(code=201)]
        [got] = practice.got("acme")
    assert (got.vapid, got.urgency, got.ttl, got.kept) == ("right", "high", "14400", True)
    assert got.size < 4096
    assert opened(got)["title"] == "Checkout is failing"


async def test_what_is_sealed_for_one_browser_no_other_can_open(tmp_path: Path) -> None:
    async with practising(tmp_path) as practice:
        wrong = subscription_of("acme", practice.host)
        address = Subscription(f"http://{practice.host}/push/other", wrong.p256dh, wrong.auth).written
        await send(practice.channel, message(practice.channel, address))
        assert [got.opened for got in practice.got("other")] == [""]


async def test_a_newer_message_has_the_topic_of_the_older_one(tmp_path: Path) -> None:
    async with practising(tmp_path) as practice:
        for number in (1, 2):
            await practice.push("acme", told=story(chapter(version=number)))
        await practice.push("acme", told=story(chapter(incident="other")))
        third, second, first = practice.got("acme")
    assert first.topic == second.topic != third.topic


async def test_a_whole_batch_goes_out_and_each_gets_its_own(tmp_path: Path) -> None:
    names = [f"browser{n}" for n in range(120)]
    async with practising(tmp_path, seconds=60) as practice:
        assert await practice.push(*names) == [Accepted(code=201)] * len(names)
        assert all(opened(practice.got(name)[0])["tag"] == "abc123def456" for name in names)


async def test_one_that_cannot_be_sealed_for_stops_no_other(tmp_path: Path) -> None:
    async with practising(tmp_path) as practice:
        good = message(practice.channel, subscription_of("acme", practice.host).written)
        broken = [message(practice.channel, address) for address in ("{}", "x", '{"endpoint":1,"keys":[]}')]
        results = await send(practice.channel, broken[0], good, *broken[1:])
    assert [type(result) for result in results] == [GiveUp, Accepted, GiveUp, GiveUp]


async def test_silence_and_a_connection_cut_are_doubt_that_may_be_repeated(tmp_path: Path) -> None:
    assert PushChannel.on_unknown is OnUnknown.RESEND_FREELY
    async with practising(tmp_path, seconds=0.5) as practice:
        results = await practice.push("silent", "hangup", "page")
    assert [type(result) for result in results] == [Ambiguous] * 3


async def test_nothing_that_a_service_says_is_shown() -> None:
    channel = push_channel(ANYWHERE)
    async with receiving(answering(status(500, "Retry-After: 9", body=b"<h1>secret-of-the-inside</h1>"))) as receiver:
        [result] = await send(channel, message(channel, at(receiver.url)))
    await channel.close()
    assert isinstance(result, TryAgain)
    assert (result.code, result.retry_after) == (500, 9)
    assert "secret" not in result.note


async def test_a_redirect_is_not_followed() -> None:
    channel = push_channel(ANYWHERE)
    async with receiving(answering(status(201))) as elsewhere:
        async with receiving(answering(status(307, f"Location: {elsewhere.url}"))) as receiver:
            [result] = await send(channel, message(channel, at(receiver.url)))
        assert type(result) is TryAgain
        assert elsewhere.connections == 0
    await channel.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "localhost", "push"])
def test_a_subscription_that_leads_inside_is_refused_at_the_door(host: str) -> None:
    with pytest.raises(Refused, match="private network"):
        push_channel(Reach()).check_address(at(f"https://{host}/x"))
    with pytest.raises(Refused, match="https"):
        push_channel(Reach()).check_address(at("http://push.example/x"))


async def test_a_name_that_leads_inside_later_is_not_called_either() -> None:
    async with receiving(answering(status(201))) as receiver:
        inside = [(2, 1, 6, "", ("127.0.0.1", receiver.port))]
        channel = PushChannel(
            Vapid(PRIVATE_KEY, CONTACT),
            Reach(ports=frozenset({receiver.port})),
            WORDING,
            lookup=lambda _host, _port: [*inside],
        )
        [result] = await send(channel, message(channel, at(f"https://push.example:{receiver.port}/x")))
        assert isinstance(result, GiveUp)
        assert receiver.connections == 0
        await channel.close()


def test_the_seal_is_the_one_of_rfc_8291_as_its_own_example_shows() -> None:
    # Appendix A: the receiver's keys and the message that was sealed for it, opened by our independent reading.
    number = int.from_bytes(base64.urlsafe_b64decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94="))
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    browser = Browser(
        ec.derive_private_key(number, ec.SECP256R1()), base64.urlsafe_b64decode("BTBZMqHH6r4Tts7J_aSIgg==")
    )
    sealed = base64.urlsafe_b64decode(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert browser.open(sealed) == b"When I grow up, I want to be a watermelon"


def test_a_message_of_the_largest_size_is_still_one_that_services_take() -> None:
    [sealed] = seal_all([(WHOLE.written, b"x" * 3_993)])
    assert not isinstance(sealed, DeliveryError)
    assert len(sealed.body) == 4_096


def claims(header: str) -> dict[str, object]:
    token = header.removeprefix("vapid t=").split(",")[0].split(".")[1]
    read: dict[str, object] = json.loads(base64.urlsafe_b64decode(token + "=="))
    return read


def test_a_signature_is_for_one_service_and_renewed_before_it_ends() -> None:
    now = [1_000_000.0]
    vapid = Vapid(PRIVATE_KEY, CONTACT, lambda: now[0])
    first = vapid.authorization("https://push.example")
    assert claims(first) == {"aud": "https://push.example", "exp": 1_043_200, "sub": CONTACT}
    assert first.endswith(f",k={public_key(PRIVATE_KEY)}")
    assert claims(vapid.authorization("https://other.example:8443"))["aud"] == "https://other.example:8443"
    assert vapid.authorization("https://push.example") == first
    now[0] += 11.5 * 3600
    assert vapid.authorization("https://push.example") != first


async def test_the_loop_goes_on_while_hundreds_are_sealed(tmp_path: Path) -> None:
    seen: list[int] = []

    async def look() -> None:
        while True:
            seen.append(len(seen))
            await asyncio.sleep(0)

    async with practising(tmp_path, seconds=60) as practice:
        looking = asyncio.create_task(look())
        await practice.push(*[f"gone+{n}" for n in range(200)])
        looking.cancel()
    assert len(seen) > 200


async def test_a_subscription_that_has_ended_says_so(tmp_path: Path) -> None:
    async with practising(tmp_path) as practice:
        [result] = await practice.push("gone")
    assert type(result) is AddressDead
    assert "has ended" in result.note


async def test_the_doctor_says_in_whose_name_messages_go_out() -> None:
    channel = push_channel(ANYWHERE)
    assert CONTACT in await channel.check()
    unknown = PushChannel(Vapid(PRIVATE_KEY, "mailto:status@localhost"), ANYWHERE, WORDING)
    assert "Apple" in await unknown.check()
    with pytest.raises(Refused):
        channel.read_receipt(b"", {}, "")
