"""What comes of a message: how its rows go on when it was not accepted, and what the attempt's record says."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.delivery import Reason, State
from tocsin.domain.errors import (
    AddressDead,
    Ambiguous,
    AskAgain,
    DeliveryError,
    OptedOut,
    ProviderDown,
    TooFast,
    TryAgain,
)
from tocsin.domain.outline import Planned
from tocsin.domain.patience import Patience
from tocsin.domain.plan import MOST_UNKNOWNS
from tocsin.domain.rows import Version
from tocsin.domain.told import is_owed_the_end
from tocsin.store.record import Unheard

# A message of which nobody knows is looked at again after this long at the least: a late answer may still come …
UNKNOWN_WAIT_SECONDS = 30.0
# … and where reports may come after twice as long each time: who lists late what they took is not to be believed again.
_LONGEST_DOUBT_SECONDS = 6 * 3600.0
# Who could not be asked whether it went out is asked again after a part of its age, within bounds.
_OF_ITS_AGE = 0.25
_LONGEST_ASKING_SECONDS = 300.0
# A provider that takes no more and does not say until when is left alone for so long.
TOO_FAST_SECONDS = 30.0


class Doubtful(TryAgain):
    """A driver broke in the middle: it may have gone out, and counting it as accepted would hide the fault."""


class PutOff(TryAgain):
    """It was not handed over: the provider's pace lets it pass later, after `retry_after` seconds."""


class Unwritten(TryAgain):
    """The words could not be made, or there was no time left to send them: nothing went out, and nobody is to blame."""


def unheard_of(
    message: Planned,
    error: DeliveryError,
    now: float,
    patience: Patience,
    reports_within: float,
    chance: float,
    versions: Mapping[int, Version],
) -> Unheard:
    """Say how the rows of a message go on that was not accepted.

    Who was told that something is open is told that it is over however long that takes, there or at their fallback.
    """
    head = message.rows[0]
    # Where the channel resends freely doubt goes on: ever more slowly, and not for ever.
    is_late = patience.is_over(now, head.since)
    is_owed = is_late and any(is_owed_the_end(row, versions) for row in message.rows)
    is_over = is_late and (head.has_fallback or not is_owed)
    if isinstance(error, PutOff) or (isinstance(error, TooFast | AskAgain) and not is_over):
        came = _paced(message, error, now, patience)
    elif is_over and (isinstance(error, AskAgain) or (isinstance(error, Ambiguous) and error.cleared)):
        came = _settled(message, error, is_owed=is_owed)
    else:
        came = _tried(message, error, now, patience, reports_within, chance, is_over=is_over)
    return came._replace(cleared=True) if error.cleared else came


def _paced(message: Planned, error: PutOff | TooFast | AskAgain, now: float, patience: Patience) -> Unheard:
    """Let a message wait that was no try: the provider takes or says no more at present, or for a day already."""
    head = message.rows[0]
    state, reason = State.HELD, Reason.PROVIDER_PACED
    if isinstance(error, PutOff | AskAgain) and head.state == State.UNKNOWN:
        state, reason = State.UNKNOWN, Reason.OUTCOME_UNKNOWN  # as it was: nobody knows yet whether it arrived
    wait, since = closed_seconds(error), head.since
    if isinstance(error, TooFast) and patience.is_over(now, since):  # it must be told all the same
        wait = patience.wait(1, 1.0, wait, now - since)
    if isinstance(error, AskAgain):
        wait = max(wait, min((now - since) * _OF_ITS_AGE, _LONGEST_ASKING_SECONDS))
    due, code, note = now + wait, error.code, error.note
    return Unheard(message, state, reason, due, code, note, told=False, doubtful=False, blames=False, tried=False)


def _settled(message: Planned, error: AskAgain | Ambiguous, *, is_owed: bool) -> Unheard:
    """Take for accepted what may have arrived and is not looked for any more; the end of something goes elsewhere."""
    state, reason = (State.FAILED, Reason.RETRIES_EXHAUSTED) if is_owed else (State.ACCEPTED, Reason.OUTCOME_UNKNOWN)
    code, note, doubtful = error.code, error.note, isinstance(error, Ambiguous)
    return Unheard(message, state, reason, None, code, note, told=False, doubtful=doubtful, blames=False)


def _tried(
    message: Planned,
    error: DeliveryError,
    now: float,
    patience: Patience,
    reports_within: float,
    chance: float,
    *,
    is_over: bool,
) -> Unheard:
    head = message.rows[0]
    blames = not isinstance(error, ProviderDown | TooFast | Doubtful | Unwritten | AddressDead)

    def ends(state: State, reason: Reason) -> Unheard:
        return Unheard(message, state, reason, None, error.code, error.note, told=False, doubtful=False, blames=blames)

    age = now - head.since
    if isinstance(error, Ambiguous) and (head.doubts < MOST_UNKNOWNS or not is_over):
        wait = min(reports_within * 2.0 ** min(head.unknowns, 20), _LONGEST_DOUBT_SECONDS)
        due = now + max(UNKNOWN_WAIT_SECONDS, wait, patience.wait(head.unknowns + 1, chance, age=age))
        state, reason = State.UNKNOWN, Reason.OUTCOME_UNKNOWN
        return Unheard(message, state, reason, due, error.code, error.note, told=True, doubtful=True, blames=blames)
    if isinstance(error, OptedOut):
        return ends(State.SUPPRESSED, Reason.OPTED_OUT)
    if isinstance(error, AddressDead):
        return ends(State.FAILED, Reason.ADDRESS_DEAD)
    if isinstance(error, TryAgain | Ambiguous) and is_over:
        return ends(State.FAILED, Reason.RETRIES_EXHAUSTED)
    if isinstance(error, TryAgain):
        state, reason = State.HELD, Reason.PROVIDER_DOWN if isinstance(error, ProviderDown) else Reason.RETRYING
        if isinstance(error, Unwritten) and head.state == State.UNKNOWN:
            state, reason = State.UNKNOWN, Reason.OUTCOME_UNKNOWN
        due, doubtful = now + patience.wait(head.tries + 1, chance, error.retry_after, age), isinstance(error, Doubtful)
        return Unheard(
            message, state, reason, due, error.code, error.note, told=False, doubtful=doubtful, blames=blames
        )
    return ends(State.FAILED, Reason.REFUSED)


def closed_seconds(error: TryAgain) -> float:
    """Return after how many seconds the provider takes more."""
    return TOO_FAST_SECONDS if error.retry_after is None else error.retry_after


# A kind that has no word of its own goes by that of the kind it is one of.
_OUTCOMES: dict[type, str] = {
    Accepted: "accepted",
    DeliveryError: "give_up",
    TryAgain: "try_again",
    ProviderDown: "provider_down",
    AddressDead: "address_dead",
    Ambiguous: "ambiguous",
    Doubtful: "ambiguous",
    TooFast: "too_fast",
    AskAgain: "ask_again",
    PutOff: "put_off",
}


def outcome_of(result: Result) -> str:
    """Return the word that an attempt's record has for `result`."""
    return next(word for kind in type(result).__mro__ if (word := _OUTCOMES.get(kind)) is not None)


def note_of(result: Result) -> str | None:
    return (result.note or None) if isinstance(result, Accepted) else result.note
