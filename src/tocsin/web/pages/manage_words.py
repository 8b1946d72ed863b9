"""The fixed words of the manage page."""

from __future__ import annotations

from typing import Final

from tocsin.domain.channel import ChannelName
from tocsin.domain.delivery import Reason, State
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.incident import Severity
from tocsin.domain.language import Language, word

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
    "last": word("Keep at least one address by which you can be reached, or delete everything."),
    "mute-receiver": word("It did not repeat the challenge. Have it answer a call of the type endpoint.challenge."),
    "challenges": word("It was asked too often. Try again in an hour."),
    "taken": word("This address can't be added here: it is subscribed already."),
}
_SENT: Final = word("It went out, since you are among those it was for.")
_ARRIVED: Final = word("It arrived.")
_WAITS: Final = {
    Reason.QUIET_HOURS: word("It waits for the end of your quiet hours."),
    Reason.DIGEST: word("It waits for your next digest."),
    Reason.PAUSED: word("It waits until your pause is over."),
    Reason.SNOOZED: word("It waits, since you paused this incident."),
    Reason.MERGING: word("It waits a moment, so that what changes meanwhile comes in the same message."),
    Reason.PACED: word("It waits, since you heard from us often lately."),
}
_WHY: Final = {
    Reason.COMPONENTS_NOT_CHOSEN: word("Not sent: nothing you chose is affected."),
    Reason.BELOW_LEAST_SEVERITY: word("Not sent: you asked for graver problems only."),
    Reason.PHASE_NOT_CHOSEN: word("Not sent: you did not ask for this moment of an incident."),
    Reason.ALREADY_OVER: word("Not sent: it was over before you heard that it had begun."),
    Reason.ALREADY_TOLD: word("Not sent: you knew already."),
    Reason.SNOOZED: word("Not sent: you paused this incident."),
    Reason.NOT_FOLLOWED: word("Not sent: you follow other incidents only."),
    Reason.POLICY: word("Not sent: this is not told on this channel unless you ask for it."),
    Reason.UNCONFIRMED: word("Not sent: the address was never confirmed."),
    Reason.PAUSED: word("Not sent: this address gets no incident updates."),
    Reason.QUARANTINED: word("Not sent: the address takes no messages any more."),
    Reason.OPTED_OUT: word("Not sent: you stopped messages to this address."),
    Reason.ADDRESS_DEAD: word("It came back: nobody is at this address."),
    Reason.BOUNCED_LATER: word("It came back."),
}
_LATER: Final = word("It is on its way.")
_NOT: Final = word("It could not be sent.")


def heard_words(language: Language, state: State, reason: Reason | None, rule: str | None) -> str:
    """Return in a sentence what became of one message to its reader, and why."""
    del rule
    say = language.say
    match state:
        case State.ACCEPTED:
            return say(_SENT)
        case State.DELIVERED:
            return f"{say(_ARRIVED)} {say(_SENT)}"
        case State.HELD | State.PENDING | State.SENDING | State.UNKNOWN:
            return say(_WAITS.get(reason, _LATER)) if reason else say(_LATER)
        case _:
            return say(_WHY.get(reason, _NOT)) if reason else say(_NOT)
