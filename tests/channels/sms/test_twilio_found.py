"""A text of which nobody knows whether it went out is looked for at Twilio before it is sent once more."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from texts_to_send import messages_to, story, text_to
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import Ambiguous
from tocsin_channels.sms.channel import SmsChannel

ChannelTo = Callable[..., SmsChannel]
KEPT_AND_HUNG_UP, NEITHER_KEPT_NOR_ANSWERED = "+15005550012", "+15005550013"


def kept(outbox: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(outbox) as database:
        rows = database.execute("SELECT fields FROM sms_text ORDER BY id").fetchall()
    return [json.loads(row[0]) for row in rows]


async def again(channel: SmsChannel, number: str, title: str = "Checkout partly down") -> Result:
    [message] = messages_to((number,), channel.render(story(title=title)))
    results: list[Result] = []
    await channel.send([message._replace(again=True)], lambda _, result: results.append(result))
    return results[0]


async def test_a_text_that_went_out_unheard_of_is_found_and_not_sent_again(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    channel = channel_to(practice)
    [lost] = await text_to(channel, KEPT_AND_HUNG_UP)
    assert isinstance(lost, Ambiguous)
    found = await again(channel, KEPT_AND_HUNG_UP)
    assert isinstance(found, Accepted)
    assert found.note == "1 segment of GSM-7, found at Twilio"
    assert len(kept(outbox)) == 1
    with sqlite3.connect(outbox) as database:
        assert database.execute("SELECT sid FROM sms_text").fetchall() == [(found.provider_id,)]


async def test_a_text_that_never_went_out_or_is_another_is_sent(
    practice: str, outbox: Path, channel_to: ChannelTo
) -> None:
    channel = channel_to(practice, seconds=0.5)
    [lost] = await text_to(channel, NEITHER_KEPT_NOR_ANSWERED)
    assert isinstance(lost, Ambiguous)
    assert isinstance(await again(channel, NEITHER_KEPT_NOR_ANSWERED), Ambiguous)
    assert len(kept(outbox)) == 2, "it was asked for once more"
    assert isinstance(await again(channel, "+14155552671"), Accepted)
    assert isinstance(await again(channel, "+14155552671", title="Refunds fail"), Accepted)
    with sqlite3.connect(outbox) as database:
        database.execute("UPDATE sms_text SET received_at = received_at - 7200, status = 'delivered'")
    assert isinstance(await again(channel, "+14155552671"), Accepted)
    assert len(kept(outbox)) == 5, "what is hours old was another one"
    with sqlite3.connect(outbox) as database:
        database.execute("UPDATE sms_text SET status = 'undelivered'")
    assert isinstance(await again(channel, "+14155552671"), Accepted)
    assert len(kept(outbox)) == 6, "what never arrived is no reason to send nothing"


async def test_where_nobody_may_list_texts_it_is_sent(scripted: Any, channel_to: ChannelTo) -> None:
    scripted.says = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}"
    await again(channel_to(scripted.url), "+14155552671")
    assert [request.split(b" ")[0] for request in scripted.requests] == [b"GET", b"POST"]
