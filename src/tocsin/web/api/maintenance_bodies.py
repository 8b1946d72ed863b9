"""What callers send to plan a maintenance, to say more about it, or to cancel it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import Field, Strict

from tocsin.domain.audience import Audiences
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import MAINTENANCE_STATUSES, Status
from tocsin.domain.maintenance import ByClock, Window
from tocsin.domain.policy import Policy
from tocsin.domain.update import Draft
from tocsin.domain.update_template import Wording
from tocsin.services.schedule import Asked
from tocsin.web.api.fields import Slug, Time, Title, member_of
from tocsin.web.api.incident_bodies import Said

StatusField = Annotated[Status, member_of(MAINTENANCE_STATUSES)]
Flag = Annotated[bool, Strict()]
_TOUCHED: Final = "Slugs of the components that it touches."
Before = Annotated[int, Field(ge=0, le=30 * 86_400)]


class NewMaintenance(Said):
    """`title`, `body` (or a `template`) and both times are required; policy decides what is left out."""

    title: Title | None = None
    components: list[Slug] = Field(default=[], max_length=1_000, description=_TOUCHED)
    scheduled_for: Time = Field(description="When it begins.")
    scheduled_until: Time = Field(description="When it is going to be over.")
    auto_start: Flag = Field(default=True, description="It becomes in_progress by itself.")
    auto_complete: Flag = Field(default=True, description="It becomes completed by itself.")
    remind_before: Before | None = Field(
        default=None, description="Seconds before it begins that its readers are reminded; 0: they are not."
    )

    def as_draft(self, template: Wording | None, audiences: Audiences) -> Draft:
        window = Window(self.scheduled_for, self.scheduled_until)
        return self.draft(self.title, template, audiences, window=window, components=_touched(self.components))

    def by_clock(self, policy: Policy) -> ByClock:
        before = policy.remind_before if self.remind_before is None else self.remind_before
        return ByClock(self.auto_start, self.auto_complete, timedelta(seconds=before))


class MoreOfMaintenance(Said):
    """Only `body`, or a `template`, is required; what is left out stays as it is."""

    title: Title | None = None
    status: StatusField | None = None
    components: list[Slug] | None = Field(default=None, min_length=1, max_length=1_000, description=_TOUCHED)
    scheduled_for: Time | None = Field(default=None, description="Another time: it is rescheduled.")
    scheduled_until: Time | None = None
    auto_start: Flag | None = None
    auto_complete: Flag | None = None

    def as_draft(self, template: Wording | None, audiences: Audiences) -> Draft:
        touched = _touched(self.components or [])
        return self.draft(self.title, template, audiences, status=self.status, components=touched)

    def asked(self) -> Asked:
        return Asked(self.scheduled_for, self.scheduled_until, self.auto_start, self.auto_complete)


class Cancellation(Said):
    """Only `body`, or a `template`, is required: why it is off."""

    def as_draft(self, template: Wording | None, audiences: Audiences) -> Draft:
        return self.draft(None, template, audiences, status=Status.CANCELLED)


def _touched(slugs: list[str]) -> dict[str, Any]:
    return dict.fromkeys(slugs, ComponentStatus.OPERATIONAL)
