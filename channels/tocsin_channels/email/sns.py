"""Amazon SNS over HTTPS: believed where Amazon signed it and it comes from a topic of ours.

A stranger's topic has a valid signature of Amazon's too, so the topic is looked at first, and only a subscription to
one of ours is confirmed. Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast
from urllib.parse import urlsplit

import httpx
import structlog
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

from tocsin.domain.errors import Refused
from tocsin.domain.foreign_json import read_json

log = structlog.get_logger()

# A region, which no customer's bucket can be: sns.s3-us-west-2.amazonaws.com is whoever has the bucket "sns".
_HOST: Final = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-[0-9]+\.amazonaws\.com(\.cn)?")
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]+\.pem")
_SECONDS: Final = 10.0
_MOST_CERTIFICATES: Final = 16
# What is signed, in this order, each where it is there.
_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Final = {"1": SHA1, "2": SHA256}

Fetch = Callable[[str], bytes]


def fetch(url: str) -> bytes:
    """Return what is at an address of Amazon's."""
    try:
        answer = httpx.get(url, timeout=_SECONDS, follow_redirects=False, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise Refused(f"Amazon could not be asked about this: {error}") from error
    return answer.content


class Sns:
    """Reads what comes from `topics`; `get` fetches certificates and confirms subscriptions."""

    def __init__(self, topics: Sequence[str], get: Fetch = fetch) -> None:
        self._topics = frozenset(topics)
        self._get = get
        self._keys: dict[str, rsa.RSAPublicKey] = {}

    def read(self, raw: bytes) -> tuple[str, str] | None:
        """Return the id and text of a notification, None where it was about a subscription; raise Refused else."""
        said = _fields(raw)
        kind = said.get("Type", "")
        if said.get("TopicArn", "") not in self._topics:
            raise Refused("This does not come from a topic of ours. Write its ARN into email.ses_topics.")
        self._verify(kind, said)
        if kind == "Notification":
            return said["MessageId"], said["Message"]
        if kind == "SubscriptionConfirmation":
            self._get(_of_amazon(said["SubscribeURL"]))
        log.warning("sns.subscription", kind=kind, topic=said["TopicArn"])
        return None

    def _verify(self, kind: str, said: Mapping[str, str]) -> None:
        chosen = _HASHES.get(said.get("SignatureVersion", ""))
        names = _SIGNED.get(kind)
        if chosen is None or names is None:
            raise Refused("This is no message of Amazon SNS, or signed in a way that we don't know.")
        text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said)
        try:
            signature = base64.b64decode(said.get("Signature", ""), validate=True)
            self._key(said.get("SigningCertURL", "")).verify(signature, text.encode(), padding.PKCS1v15(), chosen())
        except (InvalidSignature, ValueError) as error:
            raise Refused("This is not signed by Amazon SNS.") from error

    def _key(self, url: str) -> rsa.RSAPublicKey:
        if url not in self._keys:
            if not _CERTIFICATE.fullmatch(urlsplit(_of_amazon(url)).path):
                raise Refused("The certificate that this names is not one of Amazon SNS.")
            try:
                key = load_pem_x509_certificate(self._get(url)).public_key()
            except (ValueError, UnsupportedAlgorithm) as error:
                raise Refused("The certificate that this names cannot be read.") from error
            if not isinstance(key, rsa.RSAPublicKey):
                raise Refused("The certificate that this names has another kind of key than Amazon's.")
            if len(self._keys) >= _MOST_CERTIFICATES:
                self._keys.clear()
            self._keys[url] = key
        return self._keys[url]


def _of_amazon(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc):
        raise Refused("This names an address that is not Amazon SNS's.")
    return url


def _fields(raw: bytes) -> dict[str, str]:
    try:
        told = read_json(raw)
    except ValueError as error:
        raise Refused("This is no JSON as Amazon SNS posts it.") from error
    if not isinstance(told, dict):
        raise Refused("This is no JSON as Amazon SNS posts it.")
    return {name: value for name, value in cast("dict[str, object]", told).items() if isinstance(value, str)}
