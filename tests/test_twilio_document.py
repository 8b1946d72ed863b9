"""What we ask Twilio and what its look-alike answers, held to Twilio's own OpenAPI document where Prism is there.

Prism stands in between: it refuses a request that the document does not know, and an answer that does not keep to it.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from texts_to_send import SID, TOKEN, sms_channel, story, text_to
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import AddressDead, OptedOut
from tocsin.domain.incident import Status
from tocsin.embedded.process import Command, end, spawn, wait_until
from tocsin.practice.http import PracticeHttp
from tocsin.practice.outbox import outbox_path
from tocsin.practice.twilio import PracticeTwilio

MODULES = Path(__file__).parents[1] / ".venv/prism/node_modules"
DOCUMENT = MODULES / "@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json"
RECEIPTS = "https://status.acme.example"


@contextmanager
def prism(folder: Path, *arguments: str) -> Generator[str]:
    """Run Prism on a free port; give its address."""
    node = shutil.which("node")
    assert node is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "prism.log"
    where = ("--host", "127.0.0.1", "--port", str(port))
    child = spawn(Command([node, str(MODULES / ".bin/prism"), *arguments, *where]), log)
    try:
        ready = wait_until(lambda: child.poll() is not None or "listening" in log.read_text(), seconds=120)
        assert ready, log.read_text()
        assert child.poll() is None, log.read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        end(child, Command([]).stop, seconds=10)


@pytest.fixture(scope="module")
def mocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Answer as the document's examples do, where the request keeps to it."""
    with prism(tmp_path_factory.mktemp("mock"), "mock", str(DOCUMENT)) as url:
        yield url


@pytest.fixture(scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Stand between us and the look-alike, and refuse what either gets wrong."""
    tmp_path = tmp_path_factory.mktemp("watched")
    look_alike = PracticeTwilio(outbox_path(tmp_path), SID, TOKEN, "http://127.0.0.1:1/receipts/twilio")
    async with PracticeHttp([look_alike]) as server:
        with prism(tmp_path, "proxy", str(DOCUMENT), f"http://{server.host}", "--errors") as url:
            yield url


@pytest.mark.parametrize("sender", ["+14155550100", "MG" + "a" * 32])
@pytest.mark.parametrize("status", list(Status))
async def test_a_text_is_asked_for_as_twilio_has_it(sender: str, status: Status, mocked: str) -> None:
    channel = sms_channel(mocked, senders=sender, receipts=RECEIPTS, seconds=60)
    [result] = await text_to(channel, "+14155552671", about=story(status=status))
    assert isinstance(result, Accepted)
    assert (await channel.check()).startswith("Twilio answers")
    await channel.close()


def test_prism_would_refuse_a_request_that_twilio_does_not_know(mocked: str) -> None:
    path = f"{mocked}/2010-04-01/Accounts/{SID}/Messages.json"
    answer = httpx.post(path, data={"To": "+1", "ValidityPeriod": "soon"}, auth=(SID, TOKEN), timeout=60)
    assert answer.status_code == 422


@pytest.mark.parametrize("sender", ["+14155550100", "MG" + "a" * 32])
async def test_the_look_alike_answers_as_twilio_has_it(sender: str, watched: str) -> None:
    channel = sms_channel(watched, senders=sender, receipts=RECEIPTS, seconds=60)
    taken, dead, stopped = await text_to(channel, "+14155552671", "+15005550001", "+15005550004")
    assert isinstance(taken, Accepted)
    assert type(dead) is AddressDead
    assert type(stopped) is OptedOut
    assert (await channel.check()).startswith("Twilio answers")
    await channel.close()
