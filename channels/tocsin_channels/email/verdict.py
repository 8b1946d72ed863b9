"""What a report means for a delivery and its address, whoever reports it; and what a receiving server's words mean.

Only two things take an address from the list: that nobody is there, said so that it can mean nothing else, and its
holder's own wish. What blames us (authentication, reputation, policy, quota) never does.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin.domain.printable import printable
from tocsin_channels.email.answers import DEAD


class Verdict(Enum):
    NOTHING = "tells nothing that we keep"
    STRANGE = "a report that no table has: it is kept and shown, and changes nothing"
    DELIVERED = "it is there"
    DELAYED = "not yet, or it is there and somebody is away"
    RETURNED = "it did not arrive, and the address is kept"
    OUR_FAULT = "it did not arrive because of us, and the address is kept"
    OUR_FAULT_BUT_THERE = "it arrived, and something is wrong with us"
    GONE = "nobody is there any more"
    OPTED_OUT = "they want no more"
    COMPLAINED = "they call it spam"
    STOPPED = "it was not sent, since they had told the provider to stop"


_ROOM: Final = 200
_KINDS: Final = {
    Verdict.DELIVERED: ReceiptKind.DELIVERED,
    Verdict.DELAYED: ReceiptKind.DELAYED,
    Verdict.STRANGE: ReceiptKind.DELAYED,
    Verdict.RETURNED: ReceiptKind.BOUNCED,
    Verdict.OUR_FAULT: ReceiptKind.BOUNCED,
    Verdict.OUR_FAULT_BUT_THERE: ReceiptKind.DELAYED,
    Verdict.GONE: ReceiptKind.BOUNCED,
    Verdict.OPTED_OUT: ReceiptKind.OPTED_OUT,
    Verdict.COMPLAINED: ReceiptKind.COMPLAINED,
}


def receipts_of(
    verdict: Verdict, delivery: str, code: str, note: str, event: str = "", unlisted: str = ""
) -> list[Receipt]:
    """Return the receipts that a verdict comes to; none where it tells nothing, or of no delivery of ours.

    `unlisted` is what no table has, where something has not: it is said in the note as well.
    """
    if unlisted:
        note = f"{printable(note, _ROOM)} [{printable(unlisted, _ROOM // 4)} is not in our table]"
    if verdict is Verdict.STOPPED:
        stop = receipts_of(Verdict.OPTED_OUT, delivery, code, note, f"{event}:stop" if event else "")
        return receipts_of(Verdict.RETURNED, delivery, code, note, event) + stop
    kind = _KINDS.get(verdict)
    if kind is None or not delivery:
        return []
    return [
        Receipt(
            delivery,
            kind,
            code,
            printable(note),
            keeps_address=verdict in {Verdict.RETURNED, Verdict.OUR_FAULT},
            our_fault=verdict in {Verdict.OUR_FAULT, Verdict.OUR_FAULT_BUT_THERE},
            event=event,
            may_pass=bool(unlisted) and verdict is Verdict.RETURNED,
            unlisted=unlisted,
        )
    ]


_ENHANCED: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY: Final = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
# Nobody is there, in the words of the large receivers where their code says too little (5.0.0, 5.5.0, none at all).
_NOBODY: Final = re.compile(
    r"user unknown|unknown (?:user|recipient|mailbox|account|local.part)|no such (?:user|mailbox|account|person)"
    r"|no such recipient"
    r"|(?:user|mailbox|account|recipient|address)(?: \S+){0,3} (?:not found|does(?: not|n'?t) exist|is unknown)"
    r"|recipient(?:'s)? (?:address )?(?:rejected|is not): user unknown|invalid (?:recipient|mailbox)"
    r"|(?:doesn'?t|does not) have an? \S+ account|no (?:mailbox|user|account) (?:here )?by that name"
    r"|(?:account|mailbox|user)(?: \S+){0,2} (?:has been |is )?(?:disabled|deactivated|discontinued|closed|deleted)"
    r"|recipientnotfound|not a valid mailbox|mailbox unavailable or unknown|no longer (?:with us|valid|in use)"
    r"|(?:empfänger|postfach|benutzer|account) (?:ist )?(?:unbekannt|existiert nicht|nicht gefunden)"
    r"|(?:dirección|destinatario|utilisateur|destinataire|compte) (?:no existe|desconocid[oa]|inconnu|n'existe pas)",
    re.IGNORECASE,
)
# About how we send, whatever the code: lists, reputation, authentication, rate.
_US: Final = re.compile(
    r"spamhaus|blacklist|blocklist|block list|\brbl\b|dnsbl|barracuda|spamcop|reputation|unauthenticated"
    r"|not authenticated|\bspf\b|\bdkim\b|\bdmarc\b|rate.?limit|too many (?:messages|connections)|unsolicited"
    r"|reverse dns|\bptr\b|(?:message|mail|content) (?:was |has been )?(?:identified|detected|classified) as spam"
    r"|blocked|banned|polic(?:y|ies)|sending quota|sender (?:address )?(?:rejected|denied|verify)|access denied",
    re.IGNORECASE,
)
_FULL: Final = re.compile(
    r"mailbox (?:is |was )?full|over.?quota|quota (?:is )?exceeded|storage|insufficient", re.IGNORECASE
)
_LATER: Final = frozenset({"5.2.2", "5.3.1", "5.4.5", "5.4.7"})
_UNSAID: Final = frozenset(
    {"5.0.0", "5.1.0", "5.5.0", "5.3.0", "5.2.0", "5.4.1", "5.1.5"}
)  # codes that leave it to the words


def failed_for(status: str, words: str) -> Verdict:
    """Return what a final failure means that a receiving server gave with the enhanced code `status`, and with `words`.

    A `status` of "" or 5.0.0 is looked for in the words.
    """
    enhanced = _best_status(status, words)
    if enhanced.startswith("5.7.") or (_US.search(words) and enhanced not in DEAD):
        return Verdict.OUR_FAULT
    if enhanced in _LATER or enhanced.startswith("4.") or (_FULL.search(words) and enhanced not in DEAD):
        return Verdict.RETURNED
    if enhanced in DEAD:
        return Verdict.RETURNED if _FULL.search(words) or _is_about_us(words) else Verdict.GONE
    if (not enhanced or enhanced in _UNSAID) and _NOBODY.search(words) and not _temporary(words):
        return Verdict.GONE
    return Verdict.RETURNED


def _is_about_us(words: str) -> bool:
    """Tell whether a code that says "nobody is there" goes with words about us alone."""
    return _US.search(words) is not None and _NOBODY.search(words) is None


def _best_status(status: str, words: str) -> str:
    found = _ENHANCED.fullmatch(status.strip())
    if found and status.strip() not in _UNSAID:
        return status.strip()
    said = [match[0] for match in _ENHANCED.finditer(words)]
    return next((one for one in said if one not in _UNSAID), status.strip() if found else (said[0] if said else ""))


def _temporary(words: str) -> bool:
    found = _REPLY.search(words)
    return found is not None and found[1].startswith("4")
