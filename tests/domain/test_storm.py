"""In a storm nobody is flooded and nobody is left in the dark."""

from __future__ import annotations

import pytest

from domain.storm import Storm, storm


def weathered(subscribers: int, updates: int) -> Storm:
    found = storm(subscribers, updates)
    print(f"\n{subscribers:,} subscribers, 50 incidents, {updates:,} updates in ten minutes\n{found.report()}")  # noqa: T201
    assert found.broken == set()
    assert found.told_open == found.told_closed
    assert found.told_open > subscribers
    assert found.plain.total() > 10 * found.ours.total(), "a flood was spared"
    return found


def test_a_small_storm_is_weathered() -> None:
    weathered(60, 400)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_storm_of_five_thousand_subscribers_is_weathered() -> None:
    weathered(5_000, 2_000)
