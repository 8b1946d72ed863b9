"""Nobody is flooded and nobody is left in the dark: the guarantees hold for the rule, and fail for its mutants."""

from __future__ import annotations

from collections import Counter

import pytest

from domain import mutants
from domain.flood_life import URGENT, Rule, live
from tocsin.domain.delivery import Reason
from tocsin.domain.flood import Hold, Lanes, Nothing, Owed, Pace, Tell, Tier, Verdict, Waits, decide
from tocsin.domain.incident import Severity, Standing, Status

LANES = Lanes((Tier(2, 100.0), Tier(4, 1000.0)), (Tier(2, 10.0), Tier(6, 100.0)))
WAITS = Waits(5.0, 0.0, 30.0)
DOWN, WORSE = Standing(Status.INVESTIGATING, Severity.SEV3), Standing(Status.IDENTIFIED, Severity.SEV1)
OVER = Standing(Status.RESOLVED, Severity.SEV3)
SCENARIOS = 3000


NEVER_RUNG = Pace()


def ask(owed: list[Owed], *, now: float = 1000.0, pace: Pace = NEVER_RUNG) -> Verdict:
    return decide(now, pace, owed, LANES, WAITS, URGENT)


def test_the_guarantees_hold_in_thousands_of_random_lives() -> None:
    lives = [live(seed) for seed in range(SCENARIOS)]
    violations = Counter(name for one in lives for name in one.violations)
    messages = sum(len(one.messages) for one in lives)
    changes, told = sum(one.changes for one in lives), sum(one.told_changes for one in lives)
    urgent, closures = sum(one.urgent for one in lives), sum(one.closures for one in lives)
    print(f"{SCENARIOS} lives, {changes} changes, {messages} messages telling {told}, {urgent} urgent, {closures} ends")  # noqa: T201
    assert not violations
    assert (messages > 30_000, urgent > 10_000, closures > 10_000) == (True, True, True)
    assert told > messages * 1.3, "news was merged"


@pytest.mark.parametrize(
    ("mutant", "broken"),
    [
        (mutants.drops, "G4 told open and never closed"),
        (mutants.no_reserve, "G2 urgent too late"),
        (mutants.unbounded, "G1 too many"),
        (mutants.pushed_out, "G3 stale"),
        (mutants.ends_forgotten, "G4 told open and never closed"),
    ],
)
def test_a_mutant_of_the_rule_is_caught(mutant: Rule, broken: str) -> None:
    assert any(broken in live(seed, mutant).violations for seed in range(300))


def test_windows_that_begin_on_the_hour_instead_of_a_steady_rate_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    mutants.count_in_windows(monkeypatch)
    for broken in ("G3 stale", "G1 too many"):
        assert any(broken in live(seed).violations for seed in range(300))


def test_the_first_word_goes_at_once() -> None:
    verdict = ask([Owed(1, DOWN, None, 1000.0, first=True)])
    assert verdict.act == Tell((1,), Pace(1100.0, 2000.0, 0.0, 0.0))


def test_the_second_change_waits_to_be_merged() -> None:
    verdict = ask([Owed(1, DOWN, DOWN, 1000.0, first=False)], pace=Pace(1050.0, 1900.0))
    assert verdict.act == Hold(1030.0, Reason.MERGING)


def test_an_end_goes_at_once_to_who_was_told_of_the_beginning() -> None:
    verdict = ask([Owed(1, OVER, DOWN, 1000.0, first=False)], pace=Pace(1050.0, 1900.0))
    assert isinstance(verdict.act, Tell)


def test_an_end_is_nothing_to_who_never_heard_of_the_beginning() -> None:
    assert ask([Owed(1, OVER, None, 1000.0, first=False)]) == Verdict(Nothing(), ((1, Reason.ALREADY_OVER),))


def test_an_incident_that_is_told_only_when_it_is_over_is_told() -> None:
    assert isinstance(ask([Owed(1, OVER, None, 1000.0, first=True)]).act, Tell)


def test_routine_news_never_spends_the_urgent_reserve() -> None:
    full = Pace(1300.0, 1300.0)
    assert ask([Owed(1, DOWN, DOWN, 900.0, first=False)], pace=full).act == Hold(1200.0, Reason.PACED)
    urgent = ask([Owed(1, DOWN, DOWN, 900.0, first=False), Owed(2, WORSE, DOWN, 990.0, first=False)], pace=full)
    assert urgent.act == Tell((2, 1), Pace(1300.0, 1300.0, 1010.0, 1100.0))


def test_what_a_provider_could_not_take_yet_is_held_until_then() -> None:
    verdict = ask([Owed(1, DOWN, None, 900.0, first=True, not_before=1060.0)])
    assert verdict.act == Hold(1060.0, Reason.MERGING)
