"""What providers post later of their messages, signed as they sign it and ready for the wire."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twilio.request_validator import RequestValidator

from tocsin_channels.email.envelopes import NAME

HOST = "status.example.com"
TWILIO_TOKEN = "token"
_TIME = "1700000000"
_KEY = ec.generate_private_key(ec.SECP256R1())


def verification_key() -> str:
    """Return the public key as SendGrid shows it."""
    return base64.b64encode(_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def twilio(token: str, number: int) -> str:
    """Return what Twilio posts of a text that was delivered."""
    path = f"/receipts/twilio?delivery={token}"
    fields = {
        "AccountSid": "AC" + "0" * 32,
        "ApiVersion": "2010-04-01",
        "From": "+14155550100",
        "MessageSid": f"SM{number:032x}",
        "MessageStatus": "delivered",
        "SmsSid": f"SM{number:032x}",
        "SmsStatus": "delivered",
        "To": f"+1415{number:07}",
    }
    signature = RequestValidator(TWILIO_TOKEN).compute_signature(f"https://{HOST}{path}", fields)
    return _post(path, urlencode(fields), "application/x-www-form-urlencoded", {"X-Twilio-Signature": signature})


def sendgrid(tokens: Sequence[str], number: int) -> str:
    """Return what SendGrid posts of mails that were delivered, all in one."""
    events = [
        {
            "email": f"s{at:011}@example.com",
            "timestamp": int(_TIME),
            "event": "delivered",
            "response": "250 2.0.0 OK",
            "sg_event_id": f"event-{number}-{at}",
            "sg_message_id": f"14c5d75ce93.dfd.64b469.filter0001.16648.{number}.{at}",
            "smtp-id": f"<14c5d75ce93.dfd.64b469.{at}@ismtpd-555>",
            NAME: token,
        }
        for at, token in enumerate(tokens)
    ]
    body = json.dumps(events)
    signature = base64.b64encode(_KEY.sign((_TIME + body).encode(), ec.ECDSA(SHA256()))).decode()
    signed = {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": _TIME,
    }
    return _post("/receipts/sendgrid", body, "application/json", signed)


def _post(path: str, body: str, media: str, headers: Mapping[str, str]) -> str:
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}", f"Content-Type: {media}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body])
