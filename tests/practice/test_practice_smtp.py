"""The practice server, spoken to by our own channel: the real protocol, and each misbehaviour as its table says."""

from __future__ import annotations

import asyncio
import smtplib
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import uvloop

from mail_to_send import email_channel, post
from scripted_smtp import until
from tocsin.domain.channel import Accepted, ReceiptKind, Result
from tocsin.domain.errors import AddressDead, Ambiguous, DeliveryError, GiveUp, ProviderDown, TryAgain
from tocsin.practice.behaviour import BEHAVIOURS, NORMAL, behaviour_of
from tocsin.practice.outbox import Outbox
from tocsin.practice.reports import Reporter
from tocsin.practice.smtp import PracticeServer
from tocsin_channels.email import receipts

EXPECTED: dict[str, type[Result]] = {
    "refuse": AddressDead,
    "full": TryAgain,
    "throttle": TryAgain,
    "policy": GiveUp,
    "unauthenticated": ProviderDown,
    "timeout": Ambiguous,
    "hangup": Ambiguous,
    "slow": Accepted,
    "bounce": Accepted,
    "delay": Accepted,
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[PracticeServer]:
    async with PracticeServer(tmp_path / "outbox.sqlite") as running:
        yield running


def taken(outbox: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(outbox)) as database:
        return database.execute("SELECT recipient, message_id, subject FROM message ORDER BY id").fetchall()


async def test_a_thousand_readers_get_one_mail_each(server: PracticeServer, tmp_path: Path) -> None:
    people = [f"reader{number}@example.com" for number in range(1000)]
    channel = email_channel(server.port, connections=8)
    results = await post(channel, *people)
    await channel.close()
    assert {type(result) for result in results} == {Accepted}
    rows = taken(tmp_path / "outbox.sqlite")
    assert sorted(to for to, _, _ in rows) == sorted(people)
    assert len({message_id for _, message_id, _ in rows}) == 1000
    assert {subject for _, _, subject in rows} == {"[Investigating] Checkout is failing"}


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.local_part)
async def test_each_address_does_what_its_line_says_and_nobody_else_suffers(
    behaviour: object, server: PracticeServer, tmp_path: Path
) -> None:
    name = getattr(behaviour, "local_part")  # noqa: B009 - the parameter has no type of its own
    channel = email_channel(server.port, seconds=3.0 if name == "slow" else 0.5)
    first, odd, last = await post(channel, "first@example.com", f"{name}+it@example.com", "last@example.com")
    await channel.close()
    assert (type(first), type(odd), type(last)) == (Accepted, EXPECTED[name], Accepted)
    kept = [to for to, _, _ in taken(tmp_path / "outbox.sqlite")]
    is_kept = isinstance(odd, Accepted) or name == "hangup"
    assert kept.count(f"{name}+it@example.com") == (1 if is_kept else 0)


def test_it_hangs_up_on_the_loop_that_it_runs_on_too(tmp_path: Path) -> None:
    async def met() -> Result:
        async with PracticeServer(tmp_path / "outbox.sqlite") as server:
            channel = email_channel(server.port)
            results = await post(channel, "hangup@example.com", "ada@example.com")
            await channel.close()
        return results[0]

    assert isinstance(uvloop.run(met()), Ambiguous)
    assert len(taken(tmp_path / "outbox.sqlite")) == 2


async def test_who_is_behind_a_slow_mailbox_gets_one_mail_with_words_in_it(
    server: PracticeServer, tmp_path: Path
) -> None:
    people = ["slow@example.com", *(f"reader{number}@example.com" for number in range(20))]
    channel = email_channel(server.port, connections=2)
    await post(channel, *people)
    await channel.close()
    assert sorted(to for to, _, _ in taken(tmp_path / "outbox.sqlite")) == sorted(people)
    assert all(message_id and subject for _, message_id, subject in taken(tmp_path / "outbox.sqlite"))


def test_every_behaviour_is_expected_here() -> None:
    assert set(EXPECTED) == {behaviour.local_part for behaviour in BEHAVIOURS}


async def test_a_throttled_message_is_taken_at_the_third_try(server: PracticeServer) -> None:
    channel = email_channel(server.port)
    tries = [(await post(channel, "throttle@example.com"))[0] for _ in range(3)]
    await channel.close()
    assert [type(result) for result in tries] == [TryAgain, TryAgain, Accepted]
    assert [result.code for result in tries if isinstance(result, DeliveryError)] == [421, 450]


