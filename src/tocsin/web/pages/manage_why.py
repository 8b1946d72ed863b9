"""What became of a message and which rule decided, told to its reader in the words that `why` has for operators."""

from __future__ import annotations

from typing import Final

from tocsin.domain.delivery import Reason, Rule, State
from tocsin.domain.language import Language, word
from tocsin.domain.why import rule_of

REASONS: Final = {
    Reason.COMPONENTS_NOT_CHOSEN: word("none of the components you chose is affected"),
    Reason.BELOW_LEAST_SEVERITY: word("you asked to hear of graver incidents only"),
    Reason.PHASE_NOT_CHOSEN: word("you did not ask to hear of this phase of an incident"),
    Reason.NOT_FOLLOWED: word("you follow other incidents only"),
    Reason.SNOOZED: word("you paused this incident"),
    Reason.POLICY: word("by policy this audience does not hear of this on this channel, and you chose nothing else"),
    Reason.ALREADY_OVER: word("the incident was over before you heard that it had begun"),
    Reason.ALREADY_TOLD: word("you already know"),
    Reason.UNCONFIRMED: word("the address was never confirmed"),
    Reason.PAUSED: word("you paused this address"),
    Reason.QUARANTINED: word("the address refused what it was sent, for good or for days, and is in quarantine"),
    Reason.OPTED_OUT: word("you unsubscribed"),
    Reason.MUTED: word("an operator muted this for a while"),
    Reason.HEAD_START: word("those further inside hear it first"),
    Reason.LASTING: word("by policy only what lasts is told here; it goes out if it is not over by then"),
    Reason.CADENCE: word("by policy updates come at most so often here; the next one tells how things stand then"),
    Reason.MERGING: word("waiting a moment, so that what changes meanwhile comes in the same message"),
    Reason.PACED: word("you heard from us often lately; everything owed comes in one message"),
    Reason.QUIET_HOURS: word("waiting for the end of the quiet hours you chose"),
    Reason.DIGEST: word("waiting for the next digest, as you chose"),
    Reason.CHANNEL_PAUSED: word("an operator paused this channel"),
    Reason.RETRYING: word("the provider could not take it yet; it is tried again"),
    Reason.PROVIDER_DOWN: word("our account at the provider is at fault; it is tried again"),
    Reason.PROVIDER_PACED: word("the provider takes only so much at a time; it goes out when its turn comes"),
    Reason.OUTCOME_UNKNOWN: word("it was handed over and no answer came; it may have arrived twice"),
    Reason.NEWER_VERSION: word("a newer update took its place before it went out"),
    Reason.ADDRESS_DEAD: word("the provider says that nobody is at this address"),
    Reason.REFUSED: word("the provider refused the message"),
    Reason.RETRIES_EXHAUSTED: word("it was tried for as long as the news was worth it"),
    Reason.BOUNCED_LATER: word("it was accepted first and came back later"),
    Reason.TOO_LATE: word("it could not be told while it was still news"),
    Reason.CANCELLED: word("an operator stopped it before it went out"),
}
RULES: Final = {
    Rule.AUDIENCE: word("it is for an audience that you belong to"),
    Rule.REQUIRED: word("everyone in your audience must hear of such an incident"),
    Rule.CLOSURE: word("you were told that it began"),
    Rule.FOLLOWED: word("you follow this incident"),
    Rule.COMPONENTS: word("you chose a component that is affected"),
    Rule.FALLBACK: word("it is the fallback of another address of yours that failed for good"),
}


def heard_words(  # noqa: PLR0911 - one sentence a state, as in a table
    language: Language, state: State, reason: Reason | None, rule: str | None, until: str
) -> str:
    """Return in a sentence what became of one message to its reader, and which rule decided; `until` it is held."""
    say = language.say
    because = say(REASONS[reason]) if reason else ""
    meant = say(RULES[rule_of(state, rule) or Rule.AUDIENCE])
    match state:
        case State.ACCEPTED:
            return say("It went out, since {rule}.", rule=meant)
        case State.DELIVERED:
            return say("It arrived, and was sent since {rule}.", rule=meant)
        case State.HELD if because:
            return say("Held until {time}: {reason}.", time=until, reason=because)
        case State.HELD | State.PENDING | State.SENDING | State.UNKNOWN:
            return say("It is on its way: {reason}.", reason=because or meant)
        case State.BOUNCED:
            return say("It came back: {reason}.", reason=because) if because else say("It came back.")
        case State.FAILED:
            return say("Not delivered: {reason}.", reason=because) if because else say("It could not be sent.")
        case _:
            return say("Not sent: {reason}.", reason=because) if because else say("It could not be sent.")
