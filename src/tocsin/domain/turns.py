"""Who goes first where a provider takes only so much, and how long the others wait for their turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.domain.gate import Gate
from tocsin.domain.incident import Severity
from tocsin.domain.outline import Planned
from tocsin.domain.rows import Version


def in_turn(
    messages: Sequence[Planned], buckets: Sequence[int], versions: Mapping[int, Version], urgent: Severity
) -> list[Planned]:
    """Order messages: urgent first, then as their buckets were leased (from the inside out), then who waits longest."""
    places = {bucket: place for place, bucket in enumerate(buckets)}

    def turn(message: Planned) -> tuple[bool, int, float]:
        head = message.rows[0]
        is_urgent = any(versions[row.update_id].standing.severity <= urgent for row in message.rows)
        return not is_urgent, places.get(head.bucket_id, len(places)), head.due_at

    return sorted(messages, key=turn)


def waits_of(
    gates: Sequence[Sequence[Gate]], foreseen: Sequence[float], closed: Mapping[str, float], now: float
) -> list[float]:
    """Return for each message the seconds until its turn: when its gates are open again, and its turn after that."""
    return [
        max((closed[gate.key] - now for gate in passed if gate.key in closed), default=0.0) + wait
        for passed, wait in zip(gates, foreseen, strict=True)
    ]
