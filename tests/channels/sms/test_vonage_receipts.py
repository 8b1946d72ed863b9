"""What Vonage reports: believed where it is signed with our secret, and never held against the innocent."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import pytest
from vonage_http_client.auth import Auth

from texts_to_send import PUBLIC, SECRET, vonage_channel
from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import AddressDead, OptedOut, ProviderDown, Refused, TooFast
from tocsin_channels.sms.vonage import Vonage
from tocsin_channels.sms.vonage_codes import REPORTS, VONAGE


def told(fields: dict[str, str], *, secret: str = SECRET, kind: str = "application/json") -> list[Receipt]:
    """Post `fields` as Vonage does and return what is made of them."""
    signed = fields | {"timestamp": str(int(time.time())), "nonce": "n"}
    auth = Auth(api_key="key", signature_secret=secret, signature_method="sha256")
    signed["sig"] = auth.sign_params(dict(signed))
    raw = json.dumps(signed) if "json" in kind else urlencode(signed)
    return list(vonage_channel("localhost:1").read_receipt(raw.encode(), {"Content-Type": kind}, f"{PUBLIC}/x"))


REPORT = {"msisdn": "14155552671", "to": "14155550100", "client-ref": "abc123", "err-code": "0"}


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_what_arrived_is_delivered(kind: str) -> None:
    assert told({**REPORT, "status": "delivered"}, kind=kind) == [Receipt("abc123", ReceiptKind.DELIVERED, "0", "")]


@pytest.mark.parametrize("code", sorted(REPORTS.codes))
def test_only_a_dead_number_is_given_up(code: int) -> None:
    first = told({**REPORT, "status": "failed", "err-code": str(code)})[0]
    assert first.kind is ReceiptKind.BOUNCED
    assert first.keeps_address is (REPORTS.codes[code].decision is not AddressDead)
    assert first.may_pass is (code in {1, 2, 7, 8, 99})


def test_who_blocks_us_has_opted_out() -> None:
    assert REPORTS.codes[4].decision is OptedOut
    assert [one.kind for one in told({**REPORT, "status": "failed", "err-code": "4"})] == [
        ReceiptKind.BOUNCED,
        ReceiptKind.OPTED_OUT,
    ]


def test_what_is_on_its_way_says_nothing_yet() -> None:
    assert told({**REPORT, "status": "buffered"}) == []


def test_an_answer_of_stop_is_a_wish() -> None:
    [wish] = told({"msisdn": "14155552671", "to": "14155550100", "text": "Stop", "type": "text"})
    assert (wish.kind, wish.address) == (ReceiptKind.OPTED_OUT, "+14155552671")


def test_what_is_not_signed_with_our_secret_is_refused() -> None:
    with pytest.raises(Refused, match="not signed by Vonage"):
        told({**REPORT, "status": "delivered"}, secret="another")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b'{"sig": "\xc3\xbc"}', b'{"sig": "x"}'])
def test_what_is_no_report_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        vonage_channel("localhost:1").read_receipt(raw, {"content-type": "application/json"}, f"{PUBLIC}/x")


def test_credentials_that_are_refused_stop_a_batch() -> None:
    assert all(VONAGE.codes[code].decision in {ProviderDown, TooFast} for code in Vonage.whole_account)
