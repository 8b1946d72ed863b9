"""Whatever is posted to where providers report: a stranger's is refused, a provider's odd one is read or refused."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from vonage_http_client.auth import Auth

from amazon import Amazon, signed
from texts_to_send import PUBLIC, SECRET, TOKEN, sms_channel, vonage_channel
from tocsin.domain.channel import Receipt
from tocsin.domain.errors import Refused
from tocsin_channels.email import mailgun_receipts, postmark_receipts, sendgrid_receipts, ses_receipts

Reader = Callable[[bytes, Mapping[str, str]], Sequence[Receipt]]
URL = f"{PUBLIC}/receipts/x?delivery=abc"
KEY = "the signing key"
TWILIO, VONAGE, AMAZON = sms_channel("http://127.0.0.1:1"), vonage_channel("localhost:1"), Amazon()
READERS: dict[str, Reader] = {
    "twilio": lambda raw, headers: TWILIO.read_receipt(raw, headers, URL),
    "vonage": lambda raw, headers: VONAGE.read_receipt(raw, headers, URL),
    "ses": lambda raw, _: ses_receipts.read(raw, AMAZON.sns),
    "sendgrid": lambda raw, headers: sendgrid_receipts.read(raw, headers, "no key"),
    "mailgun": lambda raw, _: mailgun_receipts.read(raw, KEY),
    "postmark": lambda raw, headers: postmark_receipts.read(raw, headers, "user", "password"),
}
WORDS = st.one_of(st.text(max_size=30), st.sampled_from(["\ud800", "\x00", "9" * 5_000, "-1", "NaN", "STOP"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)
# What providers call things, so that odd values come to where they are read.
NAMES = st.sampled_from(
    [
        "signature",
        "timestamp",
        "token",
        "event-data",
        "event",
        "severity",
        "delivery-status",
        "code",
        "recipient",
        "user-variables",
        "id",
        "Type",
        "TopicArn",
        "Message",
        "MessageId",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "SubscribeURL",
        "RecordType",
        "ID",
        "Email",
        "Metadata",
        "SuppressSending",
        "Details",
        "TypeCode",
        "MessageStatus",
        "ErrorCode",
        "From",
        "Body",
        "OptOutType",
        "msisdn",
        "status",
        "err-code",
        "client-ref",
        "sig",
        "text",
        "mail",
        "bounce",
        "bounceType",
        "bouncedRecipients",
        "eventType",
        "complaint",
        "delivery",
        "tags",
    ]
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=8)
BODIES = st.one_of(st.binary(max_size=80), st.one_of(OBJECTS, VALUES).map(lambda value: json.dumps(value).encode()))
HEADERS = st.dictionaries(
    st.sampled_from(
        (
            *("x-twilio-signature", "content-type", "authorization", "x-twilio-email-event-webhook-signature"),
            "x-twilio-email-event-webhook-timestamp",
        )
    ),
    st.one_of(
        st.text(st.characters(max_codepoint=255)),
        st.sampled_from(["application/json", "Basic dXNlcg==", "Basic ÿ", "Bearer x"]),
    ),
)
BOTTOMLESS = (b"[" * 60_000, b'{"signature":' * 20_000)


@pytest.mark.parametrize("provider", READERS)
@settings(max_examples=150, deadline=None)
@given(raw=BODIES, headers=HEADERS)
@example(raw=BOTTOMLESS[0], headers={"content-type": "application/json"})
@example(raw=BOTTOMLESS[1], headers={"content-type": "application/json"})
def test_what_a_stranger_posts_is_refused_and_stumbled_over_by_nobody(
    provider: str, raw: bytes, headers: dict[str, str]
) -> None:
    with pytest.raises(Refused):
        READERS[provider](raw, headers)
    assert AMAZON.asked == []


@settings(max_examples=150, deadline=None)
@given(data=OBJECTS)
def test_an_odd_report_of_mailguns_own_is_read_or_refused(data: dict[str, Any]) -> None:
    stamp, token = str(int(time.time())), "t" * 50
    signature = hmac.digest(KEY.encode(), f"{stamp}{token}".encode(), "sha256").hex()
    proof = {"timestamp": stamp, "token": token, "signature": signature}
    read_or_refused("mailgun", json.dumps({"signature": proof, "event-data": data}).encode(), {})


@settings(max_examples=150, deadline=None)
@given(data=VALUES | OBJECTS)
def test_an_odd_report_of_postmarks_own_is_read_or_refused(data: Any) -> None:
    allowed = "Basic " + base64.b64encode(b"user:password").decode()
    read_or_refused("postmark", json.dumps(data).encode(), {"Authorization": allowed})


@settings(max_examples=150, deadline=None)
@given(data=st.dictionaries(NAMES, st.text(max_size=30), max_size=8))
def test_an_odd_report_of_a_texts_carrier_is_read_or_refused(data: dict[str, str]) -> None:
    raw = {name: value for name, value in data.items() if name != "sig"}
    proof = RequestValidator(TOKEN).compute_signature(URL, raw)
    read_or_refused("twilio", urlencode(raw).encode(), {"X-Twilio-Signature": proof})
    stamped = raw | {"timestamp": str(int(time.time()))}
    stamped["sig"] = Auth(api_key="key", signature_secret=SECRET, signature_method="sha256").sign_params(dict(stamped))
    read_or_refused("vonage", json.dumps(stamped).encode(), {"Content-Type": "application/json"})


@settings(max_examples=100, deadline=None)
@given(data=VALUES | OBJECTS)
def test_an_odd_report_of_amazons_own_is_read_or_refused(data: Any) -> None:
    with suppress(Refused):
        read = ses_receipts.read(signed(Message=json.dumps(data)), Amazon().sns)
        assert all(isinstance(receipt, Receipt) for receipt in read)


def read_or_refused(provider: str, raw: bytes, headers: Mapping[str, str]) -> None:
    with suppress(Refused):
        assert all(isinstance(receipt, Receipt) for receipt in READERS[provider](raw, headers))
