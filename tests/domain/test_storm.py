"""In a storm nobody is flooded and nobody is left in the dark."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from domain.storm import MINUTES, Heard, Storm, most, storm
from domain.storm_picture import draw

RESULTS = Path(__file__).parents[2] / "test-results"


def weathered(subscribers: int, updates: int) -> Storm:
    found = storm(subscribers, updates)
    print(f"\n{subscribers:,} subscribers, 50 incidents, {updates:,} updates in ten minutes\n{found.report()}")  # noqa: T201
    assert found.broken == set()
    assert found.told_open == found.told_closed
    assert found.told_open > subscribers
    assert len(found.heard) == subscribers
    assert len(found.busiest.while_it_raged) <= most(MINUTES * 60)
    assert max(len(one.plain) for one in found.heard) == updates, "someone hears everything"
    assert found.plain > 10 * found.ours, "a flood was spared"
    return found


def test_a_small_storm_is_weathered() -> None:
    weathered(60, 400)


def test_who_shares_the_work_does_not_change_what_anybody_hears() -> None:
    # 501 are led by two processes; nobody but the last of them is alone.
    together, alone = storm(501, 60), storm(500, 60)
    assert together.heard[:500] == alone.heard
    assert together.plain > alone.plain


def test_the_picture_shows_the_messages_of_the_busiest_endpoint() -> None:
    busiest = Heard([1_800_000_030.0, 1_800_000_330.0], [1_800_000_000.0 + 3 * at for at in range(200)])
    drawn = draw(Storm(set(), [busiest, Heard([1_800_000_030.0], busiest.plain)], 1, 1))
    assert "<title>Messages to the busiest endpoint, 200 updates in 10 minutes</title>" in drawn
    heights = [float(point.split()[1]) for point in drawn.split('d="M')[-1].split('"')[0].split("L")]
    assert heights[0] == 260.0
    assert all(later <= earlier for earlier, later in pairwise(heights))
    assert round(260.0 - heights[-1], 1) == round(2 / 200 * 204, 1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_storm_of_five_thousand_subscribers_is_weathered() -> None:
    found = weathered(5_000, 2_000)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "storm.svg").write_text(draw(found))
