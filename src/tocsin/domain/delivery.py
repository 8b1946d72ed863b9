"""Deliveries: the states a ledger row goes through, why a row did not go out, and which moves are legal."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a delivery stands. `sending` is told by the open attempt that names the row, not stored in it."""

    HELD = "held"
    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    SKIPPED = "skipped"
    SUPPRESSED = "suppressed"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


UNFINISHED = frozenset({State.HELD, State.PENDING, State.SENDING, State.UNKNOWN})
NOT_ELIGIBLE = frozenset({State.SKIPPED, State.SUPPRESSED})

# What is stored goes from one state to another by this table alone; the database holds the same and refuses the rest.
# Receipts may come before the answer that they are receipts of, and "accepted" is believed however late it comes: any
# state in which a message may have gone out can become accepted, delivered or bounced.
BORN = frozenset({State.PENDING, State.SKIPPED, State.SUPPRESSED, State.SUPERSEDED})
_HEARD = frozenset({State.ACCEPTED, State.DELIVERED, State.BOUNCED})
_STOPPED = frozenset({State.SUPERSEDED, State.CANCELLED, State.SUPPRESSED})
_WAITING = frozenset({State.UNKNOWN, State.FAILED, State.SKIPPED, State.EXPIRED, *_HEARD, *_STOPPED})
MOVES: dict[State, frozenset[State]] = {
    State.PENDING: _WAITING | {State.HELD},
    State.HELD: _WAITING | {State.PENDING},  # a snooze that was taken back
    State.UNKNOWN: frozenset({State.HELD, State.FAILED, *_HEARD, *_STOPPED}),  # what came of sending it once more
    State.ACCEPTED: frozenset({State.DELIVERED, State.BOUNCED}),
    State.DELIVERED: frozenset({State.BOUNCED}),
    State.BOUNCED: frozenset({State.PENDING, State.HELD}),  # tried again by an operator, or once more by itself
    State.FAILED: frozenset({State.PENDING, *_HEARD}),  # tried again by an operator
    State.EXPIRED: frozenset({State.PENDING, *_HEARD}),
    State.SUPERSEDED: _HEARD,  # it was in flight
    State.CANCELLED: _HEARD,
    State.SKIPPED: frozenset({State.PENDING, *_HEARD}),  # it stands in for an address that failed for good
    State.SUPPRESSED: BORN - {State.SUPPRESSED} | _HEARD,  # a mute that ended: it is decided anew
}


def before(state: State) -> list[State]:
    """Return the states from which a row may go to `state`."""
    return [one for one, after in MOVES.items() if state in after]


class Reason(StrEnum):
    """Why a row is held, was not sent, or ended as it did. Published: scripts may rely on these names."""

    # skipped: policy or the subscriber's own choice
    COMPONENTS_NOT_CHOSEN = "components_not_chosen"
    BELOW_LEAST_SEVERITY = "below_least_severity"
    PHASE_NOT_CHOSEN = "phase_not_chosen"
    NOT_FOLLOWED = "not_followed"
    SNOOZED = "snoozed"
    POLICY = "policy"
    ALREADY_OVER = "already_over"
    ALREADY_TOLD = "already_told"
    # suppressed: a hard stop
    UNCONFIRMED = "unconfirmed"
    PAUSED = "paused"
    QUARANTINED = "quarantined"
    OPTED_OUT = "opted_out"
    MUTED = "muted"
    # held; so is what was snoozed until a time
    HEAD_START = "head_start"
    CADENCE = "cadence"
    LASTING = "lasting"
    MERGING = "merging"
    PACED = "paced"
    QUIET_HOURS = "quiet_hours"
    DIGEST = "digest"
    CHANNEL_PAUSED = "channel_paused"
    RETRYING = "retrying"
    PROVIDER_DOWN = "provider_down"
    PROVIDER_PACED = "provider_paced"
    # ended
    OUTCOME_UNKNOWN = "outcome_unknown"
    NEWER_VERSION = "newer_version"
    ADDRESS_DEAD = "address_dead"
    REFUSED = "refused"
    RETRIES_EXHAUSTED = "retries_exhausted"
    BOUNCED_LATER = "bounced_later"
    TOO_LATE = "too_late"
    CANCELLED = "cancelled"

    @property
    def words(self) -> str:
        """Return what this reason means to the person who asks why."""
        return _WORDS[self]


