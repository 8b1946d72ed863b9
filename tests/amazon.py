"""What Amazon posts: messages of SNS with a signature of its form, and reports of SES within them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tocsin_channels.email.sns import Sns

TOPIC = "arn:aws:sns:eu-central-1:123456789012:tocsin"
CERTIFICATE = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
CONFIRM = f"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
DELIVERY = "mfrggzdfmztwq2lkmfrggzdfmztwq"


@cache
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    """Return a key and its certificate, as Amazon's own are."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    return key, made.public_bytes(Encoding.PEM)


class Amazon:
    """Stands in for the two things that are fetched from Amazon."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sns = Sns([TOPIC], self.get)

    def get(self, url: str) -> bytes:
        self.asked.append(url)
        return amazon()[1]


def signed(version: str = "2", **said: str) -> bytes:
    """Return a message of SNS, signed as its documentation has it."""
    kind = said.setdefault("Type", "Notification")
    said = {"MessageId": "m-1", "TopicArn": TOPIC, "Timestamp": "2026-11-21T20:00:00.000Z"} | said
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if kind != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said)
    chosen = SHA1() if version == "1" else SHA256()
    signature = base64.b64encode(amazon()[0].sign(text.encode(), padding.PKCS1v15(), chosen)).decode()
    return json.dumps(
        {"SignatureVersion": version, "Signature": signature, "SigningCertURL": CERTIFICATE} | said
    ).encode()


def report(kind: str, *, key: str = "eventType", tagged: bool = True, **said: Any) -> str:
    mail: dict[str, Any] = {"messageId": "0102", "destination": ["ada@example.com"], "source": "status@acme.example"}
    if tagged:
        mail["tags"] = {"tocsin_delivery": [DELIVERY], "ses:source-ip": ["192.0.2.1"]}
    else:
        mail["headers"] = [{"name": "X-Tocsin-Delivery", "value": DELIVERY}]
    return json.dumps({key: kind, "mail": mail} | said)
