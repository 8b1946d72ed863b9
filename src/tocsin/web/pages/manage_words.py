"""The fixed words of the manage page."""

from __future__ import annotations

from typing import Final

from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.incident import Severity
from tocsin.domain.language import word

NAMES: Final = {
    ChannelName.EMAIL: word("E-mail"),
    ChannelName.SMS: word("Text message"),
    ChannelName.CHAT: word("Slack or Teams"),
    ChannelName.PUSH: word("Browser"),
    ChannelName.WEBHOOK: word("Webhook"),
    ChannelName.SOCIAL: word("Social media"),
    ChannelName.STATUS_PAGE: word("Status page"),
}
STATES: Final = {
    EndpointState.UNCONFIRMED: word("waits to be confirmed"),
    EndpointState.ACTIVE: word("active"),
    EndpointState.PAUSED: word("gets no incident updates"),
    EndpointState.QUARANTINED: word("takes no messages any more"),
    EndpointState.OPTED_OUT: word("stopped"),
}
LEAST: Final = {
    Severity.SEV1: word("only very severe ones"),
    Severity.SEV2: word("severe ones and worse"),
    Severity.SEV3: word("all but slight ones"),
    Severity.SEV4: word("all, however slight"),
}
MODES: Final = {
    "": word("as is usual here"),
    "realtime": word("at once"),
    "hourly": word("gathered once an hour"),
    "daily": word("gathered once a day"),
}
DAYS_SHORT: Final = {
    "mon": word("Mon"),
    "tue": word("Tue"),
    "wed": word("Wed"),
    "thu": word("Thu"),
    "fri": word("Fri"),
    "sat": word("Sat"),
    "sun": word("Sun"),
}
DONE: Final = {
    "subscribed": word("You are subscribed. This is what you get:"),
    "already": word("You were subscribed already, and what you had chosen still holds."),
    "back": word("We write to this address again. What you had chosen before holds."),
    "added": word("The address is added."),
    "moved": word("Everything comes to the new address from now on."),
    "taken": word("This address had a subscription of its own. Here it is."),
    "asked": word("Look there: a message with what confirms it is on its way, if we may write there."),
    "chosen": word("Saved."),
    "paused": word("Everything waits. What changes meanwhile comes in one message at the end."),
    "resumed": word("Messages come again. What you missed is on its way."),
    "snoozed": word("You hear no more of this incident."),
    "woken": word("You hear of this incident again."),
    "followed": word("You hear of this incident alone, until it is over."),
    "heard-all": word("You hear of everything you chose again."),
    "stopped": word("Nothing more is sent there."),
    "stopped-all": word("Nothing more is sent to you."),
    "started": word("We write to this address again."),
    "removed": word("The address is removed."),
    "person": word("Saved."),
    "answered": word("It has answered, and is called from now on."),
    "gone": word("This is not there any more. Somebody may have changed it meanwhile."),
}
PROBLEMS: Final = {
    "unknown": word("This button is not known here. Load the page again."),
    "zone": word("There is no such time zone. Choose one of the list: Europe/Berlin."),
    "until": word("Say until when: a time to come, within 90 days."),
    "agree": word("Tick the box first: what is deleted can't be brought back."),
    "circle": word("These addresses would stand in for each other in a circle. Choose another one."),
    "many": word("Nobody has more than fifty addresses here. Remove one first."),
    "last": word("Keep at least one address by which you can be reached, or delete everything."),
    "mute-receiver": word("It did not repeat the challenge. Have it answer a call of the type endpoint.challenge."),
    "challenges": word("It was asked too often. Try again in an hour."),
    "taken": word("This address can't be added here: it is subscribed already."),
}
