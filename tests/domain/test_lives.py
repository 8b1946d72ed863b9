"""The plan keeps its promises in thousands of lives with hours, failures and goodbyes; its mutants do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from domain import mutants
from domain.lives import live
from tocsin.domain import tell, waiting
from tocsin.domain.outline import Plan

LIVES = 3000
FLOORS = {
    "updates": 30_000,
    "messages": 10_000,
    "merged": 2_000,
    "quiet_hours": 300,
    "digest": 300,
    "paced": 1_000,
    "try again": 150,
    "no answer": 80,
    "dead": 30,
    "stood in": 30,
    "opt out": 300,
    "opted_out": 50,
    "snooze": 300,
    "snoozed": 100,
}


def test_the_guarantees_hold_in_thousands_of_lives() -> None:
    happened: Counter[str] = Counter()
    broken: dict[str, list[int]] = {}
    for seed in range(LIVES):
        life = live(seed)
        happened.update(life.happened)
        for name in life.broken:
            broken.setdefault(name, []).append(seed)
    print(f"{LIVES} lives: " + ", ".join(f"{happened[name]} {name}" for name in FLOORS))  # noqa: T201
    assert {name: seeds[:5] for name, seeds in broken.items()} == {}
    assert {name: happened[name] for name, floor in FLOORS.items() if happened[name] < floor} == {}


def caught(lives: int = 150, **how: Any) -> Counter[str]:
    """Return which guarantees a mutant broke, and in how many lives."""
    return Counter(name for seed in range(lives) for name in live(seed, **how).broken)


def test_quiet_hours_that_are_never_seen_to_end_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "held", mutants.endless)
    assert caught()["G4 something is owed for ever"] > 0


def test_quiet_hours_that_nobody_keeps_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: Any, **_how: Any) -> None:
        return None

    monkeypatch.setattr(waiting, "held", never)
    assert caught()["rung in quiet hours"] > 0


def test_a_lost_lock_is_caught() -> None:
    found = caught(workers=2)
    assert found["D2 the same thing twice"] > 0
    assert found["G1 too many"] > 0


def test_forgetting_what_was_told_in_a_merged_message_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tell, "told_after", mutants.forgetful)
    assert caught()["G4 told open and never closed"] > 0


def test_writing_after_an_opt_out_is_caught() -> None:
    assert caught(plan=mutants.deaf)["written to after opting out"] > 0


@pytest.mark.parametrize(
    ("mutant", "broken"),
    [
        (mutants.drops_what_is_paced, "G4 told open and never closed"),
        (mutants.forgets_all, "G4 told open and never closed"),
    ],
)
def test_a_mutant_of_the_plan_is_caught(mutant: Callable[..., Plan], broken: str) -> None:
    assert caught(plan=mutant)[broken] > 0