def test_an_address_is_known_by_its_local_part() -> None:
    assert behaviour_of("Refuse@example.com").local_part == "refuse"
    assert behaviour_of("refuse+anything@x.example").local_part == "refuse"
    assert behaviour_of("refused@example.com") is NORMAL
    assert behaviour_of("ada@refuse.example") is NORMAL


async def test_what_was_sent_is_what_is_kept(server: PracticeServer, tmp_path: Path) -> None:
    lines = ["Subject: =?utf-8?b?R3LDvMOfZQ==?=", "Message-ID: <one@x>", "", "..", ".two dots were one", "end"]

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.sendmail("bounce-x@y.example", ["ada@example.com"], "\r\n".join(lines))

    await asyncio.to_thread(send)
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite")) as database:
        row = database.execute("SELECT sender, recipient, message_id, subject, raw FROM message").fetchone()
    raw = "\r\n".join([*lines, ""]).encode()
    assert row == ("bounce-x@y.example", "ada@example.com", "one@x", "Grüße", raw)


async def test_an_empty_message_and_a_missing_recipient_are_answered_as_the_protocol_has_it(
    server: PracticeServer,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<refuse@b.example>\r\nDATA\r\nRSET\r\n")
    writer.write(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
    while not (line := await reader.readline()).startswith(b"354"):
        assert line
    writer.write(b".\r\nQUIT\r\n")
    rest = await reader.read()
    assert rest.startswith(b"250 ")
    assert b"221" in rest
    writer.close()


async def test_a_bounce_comes_back_as_a_report_that_the_channel_reads(tmp_path: Path) -> None:
    posted: list[tuple[str, bytes]] = []

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length:")[1].split()[0])
        posted.append((head, await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(web, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/receipts/smtp"
    async with listening, PracticeServer(tmp_path / "outbox.sqlite", reporter=Reporter(url, "tell-us")) as server:
        channel = email_channel(server.port)
        await post(channel, "bounce@example.com", "delay@example.com", "ada@example.com")
        await channel.close()
        await until(lambda: len(posted) == 2)
    assert all(head.startswith("POST /receipts/smtp ") and "Bearer tell-us" in head for head, _ in posted)
    said = [receipts.read(body)[0] for _, body in posted]
    assert [(one.delivery, one.kind, one.code) for one in said] == [
        ("delivery00000000xyz", ReceiptKind.BOUNCED, "5.1.1"),
        ("delivery00000001xyz", ReceiptKind.DELAYED, "4.4.1"),
    ]


async def test_a_report_that_nobody_took_is_sent_after_the_next_start(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.sqlite"
    async with PracticeServer(outbox, reporter=Reporter("http://127.0.0.1:9/receipts/smtp", "t")) as server:
        channel = email_channel(server.port)
        await post(channel, "bounce@example.com")
        await channel.close()
    async with PracticeServer(outbox) as again:
        assert [due.recipient for due in again.outbox.due()] == ["bounce@example.com"]


async def test_a_message_is_committed_before_it_is_acknowledged(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    await outbox.keep("a@b.example", ["c@d.example"], b"Subject: x\r\n\r\n", report=False)
    assert taken(tmp_path / "outbox.sqlite") == [("c@d.example", "", "x")]
    outbox.close()


async def test_a_message_that_cannot_be_kept_is_not_acknowledged(server: PracticeServer, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite")) as database:
        database.execute("DROP TABLE message")
    channel = email_channel(server.port)
    (result,) = await post(channel, "ada@example.com")
    await channel.close()
    assert type(result) is TryAgain
    assert result.code == 451


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys, pathlib\n"
        "from tocsin.practice.smtp import PracticeServer\n"
        "async def main():\n"
        "    async with PracticeServer(pathlib.Path(sys.argv[1])) as server:\n"
        "        print(server.port, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    outbox = tmp_path / "outbox.sqlite"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(outbox), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    acknowledged = 0
    channel = email_channel(port, connections=4)

    async def send() -> None:
        nonlocal acknowledged
        while process.returncode is None:
            results = await post(channel, *[f"reader{number}@example.com" for number in range(100)])
            acknowledged += sum(isinstance(result, Accepted) for result in results)

    sending = asyncio.create_task(send())
    await until(lambda: acknowledged > 500)
    process.kill()
    await process.wait()
    await sending
    await channel.close()
    with closing(sqlite3.connect(outbox)) as database:
        assert database.execute("SELECT count(*) FROM message").fetchone()[0] >= acknowledged
