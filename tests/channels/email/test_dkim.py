"""DKIM signatures, verified by an independent library with the public key that DNS would give."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mail_to_send import RECEIPT_TOKEN, SENDER, channel_by, messages_to, post, story
from scripted_smtp import Scripted, served
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import Refused
from tocsin_channels.email.dkim_signer import SIGNED, DkimSigner
from tocsin_channels.email.letter import Bounces, Copy
from tocsin_channels.email.server import Server
from tocsin_channels.email.smtp import Smtp

Dns = Callable[..., bytes]
Keys = tuple[DkimSigner, Dns]


def _pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def keys(kind: str) -> Keys:
    """Return a signer, and the DNS that has its public key and nothing else."""
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if kind == "rsa":
        key = rsa.generate_private_key(65537, 2048)
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def dns(name: bytes, timeout: int = 5) -> bytes:
        del timeout
        assert name == b"s2026._domainkey.acme.example."
        return f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode()}".encode()

    return DkimSigner("acme.example", "s2026", _pem(key)), dns


def copy(title_of: str = "") -> Copy:
    channel = channel_by(Smtp(Server.parse("smtp://127.0.0.1:1"), Bounces("", SENDER.address), RECEIPT_TOKEN))
    [message] = messages_to(["ada@example.com"], channel.render(story(brand=title_of or "Acme")))
    return channel.render(story(brand=title_of or "Acme")).copy(0, message, Bounces("", SENDER.address))


def verified(mail: bytes, dns: Dns) -> bool:
    return bool(dkim.verify(mail.removesuffix(b".\r\n"), dnsfunc=dns))


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@pytest.mark.parametrize("brand", ["Acme", "Äcme & Søn 障害", "A very long brand " * 6])
def test_a_signature_is_verified_by_another_library(kind: str, brand: str) -> None:
    signer, dns = keys(kind)
    signed = signer.sign(copy(brand).data)
    assert verified(signed, dns)
    assert max(map(len, signed.split(b"\r\n"))) < 900


@pytest.mark.parametrize(
    ("there", "here"),
    [
        (b"/unsubscribe/token0xyz>\r\nList-Unsubscribe-Post", b"/unsubscribe/another>\r\nList-Unsubscribe-Post"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: List-Unsubscribe=No"),
        (b"Message-ID: <m0a7@", b"Message-ID: <m0a8@"),
        (b"ada@example.com", b"eve@example.com"),
        (b"failed payments", b"fallen payments"),
        (b"From: Acme", b"From: Evil <evil@evil.example>\r\nFrom: Acme"),
        (b"Subject: ", b"Subject: Free money\r\nSubject: "),
    ],
)
def test_whatever_is_changed_on_the_way_is_seen(there: bytes, here: bytes) -> None:
    signer, dns = keys("rsa")
    signed = signer.sign(copy().data)
    assert there in signed
    assert not verified(signed.replace(there, here, 1), dns)


def test_the_headers_that_let_people_unsubscribe_are_covered() -> None:
    assert {b"from", b"list-unsubscribe", b"list-unsubscribe-post"} <= set(SIGNED)
    signed = keys("rsa")[0].sign(copy().data)
    listed = signed.partition(b" h=")[2].partition(b";")[0].replace(b"\r\n", b"").replace(b" ", b"")
    assert tuple(listed.split(b":")) == SIGNED


async def test_each_of_many_copies_has_a_signature_of_its_own() -> None:
    signer, dns = keys("ed25519")
    addresses = [f"reader{number}@example.com" for number in range(120)]
    async with served(Scripted()) as server:
        carrier = Smtp(
            Server.parse(f"smtp://127.0.0.1:{server.port}"), Bounces("", SENDER.address), RECEIPT_TOKEN, signer=signer
        )
        channel = channel_by(carrier)
        results = await post(channel, *addresses)
        assert "signed with DKIM" in await channel.check()
        await channel.close()
    assert [type(result) for result in results] == [Accepted] * 120
    assert len({mail.partition(b"\r\n b=")[2].partition(b"\r\nDate")[0] for mail in server.mails}) == 120
    assert all(verified(mail, dns) for mail in server.mails)


@pytest.mark.parametrize(
    ("domain", "selector", "pem", "field"),
    [
        ("acme.example", "s2026", "nonsense", "email.dkim_key"),
        ("acme.example", "s2026", _pem(ec.generate_private_key(ec.SECP256R1())), "email.dkim_key"),
        ("acme.example", "", _pem(ed25519.Ed25519PrivateKey.generate()), "email.dkim_selector"),
        ("", "s2026", _pem(ed25519.Ed25519PrivateKey.generate()), "email.dkim_domain"),
        ("acme.example\r\nBcc: x", "s2026", _pem(ed25519.Ed25519PrivateKey.generate()), "email.dkim_domain"),
    ],
)
def test_a_setting_that_cannot_sign_is_named(domain: str, selector: str, pem: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        DkimSigner(domain, selector, pem)
    assert caught.value.field == field
