"""Judges a provider by what came of its messages: shifts work away by degrees, stops it, and lets it come back.

Where much of what it is given is slow or fails it loses points, where hardly anything does it gets them back, and in
between nothing changes: it must not swing. Where most of it fails it is stopped at once. Then it is asked without
sending, ever more rarely; once it answers it is given one small batch, and after that begins with few points.

As GOV.UK Notify does it between two carriers, with a breaker besides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from tocsin.domain.errors import DeliveryError, ProviderDown
from tocsin.domain.provider import FULL_HEALTH, Breaker, Condition, Wish
from tocsin.domain.tally import Tally

WINDOW_SECONDS: Final = 60.0
# The shift: so much of at least so many, at most so often.
_LOSES_AT: Final = 0.15
_GAINS_AT: Final = 0.05
_LEAST_TO_SHIFT: Final = 20
_LOSS: Final = 20
_GAIN: Final = 10
_LOSS_SECONDS: Final = 10.0
_GAIN_SECONDS: Final = 20.0
LEAST_HEALTH: Final = 10
# The breaker.
_TRIPS_AT: Final = 0.5
_LEAST_FAULTS: Final = 3
_LEAST_BAD: Final = 5
FIRST_WAIT_SECONDS: Final = 5.0
LONGEST_WAIT_SECONDS: Final = 60.0
# A failure that goes on is put on record again after so long.
STILL_SECONDS: Final = 600.0
# So many failures later a batch is tried even where asking is refused: not every key that may send may ask.
_DOUBTS_THE_QUESTION: Final = 5
# A batch that is out as a trial keeps others away for so long: its worker may have died.
TRIAL_SECONDS: Final = 60.0
TRIAL_MESSAGES: Final = 5
TRIAL_LOOK_SECONDS: Final = 2.0  # after which those look again that wait for what comes of it
ASKING_SECONDS: Final = 10.0


class Judgement(NamedTuple):
    """What becomes of a provider, and why, in words for operators."""

    condition: Condition
    why: str


def judge(condition: Condition, tally: Tally, now: float) -> Judgement | None:
    """Return what changes by what came of its messages in the last minute; None where nothing does.

    Only a provider that health decides about is judged, and one that is stopped is not judged by what was under way.
    """
    if condition.wish is not Wish.AUTO or condition.breaker is not Breaker.CLOSED:
        return None
    if _trips(tally):
        return Judgement(_stopped(condition, now), _in_words(tally))
    share = (tally.bad + tally.slow) / tally.total if tally.total >= _LEAST_TO_SHIFT else 0.0
    since = now - condition.shifted_at
    if share >= _LOSES_AT and since >= _LOSS_SECONDS and condition.health > LEAST_HEALTH:
        health = max(LEAST_HEALTH, condition.health - _LOSS)
        return Judgement(replace(condition, health=health, shifted_at=now), _in_words(tally))
    if share <= _GAINS_AT and since >= _GAIN_SECONDS and condition.health < FULL_HEALTH:
        health = min(FULL_HEALTH, condition.health + _GAIN)
        trips = 0 if health == FULL_HEALTH else condition.trips
        return Judgement(replace(condition, health=health, trips=trips, shifted_at=now), "it has been well since")
    return None


def judge_answer(condition: Condition, fault: DeliveryError | None, now: float) -> Judgement:
    """Return what becomes of an open provider that was asked; `fault` is what is wrong with it, None: nothing."""
    assert condition.breaker is Breaker.OPEN
    if fault is None:
        return Judgement(replace(condition, breaker=Breaker.HALF_OPEN, next_try=now), "it answers again")
    if isinstance(fault, ProviderDown) and condition.trips >= _DOUBTS_THE_QUESTION:
        trial = replace(condition, breaker=Breaker.HALF_OPEN, next_try=now)
        return Judgement(trial, f"a small batch will show, though asking says: {fault.note}")
    return Judgement(_stopped(condition, now), fault.note)


def judge_trial(condition: Condition, tally: Tally, now: float) -> Judgement:
    """Return what becomes of a half-open provider that was given a small batch."""
    assert condition.breaker is Breaker.HALF_OPEN
    if tally.bad * 2 >= tally.total and tally.bad:
        return Judgement(_stopped(condition, now), f"a trial: {_in_words(tally)}")
    well = replace(condition, breaker=Breaker.CLOSED, health=LEAST_HEALTH, next_try=0.0, shifted_at=now)
    return Judgement(well, "it took a small batch")


def is_certain(tally: Tally) -> bool:
    """Tell whether one batch alone is reason enough to stop a provider."""
    return _trips(tally)


def wait(trips: int) -> float:
    """Return the seconds until a provider is asked again that failed `trips` times in a row."""
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(max(trips, 1) - 1, 20))


def _trips(tally: Tally) -> bool:
    half = _TRIPS_AT * tally.total
    return (tally.faults >= _LEAST_FAULTS and tally.faults >= half) or (tally.bad >= _LEAST_BAD and tally.bad >= half)


def _stopped(condition: Condition, now: float) -> Condition:
    trips = condition.trips + 1
    return replace(condition, breaker=Breaker.OPEN, trips=trips, next_try=now + wait(trips))


def _in_words(tally: Tally) -> str:
    said = [
        f"{n} {what}" for n, what in ((tally.faults, "our fault"), (tally.errors, "errors"), (tally.slow, "slow")) if n
    ]
    return f"of {tally.total} messages {', '.join(said)}"
