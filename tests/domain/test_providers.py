"""Work shifts away from a provider that fails, does not swing, and comes back by itself, whatever happens when."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import (
    AddressDead,
    Ambiguous,
    DeliveryError,
    GiveUp,
    OptedOut,
    ProviderDown,
    TooFast,
    TryAgain,
)
from tocsin.domain.judge import (
    LEAST_HEALTH,
    LONGEST_WAIT_SECONDS,
    Judgement,
    is_certain,
    judge,
    judge_answer,
    judge_trial,
    wait,
)
from tocsin.domain.pick import next_look, pick, seed_of, weigh
from tocsin.domain.provider import FULL_HEALTH, Breaker, Condition, Share, Wish
from tocsin.domain.tally import NOTHING, Stopwatch, Tally, count

WELL = Condition("ses")
OPEN = replace(WELL, breaker=Breaker.OPEN, trips=1, next_try=105.0)
HALF_OPEN = replace(OPEN, breaker=Breaker.HALF_OPEN)
BOTH = (Share("smtp", 70), Share("ses", 30))


def after(judgement: Judgement | None, before: Condition = WELL) -> Condition:
    return before if judgement is None else judgement.condition


@pytest.mark.parametrize(
    ("result", "counted"),
    [
        (Accepted("1"), Tally(good=1)),
        (AddressDead("nobody there"), Tally(good=1)),
        (OptedOut("STOP"), Tally(good=1)),
        (GiveUp("too long"), Tally(good=1)),
        (ProviderDown("wrong password"), Tally(faults=1)),
        (TryAgain("503"), Tally(errors=1)),
        (Ambiguous("no answer"), Tally(errors=1)),
        (TryAgain("503", retry_after=3.0), Tally(good=1, slow=1)),
        (TooFast("429", retry_after=3.0), Tally()),
    ],
)
def test_what_is_the_recipients_matter_is_not_held_against_a_provider(result: Result, counted: Tally) -> None:
    assert count([result])._replace(batches=0) == counted


def test_one_silent_mailbox_among_many_is_not_a_slow_provider() -> None:
    watch = Stopwatch(0.0)
    for tenth in range(100):
        watch.heard(tenth / 100)
    watch.heard(30.0)
    assert (watch.first, watch.slow) == (0.0, 1)
    assert judge(WELL, count([Accepted()] * 101, watch.slow), 100.0) is None


def test_a_provider_that_answers_after_seconds_is_slow_with_all_of_it() -> None:
    watch = Stopwatch(0.0)
    for answer in range(8):
        watch.heard(8.0 * (1 + answer // 4) + answer / 100)  # four at a time
    assert watch.slow == 8


def test_most_of_it_failing_stops_a_provider_at_once() -> None:
    assert after(judge(WELL, Tally(faults=3), 100.0)) == replace(WELL, breaker=Breaker.OPEN, trips=1, next_try=105.0)
    assert after(judge(WELL, Tally(good=5, errors=5), 100.0)).breaker is Breaker.OPEN
    assert after(judge(WELL, Tally(good=6, errors=5), 100.0)).breaker is Breaker.CLOSED
    assert after(judge(WELL, Tally(faults=2), 100.0)).breaker is Breaker.CLOSED
    assert after(judge(WELL, Tally(errors=4), 100.0)).breaker is Breaker.CLOSED
    assert is_certain(count([ProviderDown("wrong password")] * 3))


def test_reports_that_we_were_at_fault_stop_it_as_answers_do() -> None:
    taken = Tally(good=40)
    for _ in range(20):
        taken = taken.plus(Tally(good=-1, faults=1))
    assert after(judge(WELL, taken, 100.0)).breaker is Breaker.OPEN


def test_a_bad_share_takes_points_by_degrees_and_never_all() -> None:
    condition, seen = WELL, [FULL_HEALTH]
    for second in range(100, 200):
        condition = after(judge(condition, Tally(good=80, errors=20), float(second)), condition)
        seen.append(condition.health)
    assert list(Counter(seen)) == [100, 80, 60, 40, 20, LEAST_HEALTH]
    assert min(seen.count(health) for health in (80, 60, 40, 20)) == 10, "at most every ten seconds"


def test_between_the_two_marks_nothing_changes_in_either_direction() -> None:
    middle = Tally(good=90, errors=10)
    assert judge(WELL, middle, 1e9) is None
    assert judge(replace(WELL, health=50), middle, 1e9) is None
    assert after(judge(replace(WELL, health=50), Tally(good=96, errors=4), 1e9)).health == 60


def test_a_few_messages_shift_nothing() -> None:
    assert judge(WELL, Tally(good=15, errors=4), 100.0) is None


def test_what_operators_decide_is_not_judged() -> None:
    for wish in (Wish.ON, Wish.OFF):
        assert judge(replace(WELL, wish=wish), Tally(faults=100), 100.0) is None
    assert not replace(WELL, wish=Wish.OFF).is_used
    assert replace(OPEN, wish=Wish.ON).is_used
    assert not replace(OPEN, wish=Wish.ON).is_to_be_asked(1e9)
    assert not replace(HALF_OPEN, wish=Wish.OFF).may_be_tried(1e9)


def test_a_stopped_provider_is_asked_then_tried_then_begins_with_little() -> None:
    assert not OPEN.is_used
    assert not OPEN.is_to_be_asked(104.9)
    assert OPEN.is_to_be_asked(105.0)
    answered = judge_answer(OPEN, None, 105.0).condition
    assert answered.may_be_tried(105.0)
    assert not answered.is_used
    back = judge_trial(answered, Tally(good=5), 106.0).condition
    assert (back.is_used, back.health, back.trips) == (True, LEAST_HEALTH, 1)
    for second in range(106, 106 + 200):
        back = after(judge(back, Tally(good=100), float(second)), back)
    assert (back.health, back.trips) == (FULL_HEALTH, 0)


def test_what_was_under_way_does_not_count_against_a_stopped_one() -> None:
    assert judge(OPEN, Tally(faults=500), 200.0) is None
    assert judge(HALF_OPEN, Tally(faults=500), 200.0) is None


def test_a_trial_that_fails_waits_twice_as_long() -> None:
    again = judge_trial(HALF_OPEN, Tally(good=2, errors=2), 200.0).condition
    assert (again.breaker, again.trips, again.next_try) == (Breaker.OPEN, 2, 210.0)
    assert [wait(trips) for trips in range(1, 7)] == [5.0, 10.0, 20.0, 40.0, LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS]


def test_where_asking_is_refused_a_batch_is_tried_in_the_end_but_not_where_nobody_answers() -> None:
    tired = replace(OPEN, trips=5)
    assert judge_answer(tired, ProviderDown("this key may not ask"), 200.0).condition.breaker is Breaker.HALF_OPEN
    assert judge_answer(tired, TryAgain("nobody answers"), 200.0).condition.breaker is Breaker.OPEN
    assert judge_answer(OPEN, ProviderDown("this key may not ask"), 200.0).condition.breaker is Breaker.OPEN


def test_questions_are_bounded_however_long_a_provider_is_gone() -> None:
    condition, asked, hour = OPEN, 0, 3600
    for second in range(hour):
        if condition.is_to_be_asked(float(second)):
            asked += 1
            condition = judge_answer(condition, TryAgain("gone"), float(second)).condition
    assert hour / LONGEST_WAIT_SECONDS - 5 <= asked <= hour / LONGEST_WAIT_SECONDS + 5


def test_one_that_keeps_failing_after_it_came_back_waits_ever_longer() -> None:
    condition, now, openings = WELL, 0.0, 0
    while now < 3600:
        now += 1.0
        if condition.breaker is Breaker.CLOSED:
            stopped = judge(condition, Tally(errors=20), now)
            openings += stopped is not None
            condition = after(stopped, condition)
        elif condition.is_to_be_asked(now):
            condition = judge_answer(condition, None, now).condition
        elif condition.may_be_tried(now):
            condition = judge_trial(condition, Tally(good=5), now).condition
    assert openings <= 3600 / LONGEST_WAIT_SECONDS + 5


def test_weights_decide_and_health_scales_them() -> None:
    conditions = {"smtp": Condition("smtp"), "ses": Condition("ses")}
    assert _shared(conditions)["smtp"] == pytest.approx(0.7, abs=0.02)
    conditions["smtp"] = replace(conditions["smtp"], health=10)
    assert _shared(conditions)["smtp"] == pytest.approx(7 / 37, abs=0.02)
    conditions["ses"] = replace(conditions["ses"], weight=0)
    assert set(_shared(conditions)) == {"smtp"}, "who has no weight stands by"
    conditions["smtp"] = replace(conditions["smtp"], breaker=Breaker.OPEN)
    assert set(_shared(conditions)) == {"ses"}, "and carries where nobody else can"


def _shared(conditions: dict[str, Condition]) -> dict[str | None, float]:
    seeds = [seed_of(bucket, 1700000000.0 + bucket / 7) for bucket in range(5000)]
    picked = Counter(pick(BOTH, conditions, seed) for seed in seeds)
    assert picked == Counter(pick(BOTH, conditions, seed) for seed in seeds), "the same attempt, the same provider"
    return {name: n / len(seeds) for name, n in picked.items()}


def test_one_that_is_silent_just_now_is_avoided_where_there_is_another() -> None:
    conditions = {"smtp": Condition("smtp"), "ses": Condition("ses")}
    assert {pick(BOTH, conditions, seed, {"smtp"}) for seed in range(200)} == {"ses"}
    assert {pick(BOTH[:1], conditions, seed, {"smtp"}) for seed in range(200)} == {"smtp"}


def test_any_course_of_events_leaves_work_with_whoever_is_well() -> None:
    for seed in range(400):
        _any_course(random.Random(seed))


def _any_course(chance: random.Random) -> None:
    shares = [Share(name, chance.choice([0, 1, 10, 100])) for name in ("a", "b", "c")[: chance.randint(1, 3)]]
    conditions = {share.provider: Condition(share.provider) for share in shares}
    now = 1000.0
    for _ in range(60):
        now += chance.uniform(0.1, 15.0)
        name = chance.choice(shares).provider
        conditions[name] = _next(conditions[name], chance, now)
        _holds(conditions[name])
        picked = pick(shares, conditions, chance.getrandbits(32))
        used = {share.provider for share in shares if conditions[share.provider].is_used}
        assert (picked in used) if used else (picked is None)
        carrying = [s for s in shares if s.provider in used and s.weight]
        assert all(weigh(share, conditions[share.provider]) > 0 for share in carrying)
        assert now <= next_look(conditions, now) <= now + LONGEST_WAIT_SECONDS + 2


def _next(condition: Condition, chance: random.Random, now: float) -> Condition:
    good, faults, errors, slow = (chance.choice([0, 0, 1, 5, 50]) for _ in range(4))
    tally = Tally(good, faults, errors, min(slow, good))
    if chance.random() < 0.05:
        return replace(condition, wish=chance.choice(list(Wish)))
    if condition.is_to_be_asked(now):
        fault: DeliveryError | None = chance.choice([None, TryAgain("gone"), ProviderDown("refused")])
        return judge_answer(condition, fault, now).condition
    if condition.may_be_tried(now):
        return judge_trial(condition, tally, now).condition
    return after(judge(condition, tally, now), condition)


def _holds(condition: Condition) -> None:
    assert LEAST_HEALTH <= condition.health <= FULL_HEALTH
    assert condition.breaker is not Breaker.OPEN or condition.trips > 0
    assert judge(condition, NOTHING, condition.shifted_at) is None, "nothing changes twice at once"


def test_mailboxes_that_are_full_stop_nobody_and_a_server_that_is_away_does() -> None:
    full = [TryAgain("452 4.2.2 mailbox full", code=452)] * 30 + [Accepted("1")] * 4
    assert after(judge(WELL, count(full), 100.0)).breaker is Breaker.CLOSED
    away = [TryAgain("could not be reached")] * 30
    assert after(judge(WELL, count(away), 100.0)).breaker is Breaker.OPEN
