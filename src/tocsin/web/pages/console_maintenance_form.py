"""What operators type about a maintenance, as it is kept where it is wrong and as it is asked for where it is right."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.datastructures import FormData

from tocsin.domain.component import ComponentStatus
from tocsin.domain.errors import Conflict, Refused
from tocsin.domain.incident import Status, moves
from tocsin.domain.maintenance import ByClock, Window
from tocsin.domain.policy import Policy
from tocsin.domain.text import many_lines, one_line
from tocsin.domain.update import Draft
from tocsin.domain.update_template import LONGEST_BODY, LONGEST_TITLE
from tocsin.services.schedule import Asked
from tocsin.store.maintenances import Maintenance
from tocsin.web.pages.ticked import ticked

REMINDERS: Final = {
    "": "as the policy has it",
    "0": "none",
    "3600": "an hour before",
    "86400": "a day before",
    "259200": "three days before",
}
_SAID_MEANWHILE: Final = (
    "More was said meanwhile by {}, see below. What you typed is still here: say it again to have it so."
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the forms, right or wrong; `seen` is the version that they were made from."""

    title: str = ""
    body: str = ""
    why: str = ""
    status: str = ""
    starts_at: str = ""
    ends_at: str = ""
    components: list[str] = field(default_factory=list[str])
    auto_start: bool = True
    auto_complete: bool = True
    notify: bool = True
    remind: str = ""
    seen: str = ""

    @classmethod
    def read(cls, form: FormData) -> Typed:
        def said(name: str, longest: int = 100) -> str:
            value = form.get(name)
            return value.replace("\r\n", "\n").strip()[:longest] if isinstance(value, str) else ""

        return cls(
            said("title", LONGEST_TITLE + 1),
            said("body", LONGEST_BODY + 1),
            said("why", LONGEST_BODY + 1),
            said("status"),
            said("starts_at"),
            said("ends_at"),
            ticked(form, "component"),
            bool(said("auto_start")),
            bool(said("auto_complete")),
            bool(said("notify")),
            said("remind"),
            said("seen"),
        )

    @classmethod
    def of(cls, found: Maintenance) -> Typed:
        """Return the form that would change nothing."""
        said = found.incident.latest.snapshot
        assert said.window is not None, "a constraint of the table"
        return cls(
            status=said.status,
            starts_at=_written(said.window.starts_at),
            ends_at=_written(said.window.ends_at),
            components=list(said.components),
            auto_start=found.by_clock.auto_start,
            auto_complete=found.by_clock.auto_complete,
            seen=str(said.version),
        )

    def plan(self, policy: Policy) -> tuple[Draft, ByClock]:
        """Return the maintenance that is wanted; raise Refused, saying what to mend."""
        window = Window(_time(self.starts_at, "begin"), _time(self.ends_at, "end"))
        if self.remind not in REMINDERS:
            raise Refused("Choose when people are reminded.", field="remind")
        seconds = float(self.remind) if self.remind else policy.remind_before
        wanted = ByClock(self.auto_start, self.auto_complete, timedelta(seconds=seconds))
        return self._draft(title=_title(self.title), window=window), wanted

    def change(self, found: Maintenance) -> tuple[Draft, Asked]:
        """Return what is to be said more of `found`, of which only what was changed is asked for.

        Raise Conflict where more was said of it since the form was made: nobody moves back what they have not seen.
        """
        before, said = Typed.of(found), found.incident.latest.snapshot
        if self.seen != before.seen:
            raise Conflict(_SAID_MEANWHILE.format(found.incident.latest.created_by))
        if self.status not in moves(said.status):
            raise Refused("Choose how it stands now.", field="status")
        if said.components and not self.components:
            raise Refused("Leave a component ticked: what it touches is told to those who chose it.", field="component")
        asked = Asked(
            None if self.starts_at == before.starts_at else _time(self.starts_at, "begin"),
            None if self.ends_at == before.ends_at else _time(self.ends_at, "end"),
            self.auto_start,
            self.auto_complete,
        )
        return self._draft(status=Status(self.status)), asked

    def cancellation(self) -> Draft:
        return Draft(body=_body(self.why), status=Status.CANCELLED)

    def _draft(self, **more: Any) -> Draft:
        touched = dict.fromkeys(self.components, ComponentStatus.OPERATIONAL)
        return Draft(body=_body(self.body), components=touched, notify=self.notify, **more)


def _title(words: str) -> str:
    if len(words) > LONGEST_TITLE:
        raise Refused(f"A title has at most {LONGEST_TITLE} characters.", field="title")
    return one_line(words, "title")


def _body(words: str) -> str:
    if len(words) > LONGEST_BODY:
        raise Refused(f"A text has at most {LONGEST_BODY:,} characters.", field="body")
    return many_lines(words, "body")


def _time(words: str, what: str) -> datetime:
    try:
        at = datetime.fromisoformat(words)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(f"Say when it is to {what}: a day and an hour in UTC.", field="when") from error


def _written(at: datetime) -> str:
    """Return a moment as a field for times takes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M" if not at.second else "%Y-%m-%dT%H:%M:%S")