_WORDS = {
    Reason.COMPONENTS_NOT_CHOSEN: "none of the components they chose is affected",
    Reason.BELOW_LEAST_SEVERITY: "they asked to hear of graver incidents only",
    Reason.PHASE_NOT_CHOSEN: "they did not ask to hear of this phase of an incident",
    Reason.NOT_FOLLOWED: "they follow other incidents only",
    Reason.SNOOZED: "they paused this incident",
    Reason.POLICY: "by policy this audience does not hear of this on this channel, and they chose nothing else",
    Reason.ALREADY_OVER: "the incident was over before they heard that it had begun",
    Reason.ALREADY_TOLD: "they already know",
    Reason.UNCONFIRMED: "the address was never confirmed",
    Reason.PAUSED: "they paused this address",
    Reason.QUARANTINED: "the address refused what it was sent, for good or for days, and is in quarantine",
    Reason.OPTED_OUT: "they unsubscribed",
    Reason.MUTED: "an operator muted this for a while",
    Reason.HEAD_START: "those further inside hear it first",
    Reason.LASTING: "by policy only what lasts is told here; it goes out if it is not over by then",
    Reason.CADENCE: "by policy updates come at most so often here; the next one tells how things stand then",
    Reason.MERGING: "waiting a moment, so that what changes meanwhile comes in the same message",
    Reason.PACED: "they heard from us often lately; everything owed comes in one message",
    Reason.QUIET_HOURS: "waiting for the end of the quiet hours they chose",
    Reason.DIGEST: "waiting for the next digest, as they chose",
    Reason.CHANNEL_PAUSED: "an operator paused this channel",
    Reason.RETRYING: "the provider could not take it yet; it is tried again",
    Reason.PROVIDER_DOWN: "our account at the provider is at fault; it is tried again",
    Reason.PROVIDER_PACED: "the provider takes only so much at a time; it goes out when its turn comes",
    Reason.OUTCOME_UNKNOWN: "it was handed over and no answer came; it may have arrived twice",
    Reason.NEWER_VERSION: "a newer update took its place before it went out",
    Reason.ADDRESS_DEAD: "the provider says that nobody is at this address",
    Reason.REFUSED: "the provider refused the message",
    Reason.RETRIES_EXHAUSTED: "it was tried for as long as the news was worth it",
    Reason.BOUNCED_LATER: "it was accepted first and came back later",
    Reason.TOO_LATE: "it could not be told while it was still news",
    Reason.CANCELLED: "an operator stopped it before it went out",
}


class Rule(StrEnum):
    """Which rule decided that an endpoint hears; where it does not, the reason is the rule. Published like reasons."""

    AUDIENCE = "audience"
    REQUIRED = "required"
    CLOSURE = "closure"
    FOLLOWED = "followed"
    COMPONENTS = "components"
    FALLBACK = "fallback"

    @property
    def words(self) -> str:
        """Return why an endpoint hears, to whoever asks about its owner."""
        return _RULES[self]


_RULES = {
    Rule.AUDIENCE: "it is for an audience that they belong to",
    Rule.REQUIRED: "everyone in their audience must hear of such an incident",
    Rule.CLOSURE: "they were told that it began",
    Rule.FOLLOWED: "they follow this incident",
    Rule.COMPONENTS: "they chose a component that is affected",
    Rule.FALLBACK: "it is the fallback of another address of theirs that failed for good",
}
