"""What Vonage reports: believed where it is signed with our secret, and never held against the innocent."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import pytest
from vonage_http_client.auth import Auth

from texts_to_send import PUBLIC, SECRET, vonage_channel
from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import ProviderDown, Refused, TooFast
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


DEAD, OPTED_OUT, MAY_PASS, OURS, KEPT = "nobody is there", "they want none", "once more", "ours", "kept"
REPORTED: dict[int, str] = {
    1: MAY_PASS,  # unknown
    2: MAY_PASS,  # absent for now
    3: DEAD,  # absent for good
    4: OPTED_OUT,  # barred by the user
    5: KEPT,  # moving to another carrier
    6: OURS,  # taken for spam
    7: MAY_PASS,  # busy
    8: MAY_PASS,  # the network
    9: OPTED_OUT,  # the user asked for nothing of this kind
    10: KEPT,
    11: KEPT,
    12: KEPT,
    13: KEPT,
    14: OURS,  # blocked by the carrier
    15: KEPT,
    16: OURS,  # our quota
    50: OURS,  # India's registers, and the like
    51: OURS,
    52: OURS,
    53: OURS,
    54: OURS,
    99: MAY_PASS,
}


def test_no_report_is_left_out() -> None:
    assert set(REPORTS.codes) == set(REPORTED)


@pytest.mark.parametrize(("code", "means"), REPORTED.items())
def test_a_report_means(code: int, means: str) -> None:
    first, *wishes = told({**REPORT, "status": "failed", "err-code": str(code)})
    assert first.kind is ReceiptKind.BOUNCED
    assert first.keeps_address is (means != DEAD)
    assert first.may_pass is (means == MAY_PASS)
    assert first.our_fault is (means == OURS)
    assert [wish.kind for wish in wishes] == ([ReceiptKind.OPTED_OUT] if means == OPTED_OUT else [])


@pytest.mark.parametrize(("code", "named"), [("77", "77"), ("", "none")])
def test_a_report_that_nobody_knows_keeps_the_number_and_is_sent_once_more(code: str, named: str) -> None:
    [receipt] = told({**REPORT, "status": "failed", "err-code": code})
    assert (receipt.keeps_address, receipt.may_pass, receipt.unlisted) == (True, True, named)


def test_a_status_that_nobody_knows_changes_nothing_and_is_reported() -> None:
    [receipt] = told({**REPORT, "status": "something-new"})
    assert (receipt.kind, receipt.unlisted) == (ReceiptKind.DELAYED, "something-new")


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
