"""What every provider of every channel does when its service does as it should, or anything but.

A provider of your own: write one Adapter and put it into ADAPTERS.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from contract.adapter import HTML, Adapter, Case, send
from contract.documented import ADAPTER, PROVIDER, documented
from contract.mail_adapters import MAIL
from contract.other_adapters import OTHERS
from contract.smtp_adapter import SMTP
from contract.social_adapters import SOCIAL
from hooks import Answer, Call, Receiver, hang_up, receiving, say_nothing
from mail_to_send import chapter, story
from tocsin.domain.channel import Accepted, Channel, Result
from tocsin.domain.errors import Ambiguous, DeliveryError, TryAgain
from tocsin.domain.story import Story

ADAPTERS = {adapter.name: adapter for adapter in (*MAIL, SMTP, *SOCIAL, *OTHERS, documented())}
_PATIENT, _SHORT = 20.0, 1.0


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return ADAPTERS[request.param]


class Stage:
    """A provider's own channel, and a server in its place that does what it is told."""

    def __init__(self, adapter: Adapter, tls: ssl.SSLContext) -> None:
        self.adapter = adapter
        self.calls: list[Call] = []
        self._tls = tls if adapter.tls else None

    async def send(
        self, answer: Answer | None, seconds: float = _PATIENT, count: int = 3, told: Story | None = None
    ) -> list[Result]:
        """Send to `count` addresses while the server answers with `answer`; close, and see that nothing is left."""
        before = asyncio.all_tasks()
        async with receiving(answer, self._tls, self.adapter.wire.talk) as server:
            channel = self.adapter.make(self._url(server), seconds)
            try:
                messages = self.adapter.write(channel, self.adapter.addresses[:count], self._url(server))
                if told is not None:
                    messages = [message._replace(rendered=channel.render(told)) for message in messages]
                results = await send(channel, messages)
                assert_in_words(results)
                return results
            finally:
                self.calls = server.calls
                await channel.close()
                await self._nothing_is_left(channel, before)

    def _url(self, server: Receiver) -> str:
        return (
            f"localhost:{server.port}" if self.adapter.tls else f"{self.adapter.wire.scheme}://127.0.0.1:{server.port}"
        )

    async def _nothing_is_left(self, channel: Channel, before: set[asyncio.Task[object]]) -> None:
        await channel.close()  # a second time does no harm
        left: list[asyncio.Task[object]] = []
        for _ in range(200):
            left = [one for one in asyncio.all_tasks() - before if _is_ours(one)]
            if not left:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{self.adapter.name} leaves {left}")

    def most_often_written_to(self) -> int:
        """Return how often the service was asked to write to the same address."""
        asked = Counter(address for call in self.calls for address in self.adapter.carried(call))
        return max(asked.values(), default=0)

    def says(self, case: Callable[[str], Case]) -> Answer:
        """Answer for each address as `case` has it."""

        async def answer(call: Call, writer: asyncio.StreamWriter) -> None:
            writer.write(self.adapter.answer(call, case))
            await writer.drain()

        return answer

    def always(self, raw: bytes) -> Answer:
        """Answer with `raw` wherever somebody is written to."""

        async def answer(call: Call, writer: asyncio.StreamWriter) -> None:
            writer.write(raw if self.adapter.carried(call) else self.adapter.answer(call, lambda _: Case.TAKEN))
            await writer.drain()

        return answer

    def breaks(self, then: Answer) -> Answer:
        """Do `then` wherever somebody is written to."""

        async def answer(call: Call, writer: asyncio.StreamWriter) -> None:
            if self.adapter.carried(call):
                await then(call, writer)
            else:
                await self.says(lambda _: Case.TAKEN)(call, writer)

        return answer


