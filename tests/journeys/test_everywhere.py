"""One update everywhere: README's curl, and the seconds from its 202 until each channel has it (`-s` prints them)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest

from readme import OPENING, key_for, type_in
from tocsin.practice import chat_log, push_log, reading, social_log, twilio_log, webhook_log
from tocsin.practice.behaviour import NORMAL, behaviour_of
from tocsin.practice.outbox import outbox_path
from tocsin_up import Up, until

TITLE = "Checkout is failing"
Look = Callable[[], datetime | None]  # when it arrived, as the practice provider has it on record


@pytest.fixture
def up(tmp_home: Path) -> Iterator[Up]:
    with Up(tmp_home / "home", ("--port", "0", "--sample", "200")) as started:
        yield started.wait()
        started.end()


def test_one_update_reaches_every_channel(up: Up) -> None:
    outbox = outbox_path(up.home)
    looks: dict[str, Look] = {
        "e-mail": partial(_mailed, outbox),
        "text message": partial(_texted, outbox, "+14155550101"),
        "X": partial(_posted, outbox, "x"),
        "Mastodon": partial(_posted, outbox, "mastodon"),
        "Bluesky": partial(_posted, outbox, "bluesky"),
        "Slack, by the bot": partial(_said, outbox, "slack", "#incidents"),
        "Slack, by a webhook": partial(_said, outbox, "slack_webhook", "operations"),
        "Teams": partial(_said, outbox, "teams", "support"),
        "webhook": partial(_called, outbox, "acme"),
        "browser push": partial(_pushed, outbox, "phone"),
        "status page": partial(_on_the_page, up),
    }
    answered = _post_as_readme_has_it(up)
    arrived: dict[str, float] = {}

    def everywhere() -> bool:
        for name in looks.keys() - arrived.keys():
            if at := looks[name]():
                arrived[name] = at.timestamp() - answered
        return len(arrived) == len(looks)

    until(everywhere, "the update is everywhere", seconds=180)
    figures = (f"{name:<20} {seconds:6.2f} s" for name, seconds in sorted(arrived.items(), key=lambda one: one[1]))
    sys.stdout.write("\n".join(("\nAfter the 202:", *figures, "")))


def _post_as_readme_has_it(up: Up) -> float:
    """Type README's curl; return when its 202 had come, by the wall clock that the practice providers go by too."""
    shown = OPENING.replace("curl ", "curl --silent --write-out '\\n%{http_code} %{time_total}' ", 1)
    begun = time.time()
    body, _, told = type_in(shown, up, TOCSIN_KEY=key_for(up)).rpartition("\n")
    code, total = told.split()
    assert code == "202", body
    assert json.loads(body)["ref"] == "INC-1"
    ended = time.time()
    # curl's own start and end are not ours to count; its request took `total` of what lies between.
    assert 0 < float(total) <= ended - begun
    return ended


def _first(times: Iterable[datetime]) -> datetime | None:
    return min(times, default=None)


def _mailed(outbox: Path) -> datetime | None:
    mails = reading.find(outbox, TITLE, limit=1_000).mails
    return _first(mail.received_at for mail in mails if behaviour_of(mail.recipient) is NORMAL)


def _texted(outbox: Path, number: str) -> datetime | None:
    return _first(text.received_at for text in twilio_log.thread(outbox, number) if text.sid and TITLE in text.body)


def _posted(outbox: Path, network: str) -> datetime | None:
    posts = [one for one in social_log.posted(outbox) if (one.network, one.account) == (network, "acme")]
    return _first(post.received_at for post in posts if TITLE in post.text)


def _said(outbox: Path, service: str, room: str) -> datetime | None:
    posts = chat_log.find(outbox)
    return _first(
        post.received_at
        for post in posts
        if (post.service, post.channel) == (service, room) and TITLE in json.dumps(post.content)
    )


def _called(outbox: Path, receiver: str) -> datetime | None:
    calls = webhook_log.find(outbox)
    return _first(call.received_at for call in calls if call.name == receiver and call.kept and call.about == TITLE)


def _pushed(outbox: Path, browser: str) -> datetime | None:
    messages = push_log.pushed(outbox, browser)
    return _first(message.received_at for message in messages if message.kept and TITLE in message.opened)


def _on_the_page(up: Up) -> datetime | None:
    shown = httpx.get(up.url)
    if TITLE not in shown.text:
        return None
    return datetime.now(UTC)
