"""What Amazon SES reports of its messages, by SNS: as notifications of an identity or events of a configuration set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tocsin.domain.channel import Receipt
from tocsin.domain.foreign_json import read_json
from tocsin_channels.email.envelopes import HEADER, NAME
from tocsin_channels.email.ses_codes import BOUNCES, COMPLAINTS, EVENTS
from tocsin_channels.email.sns import Sns
from tocsin_channels.email.told import list_of, object_of, objects_of
from tocsin_channels.email.verdict import Verdict, failed_for, receipts_of

_ALREADY: Final = "OnAccountSuppressionList"


def read(raw: bytes, sns: Sns) -> Sequence[Receipt]:
    """Return what SES says; raise Refused where it is not SES that says it."""
    notification = sns.read(raw)
    if notification is None:
        return []
    event, text = notification
    try:
        said = object_of(read_json(text))
    except ValueError:  # "Successfully validated SNS topic …"
        return []
    delivery = _delivery(object_of(said.get("mail")))
    kind = str(said.get("eventType") or said.get("notificationType"))
    if kind == "Bounce":
        return _bounces(said, delivery, event)
    if kind == "Complaint":
        return _complaint(object_of(said.get("complaint")), delivery, event)
    unlisted = "" if kind in EVENTS else kind
    verdict = EVENTS.get(kind, Verdict.STRANGE)
    return receipts_of(verdict, delivery, kind, f"Amazon SES {kind}: {_words(said)}", event, unlisted)


def _words(said: Mapping[str, Any]) -> str:
    """Return why, wherever an event says so."""
    places = (
        ("delivery", "smtpResponse"),
        ("deliveryDelay", "delayType"),
        ("reject", "reason"),
        ("failure", "errorMessage"),
    )
    return next((str(object_of(said.get(at))[name]) for at, name in places if name in object_of(said.get(at))), "")


def _bounces(said: Mapping[str, Any], delivery: str, event: str) -> list[Receipt]:
    """Return one receipt for each recipient; behind an alias there may be several, and only the address itself dies."""
    bounce = object_of(said.get("bounce"))
    named = f"{bounce.get('bounceType')}/{bounce.get('bounceSubType')}"
    general = BOUNCES.get(named, Verdict.RETURNED)
    addressed = {str(one).lower() for one in list_of(object_of(said.get("mail")).get("destination"))}
    recipients = objects_of(bounce.get("bouncedRecipients")) or [{}]
    found: list[Receipt] = []
    for number, recipient in enumerate(recipients):
        status, words = str(recipient.get("status", "")), str(recipient.get("diagnosticCode", ""))
        verdict = general
        if general is Verdict.GONE:
            if failed_for(status, words) is Verdict.OUR_FAULT:
                verdict = Verdict.OUR_FAULT
            elif len(recipients) > 1 and str(recipient.get("emailAddress", "")).lower() not in addressed:
                verdict = Verdict.RETURNED
        note = f"Amazon SES {named}: {words or status or 'no words'}"
        unlisted = "" if named in BOUNCES else named
        found += receipts_of(verdict, delivery, status or named, note, f"{event}:{number}", unlisted)
    return found


def _complaint(complaint: Mapping[str, Any], delivery: str, event: str) -> list[Receipt]:
    kind, already = str(complaint.get("complaintFeedbackType") or ""), complaint.get("complaintSubType")
    named = _ALREADY if already == _ALREADY else kind
    verdict = COMPLAINTS.get(named, Verdict.COMPLAINED)
    unlisted = "" if named in COMPLAINTS else named
    words = f"reported as {named or 'spam'} to Amazon SES"
    return receipts_of(verdict, delivery, named or "complaint", words, event, unlisted)


def _delivery(mail: Mapping[str, Any]) -> str:
    """Return our name of the delivery: from the tag, or from the header where notifications have those."""
    tagged = list_of(object_of(mail.get("tags")).get(NAME))
    if tagged:
        return str(tagged[0])
    headers = objects_of(mail.get("headers"))
    return next((str(one.get("value")) for one in headers if str(one.get("name")).lower() == HEADER.lower()), "")
