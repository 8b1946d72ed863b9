"""The carriers of e-mail that are asked over HTTP, each with how it answers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from email.parser import BytesParser
from email.policy import compat32

from contract.adapter import Adapter, Case, answer_json, fields, path
from hooks import Call, status
from mail_to_send import SENDER, channel_by, messages_to, story
from tocsin.domain.channel import Channel, Message
from tocsin.domain.errors import AddressDead, Ambiguous, TryAgain
from tocsin_channels.email import mailgun, postmark, sendgrid, ses

MAILBOXES = ("ada@example.com", "bob@example.com", "cy@example.com")


def write(channel: Channel, addresses: Sequence[str], url: str) -> list[Message]:
    del url
    return messages_to(addresses, channel.render(story()))


def make_ses(url: str, seconds: float) -> Channel:
    account = ses.Account("eu-central-1", SENDER.address, "AKIDEXAMPLE", "secret", url=url, seconds=seconds)
    return channel_by(ses.Ses(account))


def make_sendgrid(url: str, seconds: float) -> Channel:
    return channel_by(sendgrid.SendGrid(sendgrid.Account("SG.key", "", url, seconds=seconds)))


def make_mailgun(url: str, seconds: float) -> Channel:
    return channel_by(mailgun.Mailgun(mailgun.Account("acme.example", "key", "", url, seconds=seconds)))


def make_postmark(url: str, seconds: float) -> Channel:
    return channel_by(postmark.Postmark(postmark.Account("token", "outbound", "", "", url, seconds=seconds)))


def _to_ses(call: Call) -> list[str]:
    return list(fields(call)["Destination"]["ToAddresses"]) if call.body else []


def _ses(call: Call, case: Callable[[str], Case]) -> bytes:
    [address] = _to_ses(call)
    base64.b64decode(fields(call)["Content"]["Raw"]["Data"], validate=True)
    assert call.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    match case(address):
        case Case.TAKEN:
            return answer_json(200, {"MessageId": f"0102-{address}"})
        case Case.REFUSED:
            return answer_json(400, {"message": "Rejected"}, "x-amzn-ErrorType: MessageRejected:http://internal")
        case Case.DEAD:
            return answer_json(400, {"message": "Illegal address"}, "x-amzn-ErrorType: BadRequestException")
        case Case.ERROR_INSIDE:
            return answer_json(200, {"__type": "InternalFailure", "message": "oops"})
        case Case.REVOKED:
            words = {"message": "The security token included in the request is invalid."}
            return answer_json(403, words, "x-amzn-ErrorType: UnrecognizedClientException")


def _to_sendgrid(call: Call) -> list[str]:
    return [one["to"][0]["email"] for one in fields(call)["personalizations"]]


def _sendgrid(call: Call, case: Callable[[str], Case]) -> bytes:
    addresses = _to_sendgrid(call)
    assert len(set(addresses)) == len(addresses), "SendGrid takes each address once"
    faults: list[dict[str, str | None]] = []
    for number, address in enumerate(addresses):
        if case(address) is Case.ERROR_INSIDE:
            return answer_json(200, {"errors": [{"message": "oops"}]})
        if case(address) is Case.REVOKED:
            said = {"message": "The provided authorization grant is invalid, expired, or revoked", "field": None}
            return answer_json(401, {"errors": [said]})
        if case(address) is not Case.TAKEN:
            where, what = ("to.0.email", "no address") if case(address) is Case.DEAD else ("headers", "bad header")
            faults.append({"message": what, "field": f"personalizations.{number}.{where}", "help": None})
    return answer_json(400, {"errors": faults}) if faults else status(202, "X-Message-Id: 14c5d75ce93")


def form(call: Call) -> dict[str, bytes]:
    """Return the fields of a multipart form."""
    raw = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode() + call.body
    found: dict[str, bytes] = {}
    for part in BytesParser(policy=compat32).parsebytes(raw).walk():
        named = re.search(r'name="([^"]*)"', str(part.get("Content-Disposition", "")))
        if named:
            content = part.get_payload(decode=True)
            found[named[1]] = content if isinstance(content, bytes) else b""
    return found


def _to_mailgun(call: Call) -> list[str]:
    # A message within a form is taken apart by the parser, so the first field is read by hand.
    found = re.search(rb'name="to"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)', call.body)
    return [found[1].decode()] if found else []


def _mailgun(call: Call, case: Callable[[str], Case]) -> bytes:
    [address] = _to_mailgun(call)
    assert path(call) == "/v3/acme.example/messages.mime"
    match case(address):
        case Case.TAKEN:
            return answer_json(200, {"id": f"<{address}.1@acme.example>", "message": "Queued. Thank you."})
        case Case.REFUSED:
            return answer_json(400, {"message": "message is too odd"})
        case Case.DEAD:
            return answer_json(400, {"message": "'to' parameter is not a valid address. please check documentation"})
        case Case.ERROR_INSIDE:
            return answer_json(200, {"message": "something went wrong"})
        case Case.REVOKED:
            return status(401, body=b"Forbidden")


def _to_postmark(call: Call) -> list[str]:
    return [re.sub(r".*<(.*)>", r"\1", one["To"]) for one in json.loads(call.body)]


def _postmark(call: Call, case: Callable[[str], Case]) -> bytes:
    assert call.headers["x-postmark-server-token"] == "token"
    answers = {
        Case.REFUSED: {"ErrorCode": 300, "Message": "Provide either email TextBody or HtmlBody or both."},
        Case.DEAD: {"ErrorCode": 406, "Message": "You tried to send to a recipient that has been marked as inactive."},
        Case.ERROR_INSIDE: {"ErrorCode": 100, "Message": "Maintenance"},
    }
    if any(case(address) is Case.REVOKED for address in _to_postmark(call)):
        return answer_json(401, {"ErrorCode": 10, "Message": "The Server Token you provided is invalid."})
    told = [
        answers.get(case(address)) or {"To": address, "MessageID": f"b7bc-{address}", "ErrorCode": 0, "Message": "OK"}
        for address in _to_postmark(call)
    ]
    return answer_json(200, told)


MAIL = (
    Adapter(
        "ses", make_ses, write, MAILBOXES, _to_ses, _ses, dead=AddressDead, error_inside=Ambiguous
    ),
    Adapter(
        "sendgrid", make_sendgrid, write, MAILBOXES, _to_sendgrid, _sendgrid, dead=AddressDead, error_inside=Ambiguous
    ),
    Adapter(
        "mailgun", make_mailgun, write, MAILBOXES, _to_mailgun, _mailgun, dead=AddressDead, error_inside=Ambiguous
    ),
    Adapter(
        "postmark", make_postmark, write, MAILBOXES, _to_postmark, _postmark, dead=AddressDead, error_inside=TryAgain
    ),
)  # fmt: skip
