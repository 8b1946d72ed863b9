"""Amazon SES's codes: each row's decision, one by one, and what a request to it holds."""

from __future__ import annotations

import base64
from email.parser import BytesParser
from email.policy import compat32

import pytest

from contract.adapter import answer_json, fields, path, send
from contract.mail_adapters import make_ses, write
from hooks import Call, answering, receiving, status
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.email.ses_codes import SES

DECISIONS: dict[str, type[DeliveryError]] = {
    "AccountSuspendedException": ProviderDown,
    "BadRequestException": GiveUp,
    "LimitExceededException": ProviderDown,
    "MailFromDomainNotVerifiedException": ProviderDown,
    "MessageRejected": GiveUp,
    "NotFoundException": ProviderDown,
    "SendingPausedException": ProviderDown,
    "TooManyRequestsException": TooFast,
    "AccessDeniedException": ProviderDown,
    "ExpiredTokenException": ProviderDown,
    "IncompleteSignatureException": ProviderDown,
    "InvalidSignatureException": ProviderDown,
    "SignatureDoesNotMatch": ProviderDown,
    "InvalidClientTokenId": ProviderDown,
    "UnrecognizedClientException": ProviderDown,
    "MissingAuthenticationTokenException": ProviderDown,
    "NotAuthorized": ProviderDown,
    "OptInRequired": ProviderDown,
    "RequestExpired": ProviderDown,
    "IncompleteSignature": ProviderDown,
    "MissingAuthenticationToken": ProviderDown,
    "UnknownOperationException": ProviderDown,
    "Throttling": TooFast,
    "RequestAbortedException": TryAgain,
    "RequestTimeoutException": TryAgain,
    "RequestEntityTooLargeException": GiveUp,
    "MalformedHttpRequestException": GiveUp,
    "ValidationException": GiveUp,
    "InternalFailure": TryAgain,
    "InternalServiceErrorException": TryAgain,
    "ServiceUnavailable": TryAgain,
    "ThrottlingException": TooFast,
    "ValidationError": GiveUp,
    "daily quota": ProviderDown,
    "not verified": ProviderDown,
    "illegal address": AddressDead,
    "401": ProviderDown,
    "403": ProviderDown,
    "404": ProviderDown,
    "413": GiveUp,
    "429": TooFast,
    "500": TryAgain,
    "502": TryAgain,
    "503": TryAgain,
}


async def one(answer: bytes) -> tuple[Result, Call]:
    async with receiving(answering(answer)) as server:
        channel = make_ses(server.url.removesuffix("/hook"), 5.0)
        [result] = await send(channel, write(channel, ["ada@example.com"], ""))
        await channel.close()
        return result, server.calls[0]


def test_every_row_is_asserted() -> None:
    assert set(SES.codes) == set(DECISIONS)


@pytest.mark.parametrize("code", DECISIONS)
async def test_a_code_means(code: str) -> None:
    if code.isdecimal():
        result, _ = await one(status(int(code), body=b"<html>"))
    else:
        result, _ = await one(answer_json(400, {"message": ""}, f"x-amzn-ErrorType: {code}:http://internal/"))
    if " " in code:  # what only words tell
        result = SES.refusal(code, "")
    assert type(result) is DECISIONS[code]
    assert isinstance(result, DeliveryError)
    assert SES.codes[code].meaning in result.note


@pytest.mark.parametrize(
    ("code", "words", "decision"),
    [
        ("TooManyRequestsException", "Maximum sending rate exceeded.", TooFast),
        ("TooManyRequestsException", "Daily message quota exceeded.", ProviderDown),
        ("MessageRejected", "Email address is not verified. The following identities failed the check", ProviderDown),
        ("BadRequestException", "Missing final '@domain'", AddressDead),
        ("BadRequestException", "Local address contains control or whitespace", AddressDead),
        ("SomethingNewException", "who knows", TryAgain),
    ],
)
async def test_words_say_what_a_code_does_not(code: str, words: str, decision: type[DeliveryError]) -> None:
    result, _ = await one(answer_json(400, {"message": words}, f"x-amzn-ErrorType: {code}"))
    assert type(result) is decision


async def test_a_request_is_signed_and_has_the_whole_mail() -> None:
    result, call = await one(answer_json(200, {"MessageId": "0102"}))
    assert result == Accepted("0102", code=200)
    assert path(call) == "/v2/email/outbound-emails"
    assert "/eu-central-1/ses/aws4_request" in call.headers["authorization"]
    said = fields(call)
    assert said["EmailTags"] == [{"Name": "tocsin_delivery", "Value": "delivery00000000xyz"}]
    mail = BytesParser(policy=compat32).parsebytes(base64.b64decode(said["Content"]["Raw"]["Data"]))
    assert (mail["Message-ID"], mail["To"]) == ("<m0a7@acme.example>", "Reader 0 <ada@example.com>")
    assert mail["List-Unsubscribe"] == "<https://status.acme.example/unsubscribe/token0xyz>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["X-Tocsin-Delivery"] == "delivery00000000xyz"
    assert not mail.defects


async def test_the_account_is_asked_and_nothing_is_sent() -> None:
    account = {
        "SendingEnabled": True,
        "ProductionAccessEnabled": False,
        "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 3.0},
    }
    async with receiving(answering(answer_json(200, account))) as server:
        channel = make_ses(server.url.removesuffix("/hook"), 5.0)
        told = await channel.check()
        await channel.close()
    assert [call.line for call in server.calls] == ["GET /v2/email/account HTTP/1.1"]
    assert "3.0 of 200.0 mails sent today" in told
    assert "sandbox" in told
    assert "no receipts until email.ses_topics" in told


async def test_sending_that_is_paused_is_told() -> None:
    async with receiving(answering(answer_json(200, {"SendingEnabled": False, "EnforcementStatus": "SHUTDOWN"}))) as at:
        channel = make_ses(at.url.removesuffix("/hook"), 5.0)
        with pytest.raises(ProviderDown, match="SHUTDOWN"):
            await channel.check()
        await channel.close()
