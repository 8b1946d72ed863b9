"""Notices: words for one person that are about no incident, such as the question whether an address is theirs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class NoticeKind(StrEnum):
    CONFIRM = "confirm"  # is this address yours, and do you want this?
    LINK = "link"  # the way to what they chose
    QUARANTINED = "quarantined"  # another address of theirs takes no more
    FAILING = "failing"  # another address of theirs takes nothing just now, and will be disabled
    CANARY = "canary"  # nothing is wrong: an operator's own address, to measure the way


@dataclass(frozen=True, slots=True)
class Notice:
    """The words are ready: a channel only sets them as it can.

    `short` says the same in one text message, code or link included. `url` is what the button `action` leads to,
    `other_url` the quieter way out below it.
    """

    brand: str
    locale: str
    title: str
    paragraphs: tuple[str, ...]
    short: str
    action: str
    url: str
    other_action: str = ""
    other_url: str = ""


@runtime_checkable
class Herald(Protocol):
    """A channel that can carry a notice."""

    def render_notice(self, notice: Notice) -> object:
        """Turn a notice into what this channel's `send` takes as `Message.rendered`."""
        ...
