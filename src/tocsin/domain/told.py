"""What an endpoint has been told once messages are out: the last update of each incident that is not long over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tocsin.domain.outline import Planned
from tocsin.domain.rows import Row, Version

MOST_TOLD = 20


def is_owed_the_end(row: Row, versions: Mapping[int, Version]) -> bool:
    """Tell whether a row says that something is over which its endpoint was told is not: it is never dropped.

    What may have gone out once counts as told, so that a row in doubt no longer shows what was told before it.
    """
    version = versions.get(row.update_id)
    if version is None or version.standing.is_open:
        return False
    if row.unknowns and version.number > 1:
        return True
    told = (versions.get(key) for key in row.told)
    return any(one is not None and one.incident_id == version.incident_id and one.standing.is_open for one in told)


def told_in_all(messages: Iterable[Planned], versions: Mapping[int, Version]) -> list[Planned]:
    """Return one of each endpoint's messages, which says what all of those given have told it.

    Where each incident has a message of its own, some of them may have been taken and others not.
    """
    messages = list(messages)
    if len({message.rows[0].endpoint_id for message in messages}) == len(messages):
        return messages
    by_endpoint: dict[int, list[Planned]] = {}
    for message in messages:
        by_endpoint.setdefault(message.rows[0].endpoint_id, []).append(message)
    return [
        same[0]._replace(
            told=told_after(same[0].rows[0].told, [row.update_id for one in same for row in one.rows], versions)
        )
        if len(same) > 1
        else same[0]
        for same in by_endpoint.values()
    ]


def told_after(told: Sequence[int], now: Sequence[int], versions: Mapping[int, Version]) -> list[int]:
    if not told:
        return list(now)
    known = versions.get
    incidents = {versions[key].incident_id for key in now}
    kept = [key for key in told if (one := known(key)) is not None and one.incident_id not in incidents]
    too_many = len(kept) + len(now) - MOST_TOLD
    if too_many > 0:
        forgotten = set([key for key in kept if not versions[key].standing.is_open][:too_many])
        kept = [key for key in kept if key not in forgotten]
    return [*kept, *now]
