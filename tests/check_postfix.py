"""Our mail through a real Postfix, and its real bounces read again; part of `make check`, since tests ask for none."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from mail_to_send import RECEIPT_TOKEN, SENDER, channel_by, post
from scripted_smtp import until
from tocsin.domain.channel import Accepted, ReceiptKind
from tocsin_channels.email import receipts
from tocsin_channels.email.letter import Bounces
from tocsin_channels.email.server import Server
from tocsin_channels.email.smtp import Smtp

_MASTER = Path("/usr/share/postfix/master.cf.dist")
_REFUSALS = {
    "nobody": "550 5.1.1 <nobody@example.com>: user unknown",
    "full": "552 5.2.2 mailbox full",
    "policy": "550 5.7.26 your domain is not authenticated",
}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _World:
    """The mail servers of everybody else: they take mail, and refuse some for good."""

    def __init__(self) -> None:
        self.mails: dict[str, bytes] = {}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if refusal := _REFUSALS.get(address.partition("@")[0]):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails[envelope.rcpt_tos[0]] = content
        return "250 2.0.0 OK"


@pytest.fixture
def world() -> Iterator[tuple[_World, int]]:
    handler, port = _World(), _free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def postfix(world: tuple[_World, int]) -> Iterator[int]:
    """Run a Postfix of our own, which relays everything to the world; return its port."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="tocsin-postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("config", "queue", "data"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        master = "\n".join(
            f"127.0.0.1:{port} inet n - n - - smtpd" if line.split()[:2] == ["smtp", "inet"] else line
            for line in _MASTER.read_text().splitlines()
        )
        (folder / "config/master.cf").write_text(master.replace(" y ", " n "))
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": folder / "queue",
            "data_directory": folder / "data",
            "myhostname": "mx.postfix.example",
            "mydestination": "",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "relayhost": f"[127.0.0.1]:{world[1]}",
            "mynetworks": "127.0.0.0/8",
            "alias_maps": "",
            "alias_database": "",
            "maillog_file": folder / "data/mail.log",
            "maillog_file_prefixes": folder,
        }
        (folder / "config/main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        command = [_postfix(), "-c", str(folder / "config")]
        subprocess.run([*command, "start"], check=True, capture_output=True, timeout=60)
        try:
            yield port
        finally:
            subprocess.run([*command, "stop"], check=False, capture_output=True, timeout=60)


def _postfix() -> str:
    found = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, "Postfix is missing"
    return found


async def test_mail_passes_a_real_postfix_and_its_bounces_are_understood(
    postfix: int, world: tuple[_World, int]
) -> None:
    carrier = Smtp(
        Server.parse(f"smtp://127.0.0.1:{postfix}", "never"),
        Bounces("bounces.acme.example", SENDER.address),
        RECEIPT_TOKEN,
    )
    channel = channel_by(carrier)
    results = await post(channel, "ada@example.com", *(f"{name}@example.com" for name in _REFUSALS))
    await channel.close()
    assert [type(result) for result in results] == [Accepted] * 4
    assert all(isinstance(result, Accepted) and result.provider_id for result in results)
    mails = world[0].mails
    await until(lambda: len(mails) == 4)
    mail = BytesParser(policy=compat32).parsebytes(mails.pop("ada@example.com"))
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert not [defect for part in mail.walk() for defect in part.defects]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Message-ID"] == "<m0a7@acme.example>"
    told = {receipt.delivery: receipt for raw in mails.items() for receipt in receipts.read(_addressed(*raw))}
    kinds = [told[f"delivery{number:08}xyz"] for number in (1, 2, 3)]
    assert [(one.kind, one.keeps_address, one.our_fault) for one in kinds] == [
        (ReceiptKind.BOUNCED, False, False),
        (ReceiptKind.BOUNCED, True, False),
        (ReceiptKind.BOUNCED, True, True),
    ]


def _addressed(recipient: str, raw: bytes) -> bytes:
    return f"X-Original-To: {recipient}\r\n".encode() + raw
