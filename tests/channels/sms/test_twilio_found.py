"""A text of which nobody knows whether it went out is looked for at Twilio before it is sent once more."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from texts_to_send import http, messages_to, story, text_to
from tocsin.domain.channel import Accepted, Earlier, Result
from tocsin.domain.errors import Ambiguous, AskAgain, ProviderDown, TooFast
from tocsin_channels.sms.channel import SmsChannel
from tocsin_channels.sms.text import Text

ChannelTo = Callable[..., SmsChannel]
KEPT_AND_HUNG_UP, NEITHER_KEPT_NOR_ANSWERED = "+15005550012", "+15005550013"
NUMBER = "+14155552671"
NOTHING = http("200 OK", '{"messages": [], "next_page_uri": null, "page": 0, "page_size": 50}')


def kept(outbox: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(outbox) as database:
        rows = database.execute("SELECT fields FROM sms_text ORDER BY id").fetchall()
    return [json.loads(row[0]) for row in rows]


async def again(
    channel: SmsChannel, *numbers: str, title: str = "Checkout partly down", seconds: float = 125.0
) -> list[Result]:
    """Send once more what is in doubt, `seconds` after it was owed; return what came of each."""
    messages = messages_to(numbers, channel.render(story(title=title)))
    results: dict[int, Result] = {}
    earlier = Earlier("twilio", seconds)
    await channel.send([one._replace(again=True, earlier=earlier) for one in messages], results.__setitem__)
    return [results[at] for at in range(len(numbers))]


async def test_a_text_that_went_out_unheard_of_is_found_and_not_sent_again(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    channel = channel_to(practice)
    [lost] = await text_to(channel, KEPT_AND_HUNG_UP)
    assert isinstance(lost, Ambiguous)
    [found] = await again(channel, KEPT_AND_HUNG_UP)
    assert isinstance(found, Accepted)
    assert (found.note, found.by) == ("1 segment of GSM-7, found at Twilio", "")
    assert len(kept(outbox)) == 1
    with sqlite3.connect(outbox) as database:
        assert database.execute("SELECT sid FROM sms_text").fetchall() == [(found.provider_id,)]


async def test_a_text_that_never_went_out_or_is_another_is_sent(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    channel = channel_to(practice, seconds=0.5)
    [lost] = await text_to(channel, NEITHER_KEPT_NOR_ANSWERED)
    assert isinstance(lost, Ambiguous)
    assert not lost.cleared
    [lost] = await again(channel, NEITHER_KEPT_NOR_ANSWERED)
    assert isinstance(lost, Ambiguous)
    assert lost.cleared, "it was looked for"
    assert len(kept(outbox)) == 2, "it was asked for once more"
    assert isinstance((await again(channel, NUMBER))[0], Accepted)
    assert isinstance((await again(channel, NUMBER, title="Refunds fail"))[0], Accepted)
    with sqlite3.connect(outbox) as database:
        database.execute("UPDATE sms_text SET received_at = received_at - 7200, status = 'delivered'")
    assert isinstance((await again(channel, NUMBER))[0], Accepted)
    assert len(kept(outbox)) == 5, "what is hours old was another one"
    with sqlite3.connect(outbox) as database:
        database.execute("UPDATE sms_text SET status = 'undelivered'")
    assert isinstance((await again(channel, NUMBER))[0], Accepted)
    assert len(kept(outbox)) == 6, "what never arrived is no reason to send nothing"


async def test_it_is_looked_for_as_far_back_as_it_may_have_gone_out(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    channel = channel_to(practice)
    await text_to(channel, NUMBER)
    with sqlite3.connect(outbox) as database:
        database.execute("UPDATE sms_text SET received_at = received_at - 7200")
    for number in range(60):  # more than are told at once
        await text_to(channel, NUMBER, about=story(title=f"Something else, {number}"))
    [found] = await again(channel, NUMBER, seconds=7200)
    assert isinstance(found, Accepted)
    assert found.note.endswith("found at Twilio")
    assert len(kept(outbox)) == 61


async def test_an_older_text_that_was_sent_since_hides_none(scripted: Any, channel_to: ChannelTo) -> None:
    """They are listed by when they were sent, and one may have waited for long behind its sender's others."""
    now, channel = datetime.now(UTC), channel_to(scripted.url)
    words = messages_to((NUMBER,), channel.render(story()))[0].rendered
    assert isinstance(words, Text)
    times = {"SM1": (-3600, -10), "SM2": (-120, -60)}
    listed = [
        {
            "sid": sid,
            "status": "delivered",
            "body": words.body,
            "date_created": format_datetime(now + timedelta(seconds=created)),
            "date_sent": format_datetime(now + timedelta(seconds=sent)),
        }
        for sid, (created, sent) in times.items()
    ]
    page = {"messages": listed, "next_page_uri": None, "page": 0, "page_size": 50}
    scripted.says = http("200 OK", json.dumps(page))
    [found] = await again(channel, NUMBER)
    assert isinstance(found, Accepted)
    assert found.provider_id == "SM2"


