"""Grafana's alerting webhook: Alertmanager's form with a title and a message.

Source: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/.
Signed, where a secret is set: lower-case hex of HMAC-SHA256 over the body, after a timestamp and a colon where the
contact point sends one.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from tocsin.domain.signal import Signal
from tocsin.web.hooks.prometheus import read_group
from tocsin.web.hooks.reading import SignedForm, fields


def read(body: Any) -> list[Signal]:
    return [read_group(fields(body), "Grafana")]


def is_signed(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    stamp = headers.get("x-grafana-alerting-timestamp", "")
    signed = f"{stamp}:".encode() + raw if stamp else raw
    wanted = hmac.digest(secret.encode(), signed, "sha256").hex()
    return hmac.compare_digest(headers.get("x-grafana-alerting-signature", "").encode(), wanted.encode())


SOURCE: Final = SignedForm("grafana", read, is_signed)
