"""Signatures, as the library of Standard Webhooks reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from hooks import SECRET
from tocsin.domain.signing import signing_secret
from tocsin_channels.webhook.signature import call_id, sign

BODY = '{"title":"Größe"}'.encode()


def test_a_signature_is_verified_by_whoever_has_the_secret() -> None:
    headers = sign("msg_a", BODY, [SECRET], datetime.now(UTC))
    assert Webhook(SECRET).verify(BODY, headers) == {"title": "Größe"}
    with pytest.raises(WebhookVerificationError):
        Webhook(signing_secret("other" * 8, 7, 1)).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers)


def test_while_secrets_rotate_either_verifies() -> None:
    new, old = signing_secret("s" * 32, 7, 2), SECRET
    headers = sign("msg_a", BODY, [new, old], datetime.now(UTC))
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (new, old):
        Webhook(secret).verify(BODY, headers)


@pytest.mark.parametrize("hours", [-11, 0, 5.75, 13])
def test_the_same_instant_gives_the_same_signature_in_every_time_zone(hours: float) -> None:
    now = datetime.now(UTC)
    elsewhere = now.astimezone(timezone(timedelta(hours=hours)))
    assert sign("msg_a", BODY, [SECRET], elsewhere) == sign("msg_a", BODY, [SECRET], now)
    Webhook(SECRET).verify(BODY, sign("msg_a", BODY, [SECRET], elsewhere))


def test_an_id_has_no_dot_and_stays_one_to_one() -> None:
    assert call_id("1i4zeb6v5j6l.z7yxkxb55pdq") == "msg_1i4zeb6v5j6l_z7yxkxb55pdq"
