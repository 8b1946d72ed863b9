"""A provider's gates: whoever asks and in whatever order, no window sees more than the pace."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

from tocsin.domain.gate import Arrivals, Asked, Gate, Rate, pass_through

_RATES = some.builds(
    Rate,
    amount=some.integers(1, 50).map(float),
    seconds=some.sampled_from([1.0, 60.0, 900.0]),
    burst=some.integers(1, 30).map(float),
)
_GATES = some.tuples(*(some.lists(_RATES, min_size=1, max_size=2).map(tuple) for _ in range(2)))
_SLACK = 1e-6


@some.composite
def _lives(draw: some.DrawFn) -> tuple[tuple[Gate, Gate], list[tuple[float, list[Asked]]]]:
    """Draw two gates, and who asked for what when: batches, small and large, at any moments."""
    first, second = (Gate(key, rates) for key, rates in zip("ab", draw(_GATES), strict=True))
    ways = some.sampled_from([(first,), (second,), (first, second)])
    asked = some.builds(Asked, ways, some.integers(1, 12))
    steps = draw(some.lists(some.tuples(some.floats(0, 200), some.lists(asked, max_size=12)), max_size=25))
    now, life = 1_000.0, list[tuple[float, list[Asked]]]()
    for pause, batch in steps:
        now += pause
        life.append((now, batch))
    return (first, second), life


@settings(max_examples=300)
@given(_lives())
def test_in_no_window_does_more_pass_than_the_rate_and_one_burst(
    lived: tuple[tuple[Gate, Gate], list[tuple[float, list[Asked]]]],
) -> None:
    gates, life = lived
    arrivals: Arrivals = {}
    passed: list[tuple[float, Asked]] = []
    for now, batch in life:
        waits = pass_through(arrivals, batch, now)
        passed += [(now, one) for one, wait in zip(batch, waits, strict=True) if wait == 0]
    for gate in gates:
        there = [(at, one.units) for at, one in passed if gate in one.gates]
        for rate in gate.rates:
            for begin, (opened, _) in enumerate(there):
                largest = total = 0
                for at, units in there[begin:]:
                    total += units
                    largest = max(largest, units)
                    most = (at - opened) / rate.interval + max(rate.burst, largest)
                    # Who is larger than the burst passes when the gate has rested, and is charged in full.
                    assert total <= most + largest * (largest > rate.burst) + _SLACK


@given(_lives())
def test_who_waits_passes_when_told_and_nobody_overtakes_them(
    lived: tuple[tuple[Gate, Gate], list[tuple[float, list[Asked]]]],
) -> None:
    (gate, _), life = lived
    arrivals: Arrivals = {}
    for now, batch in life:
        alone = [Asked((gate,), one.units) for one in batch]
        before = dict(arrivals)
        waits = pass_through(arrivals, alone, now)
        assert waits == sorted(waits)
        # Asked again one by one, each at its moment, all pass.
        for place, (one, wait) in enumerate(zip(alone, waits, strict=True), start=1):
            assert pass_through(before, [one], now + wait + place * _SLACK) == [0.0]


def test_a_batch_asks_once_and_is_told_how_many_pass() -> None:
    gate = Gate("twilio", (Rate(1, 1.0, 3),))
    arrivals: Arrivals = {}
    assert pass_through(arrivals, [Asked((gate,))] * 5, 100.0) == [0.0, 0.0, 0.0, 1.0, 2.0]
    assert pass_through(arrivals, [Asked((gate,))], 100.5) == [0.5]  # those that waited took nothing


def test_a_closed_sender_holds_up_no_other() -> None:
    one, other = (Gate(key, (Rate(1, 1.0, 1),)) for key in ("+1", "+2"))
    account = Gate("account", (Rate(100, 1.0, 100),))
    asked = [Asked((one, account)), Asked((one, account)), Asked((other, account))]
    assert pass_through({}, asked, 100.0) == [0.0, 1.0, 0.0]


def test_what_a_window_allows_is_never_exceeded_in_any_window_of_that_length() -> None:
    for amount in (1, 2, 17, 100):
        rate = Rate.within(amount, 900.0)
        assert rate.burst + int(900.0 / rate.interval) <= amount
        assert rate.interval <= 1800.0 / amount


def test_shares_add_up_to_the_whole() -> None:
    rate = Rate(9, 1.0, 6)
    share = rate.shared(3)
    assert (3 / share.interval, 3 * share.burst) == (1 / rate.interval, rate.burst)
