"""Which provider a batch goes by: the operators' weights, scaled by health."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence

from tocsin.domain.judge import LONGEST_WAIT_SECONDS, TRIAL_LOOK_SECONDS
from tocsin.domain.provider import FULL_HEALTH, Breaker, Condition, Share, Wish


def weigh(share: Share, condition: Condition) -> int:
    """Return how much of the work a provider gets, relative to the others: never 0 where it is meant to carry some."""
    weight = share.weight if condition.weight is None else condition.weight
    return weight * (FULL_HEALTH if condition.wish is Wish.ON else max(1, condition.health))


def pick(
    shares: Sequence[Share], conditions: Mapping[str, Condition], seed: int, avoided: Collection[str] = ()
) -> str | None:
    """Return the provider of the batch that is named by `seed`, always the same; None where none may be used.

    Those in `avoided` are used only where there is no other, and those with the weight 0 where nobody else can.
    """
    used = [share for share in shares if conditions[share.provider].is_used]
    if not used:
        return None
    used = [share for share in used if share.provider not in avoided] or used
    weights = [weigh(share, conditions[share.provider]) for share in used]
    if not any(weights):
        weights = [1] * len(used)
    point = seed % sum(weights)
    for share, weight in zip(used, weights, strict=True):
        if point < weight:
            return share.provider
        point -= weight
    raise AssertionError("a point below the sum is below one of its parts")


def seed_of(bucket: int, started_at: float) -> int:
    """Return what names an attempt before it has a number: its first bucket and when it began."""
    return zlib.crc32(f"{bucket} {started_at!r}".encode())


def next_look(conditions: Mapping[str, Condition], now: float) -> float:
    """Return when to look again whether one of several providers, none of which may be used, is back."""
    times = [now + LONGEST_WAIT_SECONDS]
    for condition in conditions.values():
        if condition.wish is Wish.OFF:
            continue
        at_least = now if condition.breaker is Breaker.HALF_OPEN else condition.next_try
        times.append(max(now, at_least) + TRIAL_LOOK_SECONDS)
    return min(times)
