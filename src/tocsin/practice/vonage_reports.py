"""How Vonage speaks to us: JSON, signed with the account's signature secret over every field."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from vonage_http_client.auth import Auth

from tocsin.practice.sms_reports import Call
from tocsin.practice.twilio_behaviour import Behaviour
from tocsin.practice.twilio_log import Text
from tocsin.practice.vonage_behaviour import behaviour_of

_ON_ITS_WAY: Final = {"sent": "buffered"}  # Vonage's word for it


class VonageVoice:
    """The account `key`, for which `secret` signs; replies come in at `replies_url`."""

    def __init__(self, key: str, secret: str, replies_url: str) -> None:
        self._key = key
        self._sign = Auth(api_key=key, signature_secret=secret, signature_method="sha256")
        self._replies_url = replies_url

    def behaviour(self, number: str) -> Behaviour:
        return behaviour_of(number)

    def report(self, text: Text, status: str, error: int | None) -> Call | None:
        if not text.callback:
            return None
        now = datetime.now(UTC)
        told = {
            "msisdn": text.recipient.removeprefix("+"),
            "to": text.sender.removeprefix("+"),
            "network-code": "310260",
            "messageId": text.sid,
            "price": "0.03330000",
            "status": _ON_ITS_WAY.get(status, status),
            "scts": f"{now:%y%m%d%H%M}",
            "err-code": str(error or 0),
            "api-key": self._key,
            "client-ref": text.reference,
            "message-timestamp": f"{now:%Y-%m-%d %H:%M:%S}",
        }
        return self._call(text.callback, told)

    def reply(self, text: Text, body: str) -> Call:
        told = {
            "api-key": self._key,
            "msisdn": text.recipient.removeprefix("+"),
            "to": text.sender.removeprefix("+"),
            "messageId": uuid4().hex[:16].upper(),
            "text": body,
            "type": "text",
            "keyword": body.split(" ", maxsplit=1)[0].upper(),
            "message-timestamp": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        }
        return self._call(self._replies_url, told)

    def _call(self, url: str, told: dict[str, str]) -> Call:
        signed = told | {"timestamp": str(int(time.time())), "nonce": uuid4().hex}
        signed["sig"] = self._sign.sign_params(dict(signed))
        return Call(url, json.dumps(signed).encode(), {"Content-Type": "application/json", "User-Agent": "Nexmo/1.0"})
