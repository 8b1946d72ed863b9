"""How many segments a second a sender may send, where operators say nothing: the providers' own limits.

Sources: Twilio's "Understanding Twilio Rate Limits and Message Queues" (long codes in North America 1, elsewhere 10,
toll-free 3, short codes 100, names 10). A messaging service has senders that we do not know, and keeps its own queue.
"""

from __future__ import annotations

import re
from typing import Final

from tocsin_channels.sms.senders import is_messaging_service

_USUAL: Final = (
    (re.compile(r"\+1(800|833|844|855|866|877|888)[0-9]{7}"), 3.0),  # toll-free
    (re.compile(r"\+1[0-9]{10}"), 1.0),
    (re.compile(r"\+[0-9]+"), 10.0),
    (re.compile(r"[0-9]{3,8}"), 100.0),  # a short code
)
_NAMES: Final = 10.0


def usual_rate(sender: str) -> float:
    """Return the segments a second of a sender, 0 where nobody knows."""
    if is_messaging_service(sender):
        return 0.0
    return next((rate for form, rate in _USUAL if form.fullmatch(sender)), _NAMES)
