"""Bounces that come by SMTP end where those that are posted do, and a stranger gets no further than the address."""

from __future__ import annotations

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from delivery.world import World, open_world
from tocsin.carrier_sections import Email
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings
from tocsin.store.engine import make_engine
from tocsin.web import bounces
from tocsin.web.bounces import Door, listening
from tocsin.web.main import create_app
from tocsin_channels.registry_email import bounce_domains

REPORT = """\
To: {to}
From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; nobody@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 There is no such mailbox here
--b--
"""


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    for name in ("gone", "other"):
        await made.person(f"{name}@example.com")
    await made.tell("It is down.")
    yield made
    await made.close()


def door_of(world: World) -> Door:
    return Door(world.engine, "s", {"bounces.test": "practice"}, "status.test")


def back_to(world: World, address: str) -> str:
    [name] = [message.delivery for message in world.email.sent if message.address == address]
    return f"bounce-{name}@bounces.test"


async def bring(port: int, to: str, text: str | None = None) -> None:
    """Bring a bounce as mail servers do; raise what SMTP says against it."""

    def talk() -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as session:
            session.sendmail("", [to], text or REPORT.format(to=to))

    await asyncio.to_thread(talk)


async def test_a_bounce_that_comes_by_mail_is_taken(world: World) -> None:
    async with listening("127.0.0.1:0", door_of(world)) as port:
        await bring(port, back_to(world, "gone@example.com").upper())
    assert await world.ledger("gone@example.com") == [(1, "bounced", "bounced_later")]
    assert await world.ledger("other@example.com") == [(1, "accepted", None)]
    assert await world.rows("SELECT provider, code FROM receipt") == [("practice", "5.1.1")]
    states = "SELECT address, state::text FROM endpoint WHERE channel = 'email' ORDER BY 1"
    assert await world.rows(states) == [("gone@example.com", "quarantined"), ("other@example.com", "active")]


async def test_it_is_about_whom_it_was_brought_for_whatever_stands_in_it(world: World) -> None:
    ours, theirs = back_to(world, "gone@example.com"), back_to(world, "other@example.com")
    async with listening("127.0.0.1:0", door_of(world)) as port:
        await bring(port, ours, f"X-Original-To: {theirs}\nDelivered-To: {theirs}\n{REPORT.format(to=theirs)}")
    assert await world.ledger("gone@example.com") == [(1, "bounced", "bounced_later")]
    assert await world.ledger("other@example.com") == [(1, "accepted", None)]


async def test_nothing_is_let_in_but_for_deliveries_of_ours(world: World) -> None:
    real = back_to(world, "gone@example.com")
    forged = f"bounce-{Signer('another secret', 'delivery').make(1, 2)}@bounces.test"
    strangers = [forged, real.replace("bounces.test", "example.com"), "postmaster@bounces.test", f"x{real}"]
    async with listening("127.0.0.1:0", door_of(world)) as port:
        for address in strangers:
            with pytest.raises(smtplib.SMTPRecipientsRefused, match=r"5\.1\.1"):
                await bring(port, address, REPORT.format(to=real))
    assert await world.rows("SELECT count(*) FROM receipt") == [(0,)]


async def test_what_is_larger_than_a_bounce_is_not_read(world: World) -> None:
    to = back_to(world, "gone@example.com")
    async with listening("127.0.0.1:0", door_of(world)) as port:
        with pytest.raises((smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected)):
            await bring(port, to, REPORT.format(to=to) + "x" * 70 + ("\n" + "x" * 70) * 20_000)
    assert await world.rows("SELECT count(*) FROM receipt") == [(0,)]


async def test_what_cannot_be_written_down_stays_with_the_server_that_brought_it(world: World) -> None:
    to = back_to(world, "gone@example.com")
    away = make_engine("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
    async with listening("127.0.0.1:0", Door(away, "s", {"bounces.test": "practice"}, "status.test")) as port:
        with pytest.raises(smtplib.SMTPDataError, match=r"4\.3\.0"):
            await bring(port, to)
    await away.dispose()


async def test_many_at_once_are_asked_to_come_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounces, "_MOST_OPEN", 1)
    to = back_to(world, "gone@example.com")
    async with listening("127.0.0.1:0", door_of(world)) as port:
        _, first = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(smtplib.SMTPConnectError, match="421"):
            await bring(port, to)
        first.close()
        await first.wait_closed()
        while await world.rows("SELECT count(*) FROM receipt") == [(0,)]:
            try:
                await bring(port, to)
            except smtplib.SMTPConnectError:
                await asyncio.sleep(0.05)


async def test_one_network_keeps_no_other_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounces, "_MOST_FROM_ONE", 2)
    door, to = door_of(world), back_to(world, "gone@example.com")
    async with listening("127.0.0.1:0", door) as port:
        idle = [(await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.9", 0)))[1] for _ in range(2)]
        with pytest.raises(smtplib.SMTPConnectError, match="421"):
            await bring(port, to)
        assert {one.network for one in door.open} == {"127.0.0.0/24"}
        assert not door.is_full("192.0.2.0/24")
        for writer in idle:
            writer.close()


async def test_a_dialogue_has_its_bounds_and_ends_with_the_door(world: World) -> None:
    to = back_to(world, "gone@example.com")
    async with listening("127.0.0.1:0", door_of(world)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def say(line: str) -> int:
            writer.write(f"{line}\r\n".encode())
            return int((await reader.readline())[:3])

        assert (await reader.readline()).startswith(b"220 status.test bounces only")
        assert [await say("HELO mx.example"), await say("MAIL FROM:<>")] == [250, 250]
        assert [await say(f"RCPT TO:<{to}>") for _ in range(11)] == [250] * 10 + [452]
        assert [await say("NOOP") for _ in range(51)] == [250] * 50 + [421]
        assert await reader.read() == b""
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
    assert await asyncio.wait_for(reader.read(), 5) == b"", "nobody stays when the web stops"
    writer.close()


def mail(**more: object) -> Email:
    return Email.model_validate({"smtp_url": "smtp://127.0.0.1:9", "bounce_domain": "Bounces.test", **more})


async def test_the_web_listens_where_the_settings_say(database_url: str, broker_url: str, tmp_home: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(
        home=tmp_home,
        database_url=database_url,
        broker_url=broker_url,
        public_url="http://status.test",
        secret=SecretStr("s" * 32),
        email=mail(bounce_listen=f"127.0.0.1:{port}"),
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        to = f"bounce-{Signer('s' * 32, 'delivery').make(1, 2)}@bounces.test"
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await bring(port, to.replace("bounces.", ""))
    with pytest.raises(OSError, match="refused"):
        await bring(port, to)


def test_each_domain_is_its_providers() -> None:
    others = [{"kind": "ses", "ses_region": "eu-central-1"}, {"kind": "smtp", "smtp_url": "smtp://mx", "name": "mx"}]
    settings = Settings(email=mail(provider=[{**others[1], "bounce_domain": "back.test"}, others[0]]))
    assert bounce_domains(settings) == {"bounces.test": "smtp", "back.test": "mx"}


@pytest.mark.parametrize("where", ["", ":25", "0.0.0.0:25", "[::]:25", "localhost:2526"])
def test_where_to_listen(where: str) -> None:
    assert mail(bounce_listen=where).bounce_listen == where


@pytest.mark.parametrize("where", ["25", "host", "host:port", "smtp://host:25", "a b:25"])
def test_where_nobody_can_listen(where: str) -> None:
    with pytest.raises(ValueError, match="bounce_listen"):
        mail(bounce_listen=where)
