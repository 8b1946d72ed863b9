"""Signs calls as Standard Webhooks 1.0.0 has it, with each of an endpoint's secrets that still counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook


def call_id(message: str) -> str:
    """Return a message's id as it is sent: the signed text joins its parts with dots, so an id has none."""
    return f"msg_{message.replace('.', '_')}"


def sign(name: str, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Return the headers of one attempt to make the call `name`; the newest secret comes first.

    Without a secret it goes unsigned, as to an operator's own receiver.
    """
    # The library takes any time zone's clock for UTC's.
    moment = now.astimezone(UTC)
    text = body.decode()
    named = {"webhook-id": name, "webhook-timestamp": str(int(moment.timestamp()))}
    if not secrets:
        return named
    return named | {"webhook-signature": " ".join(Webhook(secret).sign(name, moment, text) for secret in secrets)}
