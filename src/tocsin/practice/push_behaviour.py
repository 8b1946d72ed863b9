"""Browsers whose push service misbehaves on purpose: one table, which the look-alike obeys and /practice/push shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Ending(Enum):
    """What becomes of a message that is not refused."""

    ANSWERED = auto()
    NEVER_ANSWERED = auto()  # and nothing was kept
    HUNG_UP = auto()  # though it was kept
    PAGE = auto()  # it was kept, and what comes back is 200 with a page of HTML


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`statuses` are the answers to the first tries to this browser; a single one is given every time."""

    name: str
    does: str
    then: str
    statuses: tuple[int, ...] = ()
    retry_after: int | None = None
    page: bool = False
    ending: Ending = Ending.ANSWERED
    seconds: float = 0.0

    def refusal(self, tries: int) -> int | None:
        """Return the answer to try number `tries` (1, 2, …), None where the message is taken."""
        if len(self.statuses) == 1:
            return self.statuses[0]
        return self.statuses[tries - 1] if tries <= len(self.statuses) else None


NORMAL: Final = Behaviour("", "takes the message", "accepted")
BEHAVIOURS: Final = (
    Behaviour(
        "gone",
        "answers 410: the subscription has ended",
        "failed at once, and the browser is never written to again",
        statuses=(410,),
    ),
    Behaviour(
        "missing",
        "answers 404: there is no such subscription",
        "failed at once, and the browser is never written to again",
        statuses=(404,),
    ),
    Behaviour(
        "other-key",
        "answers 403: the browser subscribed with another key than ours",
        "our fault: tried again, shown to operators, never held against the browser",
        statuses=(403,),
    ),
    Behaviour("small", "answers 413: the message is too large", "failed, and the browser is kept", statuses=(413,)),
    Behaviour(
        "busy",
        "answers 429 with Retry-After: 1 twice, then takes the message",
        "accepted after two retries",
        statuses=(429, 429, 201),
        retry_after=1,
    ),
    Behaviour(
        "stumbles",
        "answers 500 with a page of HTML once, then takes the message",
        "accepted after a retry",
        statuses=(500, 201),
        page=True,
    ),
    Behaviour(
        "page",
        "keeps the message and answers 200 with a page of HTML",
        "outcome unknown: sent again with the same topic and tag, which takes the place of the first",
        ending=Ending.PAGE,
    ),
    Behaviour(
        "hangup",
        "keeps the message and hangs up instead of answering",
        "outcome unknown: sent again with the same topic and tag, which takes the place of the first",
        ending=Ending.HUNG_UP,
    ),
    Behaviour(
        "silent",
        "keeps nothing and never answers",
        "outcome unknown: sent again for as long as the news is worth it",
        ending=Ending.NEVER_ANSWERED,
    ),
    Behaviour("slow", "takes two seconds to answer", "accepted, and the others do not wait for it", seconds=2.0),
)
_BY_NAME: Final = {behaviour.name: behaviour for behaviour in BEHAVIOURS}


def behaviour_of(name: str) -> Behaviour:
    """Return what the browser `name` does: "gone" and "gone+two" are gone."""
    return _BY_NAME.get(name.partition("+")[0], NORMAL)