def _is_ours(task: asyncio.Task[object]) -> bool:
    return "receiving" not in repr(task.get_coro()) and not task.done()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def stage(adapter: Adapter, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    return Stage(adapter, context)


def assert_in_words(results: list[Result]) -> None:
    """See that what went wrong is told to an operator: a sentence on one line, without pages or secrets."""
    for result in results:
        if isinstance(result, DeliveryError):
            assert " " in result.note
            assert result.note.isprintable()
            assert len(result.note) <= 500
            assert not re.search(r"<\w|Bearer|Basic |Traceback|xox", result.note), result.note


def kinds(results: list[Result]) -> list[type[Result]]:
    return [type(result) for result in results]


async def test_what_is_taken_is_accepted_once_each_with_its_name(stage: Stage) -> None:
    results = await stage.send(stage.says(lambda _: Case.TAKEN))
    assert kinds(results) == [Accepted] * 3
    if stage.adapter.names:
        assert all(isinstance(result, Accepted) and result.provider_id for result in results)
    assert stage.most_often_written_to() == 1


@pytest.mark.parametrize("case", [Case.REFUSED, Case.DEAD])
async def test_one_that_is_refused_stands_in_nobody_elses_way(stage: Stage, case: Case) -> None:
    expected = stage.adapter.refused if case is Case.REFUSED else stage.adapter.dead
    if expected is None:
        assert stage.adapter.name in {"bluesky", "mastodon", "vonage", "x"}
        return
    middle = stage.adapter.addresses[1]
    results = await stage.send(stage.says(lambda address: case if address == middle else Case.TAKEN))
    assert kinds(results) == [Accepted, expected, Accepted]


async def test_too_many_requests_are_obeyed_for_as_long_as_they_say(stage: Stage) -> None:
    slower = stage.adapter.slower()
    results = await stage.send(stage.always(stage.adapter.wire.too_many(slower)))
    for result in results:
        assert type(result) is stage.adapter.limited
        assert isinstance(result, TryAgain)
    if slower:
        assert any(isinstance(result, TryAgain) and (result.retry_after or 0) >= 60 for result in results), results
    assert stage.most_often_written_to() == 1


@pytest.mark.parametrize("body", [b'{"message": "oops"}', HTML])
async def test_a_server_error_is_tried_again_later_and_not_at_once(stage: Stage, body: bytes) -> None:
    results = await stage.send(stage.always(stage.adapter.wire.oops(body)))
    assert all(isinstance(result, TryAgain) for result in results), results
    assert stage.most_often_written_to() == 1


async def test_a_page_of_html_instead_of_an_answer(stage: Stage) -> None:
    results = await stage.send(stage.always(stage.adapter.wire.page))
    assert kinds(results) == [stage.adapter.html] * 3
    assert stage.most_often_written_to() == 1


async def test_an_error_within_a_success(stage: Stage) -> None:
    expected = stage.adapter.error_inside
    if expected is None:
        assert stage.adapter.name in {"bluesky", "mastodon", "slack-webhook", "smtp", "twilio", "webhook", "x"}
        return
    results = await stage.send(stage.says(lambda _: Case.ERROR_INSIDE))
    assert kinds(results) == [expected] * 3
    assert stage.most_often_written_to() == 1


async def test_what_we_sign_in_with_and_is_revoked_is_our_fault_alone(stage: Stage) -> None:
    expected = stage.adapter.revoked
    if expected is None:
        assert stage.adapter.name == "webhook", "signs, and signs in nowhere"
        return
    results = await stage.send(stage.says(lambda _: Case.REVOKED))
    assert all(isinstance(result, (expected, TryAgain)) for result in results), results
    assert expected in kinds(results)


async def test_a_text_of_forty_thousand_characters_is_cut_and_taken(stage: Stage) -> None:
    flood = "Payments fail with code 91, and 😀 <!channel> @everyone helps nobody. " * 600
    results = await stage.send(stage.says(lambda _: Case.TAKEN), told=story(chapter(body=flood[:40_000])))
    assert kinds(results) == [Accepted] * 3


async def test_half_an_answer_leaves_the_outcome_unknown(stage: Stage) -> None:
    async def answer(_: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(stage.adapter.wire.half)
        await writer.drain()
        writer.close()

    results = await stage.send(stage.breaks(answer), count=1)
    assert kinds(results) == [Ambiguous]
    assert stage.most_often_written_to() == 1


@pytest.mark.parametrize("fault", ["silence", "hang-up"])
async def test_no_answer_leaves_the_outcome_unknown_and_nothing_is_sent_twice(stage: Stage, fault: str) -> None:
    silent = fault == "silence"
    results = await stage.send(stage.breaks(say_nothing if silent else hang_up), seconds=_SHORT if silent else 5.0)
    assert all(isinstance(result, (Ambiguous, TryAgain)) for result in results), results
    written = {address for call in stage.calls for address in stage.adapter.carried(call)}
    unknown = [isinstance(result, Ambiguous) for result in results]
    assert unknown.count(True) >= len(written), "what may have arrived is told to be doubtful"
    assert stage.most_often_written_to() == 1


async def test_where_nobody_listens_nothing_was_sent(stage: Stage) -> None:
    results = await stage.send(None, seconds=5.0)
    assert all(isinstance(result, DeliveryError) for result in results)
    assert stage.calls == []


def test_the_provider_that_the_documentation_shows_is_short_and_among_those_held_to_this() -> None:
    assert "gateway" in ADAPTERS
    assert len(PROVIDER.splitlines()) < 60
    assert len(ADAPTER.splitlines()) < 20
