"""What Postmark reports of its messages: it signs nothing, so it has to know the user and password of our address.

Source: https://postmarkapp.com/developer/webhooks/webhooks-overview.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tocsin.domain.channel import Receipt
from tocsin.domain.errors import Refused
from tocsin.domain.foreign_json import read_json
from tocsin_channels.email.envelopes import NAME
from tocsin_channels.email.postmark_codes import BOUNCES, RECORDS, SUPPRESSIONS
from tocsin_channels.email.told import object_of
from tocsin_channels.email.verdict import Verdict, failed_for, receipts_of

_IDENTIFIED: Final = ("ID", "DeliveredAt", "ChangedAt")


def read(raw: bytes, headers: Mapping[str, str], user: str, password: str) -> Sequence[Receipt]:
    """Return what Postmark says; raise Refused where it is not Postmark that says it."""
    given = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
    ours = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if not user or not password or not hmac.compare_digest(given.encode(), ours.encode()):
        raise Refused(
            "This has not the user and password that Postmark was told. Check email.postmark_webhook_user and "
            "postmark_webhook_password, and the address of the webhook at Postmark."
        )
    try:
        told = read_json(raw)
    except ValueError as error:
        raise Refused("This is no JSON as Postmark posts it.") from error
    said = object_of(told)
    if not said:
        raise Refused("This is no JSON as Postmark posts it.")
    return _receipts(said)


def _receipts(said: Mapping[str, Any]) -> list[Receipt]:
    delivery = str(object_of(said.get("Metadata")).get(NAME, ""))
    words = str(said.get("Details") or said.get("Description") or "")
    kind = str(said.get("Type") or said.get("SuppressionReason") or "")
    note = f"Postmark {kind}: {words}" if kind else f"Postmark: {words}"
    return receipts_of(_verdict(said, kind, words), delivery, kind, note, _event(said), _unlisted(said, kind))


def _unlisted(said: Mapping[str, Any], kind: str) -> str:
    """Return the record, or the type within it, that no table has; "" where they have it."""
    record = str(said.get("RecordType"))
    if record == "Bounce":
        return "" if kind in BOUNCES else f"{record} {kind}"
    if record == "SubscriptionChange" and said.get("SuppressSending"):
        return "" if kind in SUPPRESSIONS else f"{record} {kind}"
    return "" if record in RECORDS else record


def _verdict(said: Mapping[str, Any], kind: str, words: str) -> Verdict:
    match said.get("RecordType"):
        case "SubscriptionChange":
            return SUPPRESSIONS.get(kind, Verdict.STRANGE) if said.get("SuppressSending") else Verdict.NOTHING
        case "Bounce":
            verdict = BOUNCES.get(kind) or failed_for("", words)
            # Postmark's own classes put policy among the hard bounces at times; the server's words are surer.
            blames_us = verdict is Verdict.GONE and failed_for("", words) is Verdict.OUR_FAULT
            return Verdict.OUR_FAULT if blames_us else verdict
        case record:
            return RECORDS.get(str(record), Verdict.STRANGE)


def _event(said: Mapping[str, Any]) -> str:
    """Return a name of this report: Postmark gives bounces a number, and others none."""
    own = next((str(said[name]) for name in _IDENTIFIED if said.get(name)), "")
    return f"{said.get('MessageID', '')}:{said.get('RecordType', '')}:{own}" if own else ""
