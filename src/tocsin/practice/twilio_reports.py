"""How Twilio speaks to us: forms, signed over the address they are posted to and every field."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from twilio.request_validator import RequestValidator

from tocsin.practice.sms_reports import Call
from tocsin.practice.twilio_behaviour import Behaviour, behaviour_of
from tocsin.practice.twilio_log import Text

_WISHES: Final = frozenset({"STOP", "START", "HELP"})  # what Twilio itself understands, and says so


class TwilioVoice:
    """The account `sid`, whose `token` signs; replies come in at `replies_url`."""

    def __init__(self, sid: str, token: str, replies_url: str) -> None:
        self._sid = sid
        self._sign = RequestValidator(token)
        self._replies_url = replies_url

    def behaviour(self, number: str) -> Behaviour:
        return behaviour_of(number)

    def report(self, text: Text, status: str, error: int | None) -> Call | None:
        if not text.callback:
            return None
        told = {
            "SmsSid": text.sid,
            "SmsStatus": status,
            "MessageStatus": status,
            "To": text.recipient,
            "MessageSid": text.sid,
            "AccountSid": self._sid,
            "From": text.sender,
            "ApiVersion": "2010-04-01",
        }
        return self._call(text.callback, told if error is None else told | {"ErrorCode": str(error)})

    def reply(self, text: Text, body: str) -> Call:
        name = f"SM{uuid4().hex}"
        told = {
            "ToCountry": "US",
            "MessageSid": name,
            "SmsSid": name,
            "SmsMessageSid": name,
            "SmsStatus": "received",
            "NumMedia": "0",
            "NumSegments": "1",
            "Body": body,
            "To": text.sender,
            "From": text.recipient,
            "AccountSid": self._sid,
            "ApiVersion": "2010-04-01",
        }
        return self._call(self._replies_url, told | ({"OptOutType": body} if body in _WISHES else {}))

    def _call(self, url: str, fields: dict[str, str]) -> Call:
        headers = {
            "X-Twilio-Signature": self._sign.compute_signature(url, fields),
            "I-Twilio-Idempotency-Token": str(uuid4()),
            "User-Agent": "TwilioProxy/1.1",
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        }
        return Call(url, urlencode(fields).encode(), headers)