@pytest.mark.parametrize("body", ["{}", '{"code": 20403, "message": "Forbidden"}'])
async def test_where_nobody_may_list_texts_it_is_sent_and_stays_in_doubt(
    scripted: Any, channel_to: ChannelTo, body: str
) -> None:
    scripted.says = http("403 Forbidden", body)
    [result] = await again(channel_to(scripted.url), NUMBER)
    assert [request.split(b" ")[0] for request in scripted.requests] == [b"GET", b"POST"]
    assert not isinstance(result, Accepted)
    assert not result.cleared


@pytest.mark.parametrize(
    "says",
    [
        http("503 Service Unavailable", "<html>"),
        http("401 Unauthorized", '{"code": 20003, "message": "Authenticate"}'),
        http("200 OK", "<!doctype html>"),
        http("200 OK", '{"messages": "none"}'),
        b"",
        None,
    ],
)
async def test_where_nobody_says_it_is_asked_again_and_nothing_is_sent(
    scripted: Any, channel_to: ChannelTo, says: bytes | None
) -> None:
    scripted.says = says
    [result] = await again(channel_to(scripted.url, seconds=0.5), NUMBER)
    assert isinstance(result, AskAgain), result
    assert not result.elsewhere
    assert {request.split(b" ")[0] for request in scripted.requests} == {b"GET"}


async def test_who_says_to_ask_later_is_asked_then(scripted: Any, channel_to: ChannelTo) -> None:
    scripted.says = http("429 Too Many Requests", '{"code": 20429}', "Retry-After: 90\r\n")
    [result] = await again(channel_to(scripted.url), NUMBER)
    assert isinstance(result, AskAgain)
    assert not isinstance(result, TooFast), "no text was refused"
    assert result.retry_after == 90


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_what_was_looked_for_says_nothing_about_the_others_of_its_batch(
    scripted: Any, channel_to: ChannelTo, order: tuple[int, int]
) -> None:
    """One refusal of the account answers all of a batch, and one of them was in doubt: the first, or one after it."""
    scripted.says = NOTHING
    scripted.says_to_posts = http("401 Unauthorized", '{"code": 20003, "message": "Authenticate"}')
    channel = channel_to(scripted.url)
    fresh, doubtful = messages_to((NUMBER, NUMBER), channel.render(story()))
    doubtful = doubtful._replace(again=True, earlier=Earlier("twilio", 125.0))
    results: dict[int, Result] = {}
    await channel.send([(fresh, doubtful)[at] for at in order], results.__setitem__)
    refused = [one for _, one in sorted(results.items()) if isinstance(one, ProviderDown)]
    assert [one.cleared for one in refused] == [at == 1 for at in order]


@dataclass
class Hearing:
    """Hears what begins, as the core does."""

    begun: list[int] = field(default_factory=list[int])

    def __call__(self, index: int, result: Result) -> None:
        assert index not in self.begun or not isinstance(result, AskAgain)

    def each_begins(self) -> None: ...

    def begins(self, indexes: Sequence[int]) -> None:
        self.begun += indexes


@pytest.mark.parametrize(("says", "begun"), [(http("503 Service Unavailable", ""), []), (NOTHING, [0])])
async def test_a_text_begins_when_it_is_sent_and_not_while_it_is_looked_for(
    scripted: Any, channel_to: ChannelTo, says: bytes, begun: list[int]
) -> None:
    scripted.says = says
    channel, hearing = channel_to(scripted.url), Hearing()
    [message] = messages_to((NUMBER,), channel.render(story()))
    await channel.send([message._replace(again=True, earlier=Earlier("twilio", 125.0))], hearing)
    assert hearing.begun == begun


async def test_who_cannot_be_asked_is_not_asked_for_each_text_of_a_batch(scripted: Any, channel_to: ChannelTo) -> None:
    scripted.says = http("503 Service Unavailable", "<html>")
    numbers = [f"+1415555{number}" for number in range(2000, 2100)]
    results = await again(channel_to(scripted.url), *numbers)
    assert {type(result) for result in results} == {AskAgain}
    assert len(scripted.requests) <= 16
