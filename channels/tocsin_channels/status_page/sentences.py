"""What the page says before any colour does: one sentence about the state, one about what is being done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tocsin.domain.component import ComponentStatus
from tocsin.domain.maintenance import Times
from tocsin.domain.page import Page, PageIncident
from tocsin.domain.speech import SENTENCES

_NAMED: Final = 3  # more components than these are counted, not named
_BAD: Final = [status for status in reversed(ComponentStatus) if status is not ComponentStatus.OPERATIONAL]


def state_sentence(page: Page) -> str:
    """Return what works and what does not, the gravest first: "Checkout is partly down. API is slow."."""
    language = page.language
    sentences = [
        language.count(
            "{names} is {state}.", "{names} are {state}.", len(names), names=_listed(page, names),
            state=language.say(status.words),
        )
        for status in _BAD
        if (names := [component.name for component in page.components if component.status is status])
    ]  # fmt: skip
    if sentences:
        return " ".join(sentences)
    if going_on := _going_on(page):
        return going_on[0].title.rstrip(".") + "."
    return language.say("Everything is working.")


def doing_sentence(page: Page) -> str:
    """Return what is being done about what goes on and was spoken of last; nothing where there is nothing."""
    latest = max(_going_on(page), key=lambda incident: incident.updated_at, default=None)
    return page.language.say(SENTENCES[latest.status]) if latest else ""


def _going_on(page: Page) -> list[PageIncident]:
    """Return the open incidents, and where there are none the maintenances that are under way."""
    return page.open_incidents or page.maintenances_in(Times.ACTIVE)


def _listed(page: Page, names: Sequence[str]) -> str:
    language = page.language
    if len(names) <= _NAMED:
        return language.listed(names)
    more = language.number(len(names) - _NAMED + 1)
    return language.listed([*names[: _NAMED - 1], language.say("{n} more", n=more)])
