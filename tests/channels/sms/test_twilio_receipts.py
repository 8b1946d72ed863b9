"""What Twilio reports: believed where it is signed for exactly this address, and never held against the innocent."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from texts_to_send import PUBLIC, TOKEN, sms_channel
from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.errors import Refused
from tocsin_channels.sms import replies
from tocsin_channels.sms.twilio_codes import TWILIO

URL = f"{PUBLIC}/receipts/twilio?delivery=abc123"
FIELDS = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+14155552671", "From": "+14155550100"}


def told(
    fields: dict[str, str], url: str = URL, token: str = TOKEN, header: str = "X-Twilio-Signature"
) -> list[Receipt]:
    """Post `fields` as Twilio does and return what is made of them."""
    signature = RequestValidator(token).compute_signature(url, fields)
    return list(sms_channel("http://127.0.0.1:1").read_receipt(urlencode(fields).encode(), {header: signature}, url))


def reported(status: str, code: str = "") -> list[Receipt]:
    return told({**FIELDS, "MessageStatus": status} | ({"ErrorCode": code} if code else {}))


@pytest.mark.parametrize("status", ["delivered", "read"])
def test_what_arrived_is_delivered(status: str) -> None:
    assert reported(status) == [Receipt("abc123", ReceiptKind.DELIVERED, status, "")]


@pytest.mark.parametrize("status", ["accepted", "scheduled", "queued", "sending", "sent"])
def test_what_is_on_its_way_says_nothing_yet(status: str) -> None:
    assert reported(status) == []


def test_each_report_has_a_name_so_that_one_that_comes_twice_counts_once() -> None:
    names = [reported(status, "30007")[0].event for status in ("undelivered", "undelivered", "failed")]
    assert names == ["SM1 undelivered", "SM1 undelivered", "SM1 failed"]


# Reported of a message, these say that nobody is there; 30005 is also said of a handset that is off.
DEAD = {21211, 21217, 21614, 21635, 30004, 30006}
# These blame us: credentials, senders, registration, quota, and being taken for spam.
OURS = {
    *(401, 403, 404, 20003, 20005, 20403, 20404, 21212, 21603, 21606, 21608, 21609, 21612, 21659, 21660, 21701, 21703),
    *(21704, 30002, 30007, 30032, 30034, 63038),
}


@pytest.mark.parametrize("status", ["undelivered", "failed"])
@pytest.mark.parametrize("code", sorted(TWILIO.codes))
def test_only_a_dead_number_is_given_up(status: str, code: int) -> None:
    first = reported(status, str(code))[0]
    assert first.kind is ReceiptKind.BOUNCED
    assert first.code == str(code)
    assert first.keeps_address is (code not in DEAD)
    assert first.our_fault is (code in OURS)
    assert first.unlisted == ""
    assert first.twice_is_proof is (code == 30005)
    assert first.may_pass is (code in {30001, 30003, 30008, 30009, 30022})
    assert TWILIO.codes[code].meaning in first.note


@pytest.mark.parametrize(("code", "named"), [("", "none"), ("39999", "39999"), ("twelve", "twelve")])
def test_a_code_that_nobody_knows_keeps_the_number_and_is_sent_once_more(code: str, named: str) -> None:
    [receipt] = reported("undelivered", code)
    assert (receipt.keeps_address, receipt.may_pass, receipt.unlisted) == (True, True, named)


def test_a_status_that_nobody_knows_changes_nothing_and_is_reported() -> None:
    [receipt] = reported("something-new")
    assert (receipt.kind, receipt.unlisted) == (ReceiptKind.DELAYED, "something-new")


def test_what_blames_us_keeps_the_number() -> None:
    assert not OURS & DEAD
    for code in OURS:
        [receipt] = reported("undelivered", str(code))
        assert receipt.keeps_address


def test_who_opted_out_at_twilio_is_opted_out_here() -> None:
    bounced, opted_out = reported("failed", "21610")
    assert bounced.keeps_address
    assert (opted_out.kind, opted_out.address) == (ReceiptKind.OPTED_OUT, "+14155552671")


def test_a_canceled_message_did_not_arrive() -> None:
    [receipt] = reported("canceled")
    assert (receipt.kind, receipt.keeps_address, receipt.unlisted) == (ReceiptKind.BOUNCED, True, "")


@pytest.mark.parametrize(
    ("fields", "url", "token"),
    [
        (FIELDS, URL, "another token"),
        (FIELDS, URL.replace("abc123", "abc124"), TOKEN),
        (FIELDS, URL.replace("https", "http"), TOKEN),
        (FIELDS | {"MessageStatus": "failed"}, URL, TOKEN),
        (FIELDS | {"New": "field"}, URL, TOKEN),
    ],
)
def test_what_is_not_signed_for_this_address_is_refused(fields: dict[str, str], url: str, token: str) -> None:
    signature = RequestValidator(token).compute_signature(URL, FIELDS)
    channel = sms_channel("http://127.0.0.1:1")
    with pytest.raises(Refused, match="not signed by Twilio"):
        channel.read_receipt(urlencode(fields).encode(), {"x-twilio-signature": signature}, url)


def test_every_field_is_signed_also_those_that_are_new_empty_or_padded() -> None:
    assert told({**FIELDS, "New": " padded ", "Empty": ""})[0].kind is ReceiptKind.DELIVERED


@pytest.mark.parametrize("headers", [{}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "ü"}])
def test_no_signature_is_no_receipt(headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        sms_channel("http://127.0.0.1:1").read_receipt(urlencode(FIELDS).encode(), headers, URL)


def test_without_a_token_nobody_can_report() -> None:
    channel = sms_channel("http://127.0.0.1:1", token="")
    signature = RequestValidator("").compute_signature(URL, FIELDS)
    with pytest.raises(Refused):
        channel.read_receipt(urlencode(FIELDS).encode(), {"X-Twilio-Signature": signature}, URL)


def test_what_is_no_form_is_refused() -> None:
    with pytest.raises(Refused, match="no form"):
        sms_channel("http://127.0.0.1:1").read_receipt(b"Body=%ff\xff", {"X-Twilio-Signature": "x"}, URL)


def answered(body: str, opt_out_type: str = "") -> list[Receipt]:
    fields = {"MessageSid": "SM2", "SmsStatus": "received", "From": "+14155552671", "To": "+14155550100", "Body": body}
    return told(fields | ({"OptOutType": opt_out_type} if opt_out_type else {}), url=f"{PUBLIC}/receipts/twilio")


@pytest.mark.parametrize(
    "body",
    ["STOP", "stop", " Stop. ", "STOPALL", "Unsubscribe", "cancel", "END", "quit", "OPTOUT", "opt out", "opt-out",
     "revoke", "please stop", "Stop texting me!", "pls unsubscribe me", "Stopp!", "bitte abmelden"],
)  # fmt: skip
def test_whoever_says_stop_is_opted_out(body: str) -> None:
    [receipt] = answered(body)
    assert receipt == Receipt("", ReceiptKind.OPTED_OUT, "STOP", "they texted STOP", address="+14155552671")


@pytest.mark.parametrize("body", ["START", "yes", "UnStop"])
def test_whoever_says_start_is_opted_in(body: str) -> None:
    [receipt] = answered(body)
    assert (receipt.kind, receipt.address) == (ReceiptKind.OPTED_IN, "+14155552671")


@pytest.mark.parametrize(
    "body",
    ["HELP", "info", "", "thanks", "when will it end", "does this stop at the weekend or not", "do not stop",
     "don't stop", "nicht abmelden", "yes we see it too", "Ich verstehe nicht", "停"],
)  # fmt: skip
def test_everything_else_changes_nothing(body: str) -> None:
    assert answered(body) == []


@pytest.mark.parametrize(
    ("body", "opt_out_type", "kind"),
    [("ARRET", "STOP", ReceiptKind.OPTED_OUT), ("OUI", "START", ReceiptKind.OPTED_IN)],
)
def test_twilios_own_reading_of_an_answer_is_believed(body: str, opt_out_type: str, kind: ReceiptKind) -> None:
    assert [receipt.kind for receipt in answered(body, opt_out_type)] == [kind]


@pytest.mark.parametrize(
    ("body", "opt_out_type", "event"),
    [
        ("AIUTO", "HELP", "reply.asks_for_help"),
        ("Help!", "", "reply.asks_for_help"),
        ("info", "", "reply.asks_for_help"),
        ("when will it end", "", "reply.not_understood"),
        ("can you help me", "", "reply.not_understood"),
    ],
)
def test_a_request_for_help_is_answered_by_twilio_and_is_no_riddle(body: str, opt_out_type: str, event: str) -> None:
    with capture_logs() as logged:
        assert answered(body, opt_out_type) == []
    assert [one["event"] for one in logged] == [event]


def test_each_word_that_carriers_know_is_known_and_no_other() -> None:
    assert {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"} == replies.STOP
    assert {"start", "yes", "unstop"} == replies.START
    assert {"help", "info"} == replies.HELP


@pytest.mark.parametrize("spelled", [str.upper, str.lower, str.title, "  {}!\n".format])
def test_each_word_that_carriers_know_does_what_they_do(spelled: Callable[[str], str]) -> None:
    assert {replies.meaning(spelled(word)) for word in replies.STOP} == {ReceiptKind.OPTED_OUT}
    assert {replies.meaning(spelled(word)) for word in replies.START} == {ReceiptKind.OPTED_IN}
    assert {replies.meaning(spelled(word)) for word in replies.HELP} == {None}
