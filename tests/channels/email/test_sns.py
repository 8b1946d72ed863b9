"""Messages of Amazon SNS: believed where Amazon signed them for a topic of ours."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from amazon import CERTIFICATE, CONFIRM, DELIVERY, Amazon, report, signed
from tocsin.domain.channel import ReceiptKind
from tocsin.domain.errors import Refused
from tocsin_channels.email import ses_receipts
from tocsin_channels.email.sns import Sns, fetch


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_the_signature_are_believed_and_the_certificate_is_fetched_once(version: str) -> None:
    there = Amazon()
    for _ in range(2):
        [receipt] = ses_receipts.read(signed(version, Message=report("Delivery")), there.sns)
        assert (receipt.delivery, receipt.kind, receipt.event) == (DELIVERY, ReceiptKind.DELIVERED, "m-1")
    assert there.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "said",
    [
        {"TopicArn": "arn:aws:sns:eu-central-1:666666666666:stranger"},
        {"SigningCertURL": "https://evil.example/SimpleNotificationService-0123456789abcdef.pem"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-01.pem"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-01.pem"},
        {"SigningCertURL": "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-01.pem"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com/anything-else.pem"},
        {"SigningCertURL": "https://bucket.s3.amazonaws.com/SimpleNotificationService-01.pem"},
        {"SigningCertURL": "https://sns.s3-us-west-2.amazonaws.com/SimpleNotificationService-01.pem"},
        {"SigningCertURL": "https://sns.s3-accelerate.amazonaws.com/SimpleNotificationService-01.pem"},
        {"SignatureVersion": "3"},
        {"Signature": "AAAA"},
        {"Message": report("Bounce")},
        {"MessageId": "another"},
        {"Type": "SubscriptionConfirmation"},
    ],
)
def test_what_is_changed_or_strange_is_refused_and_nothing_of_a_stranger_is_fetched(said: dict[str, str]) -> None:
    there = Amazon()
    forged = json.loads(signed(Message=report("Delivery"))) | said
    with pytest.raises(Refused):
        ses_receipts.read(json.dumps(forged).encode(), there.sns)
    assert set(there.asked) <= {CERTIFICATE}


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"{}", b'"text"'])
def test_what_is_no_message_of_sns_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        ses_receipts.read(raw, Amazon().sns)


def test_without_topics_nothing_is_taken() -> None:
    with pytest.raises(Refused, match=r"email\.ses_topics"):
        ses_receipts.read(signed(Message=report("Delivery")), Sns([]))


def confirmation(**said: str) -> bytes:
    return signed(Type="SubscriptionConfirmation", Message="You have chosen …", Token="abc", **said)


def test_a_subscription_to_our_own_topic_is_confirmed() -> None:
    there = Amazon()
    assert ses_receipts.read(confirmation(SubscribeURL=CONFIRM), there.sns) == []
    assert there.asked == [CERTIFICATE, CONFIRM]


def test_a_strangers_subscription_is_not_confirmed_though_amazon_signed_it() -> None:
    there = Amazon()
    with pytest.raises(Refused):
        ses_receipts.read(confirmation(SubscribeURL=CONFIRM, TopicArn="arn:aws:sns:eu-central-1:6:theirs"), there.sns)
    with pytest.raises(Refused):
        ses_receipts.read(confirmation(SubscribeURL="https://evil.example/?Action=ConfirmSubscription"), there.sns)
    assert there.asked == [CERTIFICATE]


def test_nobody_is_followed_to_another_address() -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/there":
                self.send_response(200)
            else:
                self.send_response(302)
                self.send_header("Location", "/there")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class's name

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(Refused, match="could not be asked"):
            fetch(f"http://127.0.0.1:{server.server_port}/")
        assert fetch(f"http://127.0.0.1:{server.server_port}/there") == b""
        server.shutdown()
