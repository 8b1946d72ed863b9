"""Which endpoint hears in another's stead once that one's address has failed for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.domain.errors import Refused
from tocsin.domain.subscriber import NewEndpoint

_MOST_SHOWN = 5

Place = tuple[str, str]  # channel and address as it is compared


def fallbacks(endpoints: Sequence[NewEndpoint], known: Mapping[str, Place]) -> dict[Place, Place | None]:
    """Return the fallback of each of a subscriber's endpoints; raise Refused where there is none such, or a circle.

    `known` has the ids of those of them that are there already.
    """
    names = dict(known)
    for one in endpoints:
        place = (one.channel, one.key)
        names |= {f"{one.channel}:{one.address}": place, f"{one.channel}:{one.key}": place}
    chosen: dict[Place, Place | None] = {}
    for number, one in enumerate(endpoints):
        fallback = one.preference.fallback
        if fallback is not None and fallback not in names:
            shown = ", ".join(sorted(names)[:_MOST_SHOWN])
            raise _refused(number, f"There is no such endpoint of this subscriber. There are: {shown}.")
        chosen[one.channel, one.key] = None if fallback is None else names[fallback]
    for number, one in enumerate(endpoints):
        start = at = (one.channel, one.key)
        for _ in endpoints:
            following = chosen.get(at)
            if following is None:
                break
            if following == start:
                raise _refused(number, "These endpoints stand in for each other in a circle. Let one have no fallback.")
            at = following
    return chosen


def _refused(number: int, detail: str) -> Refused:
    return Refused(detail, field=f"endpoints.{number}.preference.fallback")
