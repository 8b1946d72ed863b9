"""The fixed words about incidents, in one place for every channel and page; each is said in a reader's language."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Impact, Phase, Severity, Status
from tocsin.domain.language import Language, word

MARKS: Final = {
    Status.INVESTIGATING: "▲",
    Status.IDENTIFIED: "▲",
    Status.MONITORING: "◆",
    Status.RESOLVED: "✓",
    Status.POSTMORTEM: "■",
}
LABELS: Final = {
    Status.INVESTIGATING: word("Investigating"),
    Status.IDENTIFIED: word("Identified"),
    Status.MONITORING: word("Monitoring"),
    Status.RESOLVED: word("Resolved"),
    Status.POSTMORTEM: word("Postmortem"),
}
# For a text message, within a sentence.
SHORT: Final = {
    Status.INVESTIGATING: word("investigating"),
    Status.IDENTIFIED: word("cause found"),
    Status.MONITORING: word("fix in place"),
    Status.RESOLVED: word("resolved"),
    Status.POSTMORTEM: word("report published"),
}
SENTENCES: Final = {
    Status.INVESTIGATING: word("We know about it and are looking into it."),
    Status.IDENTIFIED: word("We found the cause and are working on a fix."),
    Status.MONITORING: word("A fix is in place, and we are watching whether it holds."),
    Status.RESOLVED: word("This is over."),
    Status.POSTMORTEM: word("This is over. Here is what we learned."),
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


def next_update(language: Language, at: datetime | None, beside: datetime, status: Status) -> str:
    """Return "Next update by 14:30 UTC", "" where none was promised or nothing is open any more."""
    if at is None or not status.is_open:
        return ""
    return language.say("Next update by {time}", time=language.moment(at, beside))


def audience(language: Language, name: str) -> str:
    return language.say(AUDIENCES.get(name, name))


def and_more(language: Language, named: str, more: int) -> str:
    """Return "Checkout, API and 3 more", what is named alone where there is no more."""
    return language.say("{named} and {n} more", named=named, n=language.number(more)) if more else named
