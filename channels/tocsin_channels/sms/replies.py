"""What people mean who answer a text: STOP is obeyed at once, also in a sentence; HELP is answered by the provider."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import structlog

from tocsin.domain.channel import Receipt, ReceiptKind

log = structlog.get_logger()

STOP: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"})
START: Final = frozenset({"start", "unstop", "yes"})
HELP: Final = frozenset({"help", "info"})
# In a short sentence these mean the same: nobody has to know keywords. "End" and "cancel" could be about anything.
_STOP_IN_A_SENTENCE: Final = frozenset(
    {"stop", "unsubscribe", "optout", "stopall", "stopp", "abbestellen", "abmelden"}  # our texts speak German too
)
_BUT: Final = frozenset({"not", "don", "nicht"})
_LONGEST_SENTENCE: Final = 4
_WORD: Final = re.compile(r"[a-z]+")


def read(sender: str, body: str, opt_out_type: str = "") -> Sequence[Receipt]:
    """Return what `sender` wishes; `opt_out_type` is how the provider itself understood the answer."""
    kind = _KINDS.get(opt_out_type.upper()) or meaning(body)
    if kind is None:
        asks = opt_out_type.upper() == "HELP" or (len(words := _words(body)) == 1 and words[0] in HELP)
        log.info("reply.asks_for_help" if asks else "reply.not_understood", words=len(body.split()))
        return []
    word = "STOP" if kind is ReceiptKind.OPTED_OUT else "START"
    return [Receipt("", kind, word, f"they texted {word}", address=sender)]


def meaning(body: str) -> ReceiptKind | None:
    """Return what an answer means, None where it is HELP or for a person to read."""
    words = _words(body)
    if len(words) == 1 and words[0] in STOP:
        return ReceiptKind.OPTED_OUT
    if len(words) == 1 and words[0] in START:
        return ReceiptKind.OPTED_IN
    if len(words) <= _LONGEST_SENTENCE and _STOP_IN_A_SENTENCE.intersection(words):
        return None if _BUT.intersection(words) else ReceiptKind.OPTED_OUT
    return None


def _words(body: str) -> list[str]:
    return _WORD.findall(body.lower().replace("opt out", "optout").replace("opt-out", "optout"))


_KINDS: Final = {"STOP": ReceiptKind.OPTED_OUT, "START": ReceiptKind.OPTED_IN}
