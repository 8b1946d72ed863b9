"""Webhook receivers that misbehave on purpose: one table, which the look-alike obeys and /practice shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto


class Ending(Enum):
    """What becomes of a call after it was read."""

    ANSWERED = auto()
    NEVER_ANSWERED = auto()  # and nothing was kept
    HUNG_UP = auto()  # though it was kept
    GARBAGE = auto()  # it was kept, and what comes back is not HTTP


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`statuses` are the answers to the first tries of a call; a single one is given for every try.

    Calls are kept where they are answered with 2xx, and where `ending` says so.
    """

    name: str
    does: str
    then: str
    statuses: tuple[int, ...] = ()
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: str = "{}"
    kind: str = "application/json"
    ending: Ending = Ending.ANSWERED
    seconds: float = 0.0
    echoes: bool = True

    def status(self, tries: int) -> int:
        """Return the answer to try number `tries` (1, 2, …)."""
        if len(self.statuses) == 1:
            return self.statuses[0]
        return self.statuses[tries - 1] if tries <= len(self.statuses) else 200


NORMAL = Behaviour("", "takes the call", "accepted")
BEHAVIOURS = (
    Behaviour(
        "gone",
        "answers 410: it wants no more calls",
        "failed at once, and the endpoint is never called again",
        statuses=(410,),
    ),
    Behaviour(
        "busy",
        "answers 429 with Retry-After: 2, then takes the call",
        "accepted after one retry, two seconds later or more",
        statuses=(429, 200),
        headers={"Retry-After": "2"},
    ),
    Behaviour("broken", "answers 500", "tried again for as long as the news is worth it", statuses=(500,)),
    Behaviour(
        "redirect",
        "answers 302 and names another address",
        "never followed; tried again for as long as the news is worth it",
        statuses=(302,),
        headers={"Location": "/webhook/elsewhere"},
    ),
    Behaviour("slow", "takes two seconds to answer", "accepted, and the others do not wait for it", seconds=2.0),
    Behaviour(
        "silent",
        "keeps nothing and never answers",
        "outcome unknown: sent again with the same webhook-id",
        ending=Ending.NEVER_ANSWERED,
    ),
    Behaviour(
        "hangup",
        "keeps the call and hangs up instead of answering",
        "outcome unknown: sent again with the same webhook-id, so it is here more than once",
        ending=Ending.HUNG_UP,
    ),
    Behaviour(
        "garbage",
        "keeps the call and answers something that is not HTTP",
        "outcome unknown: sent again with the same webhook-id",
        ending=Ending.GARBAGE,
    ),
    Behaviour(
        "html",
        "answers 200 with a page of HTML",
        "accepted: 2xx is success, whatever it says",
        body="<!doctype html><title>Hello</title>",
        kind="text/html",
    ),
    Behaviour(
        "mute",
        "takes calls and does not repeat the challenge",
        "cannot be confirmed",
        echoes=False,
    ),
)
_BY_NAME = {behaviour.name: behaviour for behaviour in BEHAVIOURS}


def behaviour_of(name: str) -> Behaviour:
    """Return how a receiver behaves: /webhook/gone and /webhook/gone+two are gone, others are normal."""
    return _BY_NAME.get(name.partition("+")[0].lower(), NORMAL)
