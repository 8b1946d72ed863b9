"""The fixed words about incidents, in one place for every channel and page; each is said in a reader's language."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tocsin.domain.channel import ChannelName
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Impact, Phase, Severity, Status
from tocsin.domain.language import Language, word
from tocsin.domain.maintenance import Window
from tocsin.domain.story import Chapter

MARKS: Final = {
    Status.INVESTIGATING: "▲",
    Status.IDENTIFIED: "▲",
    Status.MONITORING: "◆",
    Status.RESOLVED: "✓",
    Status.POSTMORTEM: "■",
    Status.SCHEDULED: "◇",
    Status.IN_PROGRESS: "◆",
    Status.VERIFYING: "◆",
    Status.COMPLETED: "✓",
    Status.CANCELLED: "✕",
}
LABELS: Final = {
    Status.INVESTIGATING: word("Investigating"),
    Status.IDENTIFIED: word("Identified"),
    Status.MONITORING: word("Monitoring"),
    Status.RESOLVED: word("Resolved"),
    Status.POSTMORTEM: word("Postmortem"),
    Status.SCHEDULED: word("Scheduled"),
    Status.IN_PROGRESS: word("In progress"),
    Status.VERIFYING: word("Verifying"),
    Status.COMPLETED: word("Completed"),
    Status.CANCELLED: word("Cancelled"),
}
_PLANNED: Final = word("maintenance planned")
# For a text message, within a sentence.
SHORT: Final = {
    Status.INVESTIGATING: word("investigating"),
    Status.IDENTIFIED: word("cause found"),
    Status.MONITORING: word("fix in place"),
    Status.RESOLVED: word("resolved"),
    Status.POSTMORTEM: word("report published"),
    Status.SCHEDULED: word("planned maintenance"),
    Status.IN_PROGRESS: word("maintenance in progress"),
    Status.VERIFYING: word("maintenance being checked"),
    Status.COMPLETED: word("maintenance complete"),
    Status.CANCELLED: word("maintenance cancelled"),
}
SENTENCES: Final = {
    Status.INVESTIGATING: word("We know about it and are looking into it."),
    Status.IDENTIFIED: word("We found the cause and are working on a fix."),
    Status.MONITORING: word("A fix is in place, and we are watching whether it holds."),
    Status.RESOLVED: word("This is over."),
    Status.POSTMORTEM: word("This is over. Here is what we learned."),
    Status.SCHEDULED: word("This maintenance is planned."),
    Status.IN_PROGRESS: word("This maintenance is in progress."),
    Status.VERIFYING: word("The work is done, and we are checking that everything works."),
    Status.COMPLETED: word("This maintenance is over."),
    Status.CANCELLED: word("This maintenance is cancelled."),
}
SEVERITIES: Final = {
    Severity.SEV1: word("very severe"),
    Severity.SEV2: word("severe"),
    Severity.SEV3: word("moderate"),
    Severity.SEV4: word("slight"),
}
IMPACTS: Final = {
    Impact.NONE: word("no impact"),
    Impact.MINOR: word("minor impact"),
    Impact.MAJOR: word("major impact"),
    Impact.CRITICAL: word("critical impact"),
}
PHASES: Final = {
    Phase.OPENED: word("when it begins"),
    Phase.ESCALATED: word("when it gets worse"),
    Phase.UPDATE: word("when there is news"),
    Phase.RESOLVED: word("when it is over"),
    Phase.MAINTENANCE: word("when maintenance is planned"),
    Phase.POSTMORTEM: word("when we report what we learned"),
}
# The audiences that there are unless operators name others, whose names are said as they are.
AUDIENCES: Final = {
    "oncall": word("on-call"),
    "support": word("support"),
    "leadership": word("leadership"),
    "staff": word("staff"),
    "customers": word("customers"),
}
# What comes on a channel, many of it: "Stop all e-mails".
MESSAGES: Final = {
    ChannelName.EMAIL: word("e-mails"),
    ChannelName.SMS: word("text messages"),
    ChannelName.SOCIAL: word("posts"),
    ChannelName.CHAT: word("chat messages"),
    ChannelName.PUSH: word("notifications"),
    ChannelName.WEBHOOK: word("webhook calls"),
    ChannelName.STATUS_PAGE: word("updates"),
}


def next_update(language: Language, chapter: Chapter) -> str:
    """Return "Next update by 14:30 UTC", of a maintenance when it is planned for; "" where nothing is to come."""
    if not chapter.status.is_open:
        return ""
    if chapter.window is not None:
        return planned_for(language, chapter.status, chapter.window, chapter.published_at)
    if chapter.next_update_at is None:
        return ""
    return language.say("Next update by {time}", time=language.moment(chapter.next_update_at, chapter.published_at))


def planned_for(language: Language, status: Status, window: Window, beside: datetime | None = None) -> str:
    """Return "Planned from 21 Nov, 22:00 UTC to 23:30 UTC"; once it has begun, "Planned until 23:30 UTC"."""
    until = language.moment(window.ends_at, window.starts_at if status is Status.SCHEDULED else beside)
    if status is not Status.SCHEDULED:
        return language.say("Planned until {until}", until=until)
    return language.say("Planned from {begin} to {until}", begin=language.moment(window.starts_at), until=until)


def state_of(status: Status, component: ComponentStatus) -> str:
    """Return what a component's state is called where something of `status` tells of it, in English: to be said."""
    return _PLANNED if status is Status.SCHEDULED else component.words


def audience(language: Language, name: str) -> str:
    return language.say(AUDIENCES.get(name, name))


def and_more(language: Language, named: str, more: int) -> str:
    """Return "Checkout, API and 3 more", what is named alone where there is no more."""
    return language.say("{named} and {n} more", named=named, n=language.number(more)) if more else named
