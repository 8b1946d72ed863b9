"""Texts by Twilio's own library, against a look-alike that keeps them and servers that answer anything."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from texts_to_send import messages_to, story, text_to
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import (
    AddressDead,
    Ambiguous,
    DeliveryError,
    GiveUp,
    OptedOut,
    ProviderDown,
    TooFast,
    TryAgain,
)
from tocsin.domain.incident import Severity, Status
from tocsin_channels.sms.channel import SmsChannel
from tocsin_channels.sms.senders import Senders

ChannelTo = Callable[..., SmsChannel]


def kept(outbox: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(outbox) as database:
        rows = database.execute("SELECT fields FROM sms_text ORDER BY id").fetchall()
    return [json.loads(row[0]) for row in rows]


async def test_a_text_goes_out_with_all_that_twilio_is_to_know(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    [result] = await text_to(channel_to(practice), "+14155552671")
    assert isinstance(result, Accepted)
    assert result.provider_id.startswith("SM")
    assert result.note == "1 segment of GSM-7, from +14155550100"
    assert kept(outbox) == [
        {
            "To": "+14155552671",
            "From": "+14155550100",
            "Body": channel_to(practice).render(story()).body,
            "ValidityPeriod": "600",
            "StatusCallback": "http://127.0.0.1:1/receipts/twilio?delivery=delivery00000000xyz",
        }
    ]


async def test_a_messaging_service_chooses_its_sender_itself(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    service = "MG" + "0" * 32
    await text_to(channel_to(practice, senders=service), "+14155552671")
    [fields] = kept(outbox)
    assert fields["MessagingServiceSid"] == service
    assert "From" not in fields


async def test_several_senders_share_the_work_and_each_recipient_keeps_theirs(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    channel = channel_to(practice, senders="+14155550100, +14155550101, +14155550102")
    numbers = [f"+1415555{n}" for n in range(2000, 2060)]
    await text_to(channel, *numbers, *numbers)
    by_recipient: dict[str, set[str]] = {}
    for fields in kept(outbox):
        by_recipient.setdefault(fields["To"], set()).add(fields["From"])
    assert all(len(senders) == 1 for senders in by_recipient.values())
    assert len(set[str]().union(*by_recipient.values())) == 3


@pytest.mark.parametrize(
    ("severity", "status", "seconds"),
    [
        (Severity.SEV1, Status.IDENTIFIED, "600"),
        (Severity.SEV3, Status.IDENTIFIED, "3600"),
        (Severity.SEV1, Status.RESOLVED, "14400"),
    ],
)
async def test_a_text_ends_with_the_worth_of_its_news(
    severity: Severity, status: Status, seconds: str, practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    await text_to(channel_to(practice), "+14155552671", about=story(severity=severity, status=status))
    assert kept(outbox)[0]["ValidityPeriod"] == seconds


@pytest.mark.parametrize(
    ("number", "expected", "code"),
    [
        ("+15005550001", AddressDead, 21211),
        ("+15005550002", ProviderDown, 21612),
        ("+15005550003", GiveUp, 21408),
        ("+15005550004", OptedOut, 21610),
        ("+15005550009", AddressDead, 21614),
        ("+15005550010", TooFast, 20429),
        ("+15005550011", TryAgain, 503),
        ("+15005550012", Ambiguous, None),
        ("+15005550014", Ambiguous, None),
    ],
)
async def test_a_number_that_misbehaves_is_understood_and_costs_nobody_else(
    number: str, expected: type[DeliveryError], code: int | None, practice: str, channel_to: ChannelTo
) -> None:
    before, result, after = await text_to(channel_to(practice), "+14155552671", number, "+14155552672")
    assert isinstance(before, Accepted)
    assert isinstance(after, Accepted)
    assert type(result) is expected
    assert result.code == code


async def test_a_number_that_never_answers_is_in_doubt_after_the_time_limit(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    [result] = await text_to(channel_to(practice, seconds=0.3), "+15005550013")
    assert type(result) is Ambiguous
    assert [fields["To"] for fields in kept(outbox)] == ["+15005550013"]


async def test_who_throttles_says_for_how_long(practice: str, channel_to: ChannelTo) -> None:
    channel = channel_to(practice)
    first, second, third = [(await text_to(channel, "+15005550010"))[0] for _ in range(3)]
    assert isinstance(first, TryAgain)
    assert first.retry_after == 1.0
    assert isinstance(second, TryAgain)
    assert isinstance(third, Accepted)


async def test_wrong_credentials_stop_the_batch_and_blame_nobody(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    channel = channel_to(practice, token="wrong")
    results = await text_to(channel, *[f"+1415555{n}" for n in range(2000, 2050)])
    assert {type(result) for result in results} == {ProviderDown}
    assert len(kept(outbox)) <= 16  # those that were under way at once
    with pytest.raises(ProviderDown, match="twilio_auth_token"):
        await channel.check()


async def test_whoever_is_asked_too_often_is_left_alone_for_the_rest_of_the_batch(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    busy = "+15005550010"  # 429 is what the account is told, whomever it is to
    channel = channel_to(practice, senders="+14155550100, +14155550101")
    results = await text_to(channel, busy, *[f"+1415555{n}" for n in range(2000, 2050)])
    stopped = [result for result in results if isinstance(result, TooFast)]
    assert {result.gate for result in stopped} == {"twilio"}
    assert len(stopped) >= 30
    assert len(kept(outbox)) <= 16  # those that were under way at once
    assert {channel.gates_of(f"+1415555{n}")[0].key for n in range(2000, 2050)} == {
        "twilio:+14155550100",
        "twilio:+14155550101",
    }
    assert channel.gates_of(busy)[1].key == "twilio"


async def test_the_account_is_checked_without_sending(practice: str, outbox: Path, channel_to: ChannelTo) -> None:
    assert (await channel_to(practice).check()).startswith("Twilio answers, the account is active, from +14155550100")
    assert kept(outbox) == []


async def test_texts_to_one_number_go_one_after_the_other(channel_to: ChannelTo) -> None:
    busy, order = set[str](), list[str]()

    class Carrier:
        name = "slow"
        senders = Senders(("+14155550100",))
        whole_account = frozenset[int]()

        async def send(self, to: str, text: object, delivery: str) -> Accepted:
            del text
            assert to not in busy
            busy.add(to)
            await asyncio.sleep(0.001)
            busy.discard(to)
            order.append(delivery)
            return Accepted(delivery)

        async def close(self) -> None: ...

    channel = channel_to("http://127.0.0.1:1")
    channel._carrier = Carrier()  # type: ignore[assignment]  # noqa: SLF001
    await text_to(channel, *["+14155552671"] * 5, "+14155552672")
    ours = [delivery for delivery in order if delivery != "delivery00000005xyz"]
    assert ours == sorted(ours)


async def test_each_answer_is_told_at_once(practice: str, channel_to: ChannelTo) -> None:
    channel = channel_to(practice)
    told: list[int] = []

    def answered(index: int, result: Result) -> None:
        del result
        told.append(index)

    rendered = channel.render(story())
    await channel.send(messages_to(("+15005550019", "+14155552671"), rendered), answered)
    assert told == [1, 0]


async def test_our_own_number_is_not_written_to(practice: str, outbox: Path, channel_to: ChannelTo) -> None:
    [result] = await text_to(channel_to(practice), "+14155550100")
    assert isinstance(result, GiveUp)
    assert kept(outbox) == []
