"""What waits for a yes: who asked for what, and how the question stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

# The words that people agree to on the page and in the question; change it when they change.
WORDING: Final = "2026-11"
MOST_TRIES: Final = 5
CODE_SECONDS: Final = 600


class Purpose(StrEnum):
    JOIN = "join"  # somebody new
    ADD = "add"  # one more address of a subscriber
    MOVE = "move"  # another address in the place of one
    RETURN = "return"  # an address that was in quarantine


class Outcome(StrEnum):
    CONFIRMED = "confirmed"
    NOT_ME = "not_me"


@dataclass(frozen=True, slots=True)
class OptIn:
    """A question. `code` is what the sealed code must come out as, None where none is good."""

    id: int
    purpose: Purpose
    channel: str
    address: str
    key: str
    seal: bytes
    subscriber_id: int | None
    endpoint_id: int | None
    wanted: Mapping[str, Any]
    locale: str
    network: str
    wording: str
    browser: bytes | None
    code: bytes | None
    tries: int
    created_at: datetime
    is_expired: bool
    outcome: Outcome | None


class Evidence(StrEnum):
    """What a row of the evidence of consent says."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    NOT_ME = "not_me"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    DELETED = "deleted"
    IMPORTED = "imported"
