"""Bounces: what a mail server told us later, read from the report it mailed back (RFC 3464) or from its words.

Reports that have no form are recognised by flufl.bounce and by what large receivers write. Whatever is not understood
takes nobody from the list; replies that a machine wrote for its owner tell nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Any, Final

import flufl.bounce

from tocsin.domain.channel import Receipt
from tocsin.domain.errors import Refused
from tocsin.domain.printable import printable
from tocsin_channels.email.smtp_codes import ENHANCED
from tocsin_channels.email.verdict import Verdict, failed_for, receipts_of

_flufl: Any = flufl.bounce
# It reports what it stumbles over, with a trace: of strangers' mail that may be anything.
logging.getLogger("flufl.bounce").disabled = True

# Where mail servers note whom a message was for, the surest first: a bounce is for bounce-<delivery>@….
_ADDRESSED: Final = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
_TOKEN: Final = re.compile(r"bounce-([a-z0-9]{16,128})@", re.IGNORECASE)
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_MACHINE: Final = re.compile(r"mailer-daemon|postmaster|mail delivery (?:sub)?system|mdaemon", re.IGNORECASE)
_REPLY_SUBJECT: Final = re.compile(
    r"out of (?:the )?office|automatic(?:al)? reply|auto(?:matic)?[ -]?(?:reply|response)"
    r"|on (?:vacation|leave|holiday)|away from"
    r"|abwesen|automatische antwort|réponse automatique|absence|respuesta automática|risposta automatica|自動",
    re.IGNORECASE,
)
_CHALLENGE: Final = re.compile(
    r"(?:confirm|verify) (?:that )?(?:you|your (?:message|e-?mail|address))[^.]{0,80}(?:deliver|human|sender)"
    r"|click (?:the )?link[^.]{0,60}(?:deliver|release)|spam ?arrest|boxbe|challenge.response|sender verification",
    re.IGNORECASE,
)
_NOT_YET: Final = re.compile(
    r"(?:will|still|continue)[^.]{0,40}(?:retr|try|attempt)|delayed|has not (?:yet )?been delivered"
    r"|do not need to resend|warning message only|noch nicht zugestellt|temporarily deferred",
    re.IGNORECASE,
)
_FAILURE: Final = re.compile(
    r"undeliver|deliver[^.]{0,60}(?:fail|impossible|error)|fail\w* (?:to|delivery)|(?:could|can) ?not be delivered"
    r"|couldn'?t be delivered|wasn'?t (?:able|delivered)|returned (?:mail|to sender)|permanent|rejected|unzustellbar"
    r"|nicht zugestellt|non (?:remis|distribu)|no se pudo entregar",
    re.IGNORECASE,
)
# Where the copy of our own mail begins, whose words are not the server's.
_COPY: Final = re.compile(
    r"^(?:--.*(?:copy of|original|forwarded|below this line).*|.*below this line is a copy.*"
    r"|received: (?:from|by) .*"
    r"|return-path: .*|.*unaltered copy.*|original message headers:?.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST_WORDS: Final = 4_000


def read(raw: bytes) -> Sequence[Receipt]:
    """Return what the bounce `raw` says of the delivery it came back for; raise Refused where it is not about one."""
    mail = BytesParser(policy=compat32).parsebytes(raw)
    delivery = _delivery(mail)
    fields = next(_reports(mail), None)
    if fields is None:
        return _read_words(mail, delivery)
    words = " ".join((str(fields.get("Diagnostic-Code", "")), str(fields.get("X-Display-Name", ""))))
    status = _STATUS.search(str(fields.get("Status", ""))) or _STATUS.search(words)
    code = status[0] if status else ""
    verdict = _reported(str(fields.get("Action", "")).strip().lower(), code, " ".join(words.split()))
    unlisted = code if code.startswith("5.") and code not in ENHANCED else ""
    return receipts_of(verdict, delivery, code, printable(words) or f"status {code}", unlisted=unlisted)


def _reported(action: str, status: str, words: str) -> Verdict:
    if action in {"delivered", "relayed", "expanded"} or (action != "failed" and status.startswith("2.")):
        return Verdict.DELIVERED
    if action != "failed":
        return Verdict.DELAYED
    return failed_for(status, words)


def _read_words(mail: Message, delivery: str) -> Sequence[Receipt]:
    """Read a mail that has no report in it."""
    subject, words = str(mail.get("Subject", "")), _words(mail)
    verdict = _understood(mail, subject, words)
    status = _STATUS.search(words)
    return receipts_of(verdict, delivery, status[0] if status else "", f"{subject}: {words}")


def _understood(mail: Message, subject: str, words: str) -> Verdict:
    is_machine = _MACHINE.search(str(mail.get("From", ""))) is not None or mail.get("X-Failed-Recipients") is not None
    if _CHALLENGE.search(f"{subject}. {words}"):
        return Verdict.DELAYED
    if not is_machine and (_is_reply(mail) or _REPLY_SUBJECT.search(subject)):
        return Verdict.NOTHING
    temporary, permanent = _detected(mail)
    if temporary or _NOT_YET.search(f"{subject}. {words}"):
        return Verdict.DELAYED
    if permanent or (is_machine and _FAILURE.search(f"{subject}. {words}")) or _FAILURE.search(subject):
        return failed_for("", words)
    return Verdict.NOTHING


def _detected(mail: Message) -> tuple[bool, bool]:
    """Tell whether flufl.bounce knows a temporary or a permanent failure in a mail; it stumbles over some."""
    try:
        temporary, permanent = _flufl.all_failures(mail)
    except Exception:  # noqa: BLE001 - of strangers' mail anything may come
        return False, False
    return bool(temporary), bool(permanent)


def _is_reply(mail: Message) -> bool:
    """Tell whether a machine answered for its owner (RFC 3834)."""
    said = str(mail.get("Auto-Submitted", "")).lower()
    precedence = str(mail.get("Precedence", "")).lower()
    marks = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "X-Vacation")
    return said.startswith("auto-replied") or precedence == "auto_reply" or any(mail.get(name) for name in marks)


def _words(mail: Message) -> str:
    """Return what the sender of a bounce wrote, without the copy of our mail."""
    for part in mail.walk():
        if part.get_content_maintype() == "text" and part.get_content_subtype() in {"plain", "html"}:
            content = part.get_payload(decode=True)
            text = content.decode(part.get_content_charset("utf-8"), "replace") if isinstance(content, bytes) else ""
            if part.get_content_subtype() == "html":
                text = re.sub(r"<[^<>]*>", " ", text)
            copy = _COPY.search(text)
            return " ".join(text[: copy.start() if copy else None].split())[:_LONGEST_WORDS]
    return ""


def _delivery(mail: Message) -> str:
    for header in _ADDRESSED:
        for value in mail.get_all(header, []):
            if found := _TOKEN.search(str(value)):
                return found[1].lower()
    raise Refused(
        "This message was not sent to a bounce address of ours (bounce-…@), so it cannot be about a delivery."
    )


def _reports(mail: Message) -> Iterator[Message]:
    """Yield the groups of fields that are about a recipient."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            # Such a part reads as a list of messages, one for each group of fields.
            yield from (group for group in part.walk() if group is not part and "Action" in group)
