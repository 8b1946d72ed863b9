"""One short life for each fault that the rule could have: the rule leads it well, and the fault shows in it at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from domain import mutants
from domain.lives import START
from domain.small_ledger import Answer, Endpoint, Ledger, Sent
from tocsin.domain import tell, waiting
from tocsin.domain.channel import OnUnknown
from tocsin.domain.flood import Lanes, Tier, Waits
from tocsin.domain.incident import Severity, Standing, Status
from tocsin.domain.outline import Rules

NORMAL = (Tier(3, 120.0), Tier(12, 1800.0))
RULES = Rules(
    Lanes(NORMAL, (Tier(4, 30.0), Tier(15, 600.0))),
    Waits(5.0, 0.0, 30.0),
    Severity.SEV1,
    merges=True,
    on_unknown=OnUnknown.RESEND_ONCE,
)
OPEN, MOVED = Standing(Status.INVESTIGATING, Severity.SEV3), Standing(Status.IDENTIFIED, Severity.SEV3)
GRAVE, OVER = Standing(Status.IDENTIFIED, Severity.SEV1), Standing(Status.RESOLVED, Severity.SEV3)
Mutant = Callable[[pytest.MonkeyPatch], dict[str, Any]]
Life = Callable[..., bool]


def lead(*events: tuple[float, int, Standing], timing: str | None = None, **how: Any) -> list[Sent]:
    """Return what one endpoint hears of changes at seconds after the start, by a day later."""
    ledger = Ledger(RULES, lambda _endpoint, _again: Answer.TAKEN, **how)
    ledger.endpoints.append(Endpoint(0, timing))
    for at, incident, standing in events:
        ledger.run(START + at)
        ledger.publish(incident, standing, START + at)
    ledger.run(START + 86_400.0)
    return ledger.log


def stands(log: list[Sent]) -> dict[int, bool]:
    """Return of each incident whether it was open by what was last said."""
    return {told.incident: told.is_open for sent in log for told in sent.told}


def an_end_comes_though_the_lane_is_shut(**how: Any) -> bool:
    log = lead((0, 0, OPEN), (40, 1, OPEN), (80, 2, OPEN), (112, 0, OVER), **how)
    return stands(log)[0] is False


def six_minutes_have_no_edge_where_more_goes_through(**how: Any) -> bool:
    # The clock's own six minutes end in the middle of this.
    events = [(200.0 + 40 * number, number, OPEN) for number in range(9)]
    return sum(start.at < START + 500 for start in lead(*events, **how)) <= 3 + 300 // 120


def who_is_told_every_half_minute_that_something_moves_hears_of_it(**how: Any) -> bool:
    log = lead((0, 0, OPEN), *((float(at), 0, MOVED) for at in range(5, 300, 20)), **how)
    return log[1].at <= START + 5 + RULES.waits.routine + 1


def what_got_grave_is_told_though_small_news_filled_the_lane(**how: Any) -> bool:
    log = lead((0, 0, OPEN), *((float(at), 1 + at, OPEN) for at in range(40, 400, 40)), (400, 0, GRAVE), **how)
    return any(told.urgent_since is not None and sent.at <= START + 410 for sent in log for told in sent.told)


def the_night_ends(**how: Any) -> bool:
    midnight, days = datetime.fromtimestamp(START, UTC), ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    quiet = {"days": days, "from": f"{midnight:%H:00}", "to": f"{(midnight.hour + 7) % 24:02}:00"}
    timing = {"mode": None, "digest_at": None, "quiet_hours": [quiet], "sev1_breaks_quiet": True}
    ends = midnight.replace(minute=0, second=0).timestamp() + 7 * 3600
    return [sent.at for sent in lead((60, 0, OPEN), timing=json.dumps(timing), **how)] == [ends]


def one_change_is_one_message(**how: Any) -> bool:
    return len(lead((0, 0, OPEN), **how)) == 1


def both_that_one_message_told_of_are_ended(**how: Any) -> bool:
    opened = [(0.0, 0, OPEN), (1.0, 1, OPEN), (2.0, 2, OPEN)]
    return stands(lead(*opened, (600, 0, OVER), (601, 1, OVER), (602, 2, OVER), **how)) == dict.fromkeys(
        range(3), False
    )


def who_opted_out_hears_nothing_of_what_was_waiting(**how: Any) -> bool:
    ledger = Ledger(RULES, lambda _endpoint, _again: Answer.TAKEN, **how)
    ledger.endpoints.append(Endpoint(0))
    for at, incident in ((0, 0), (1, 1)):
        ledger.run(START + at)
        ledger.publish(incident, OPEN, START + at)
    ledger.run(START + 2)
    ledger.endpoints[0].state = "opted_out"
    ledger.run(START + 86_400.0)
    return [told.incident for sent in ledger.log for told in sent.told] == [0]


def _rule(decide: object) -> Mutant:
    def put_in(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setattr(tell, "decide", decide)
        return {}

    return put_in


def _windows(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    mutants.count_in_windows(monkeypatch)
    return {}


def _endless(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(waiting, "held", mutants.endless)
    return {}


def _forgetful(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(tell, "told_after", mutants.forgetful)
    return {}


FAULTS: list[tuple[Life, Mutant]] = [
    (an_end_comes_though_the_lane_is_shut, _rule(mutants.drops)),
    (six_minutes_have_no_edge_where_more_goes_through, _windows),
    (who_is_told_every_half_minute_that_something_moves_hears_of_it, _rule(mutants.pushed_out)),
    (what_got_grave_is_told_though_small_news_filled_the_lane, _rule(mutants.no_reserve)),
    (the_night_ends, _endless),
    (one_change_is_one_message, lambda _: {"workers": 2}),
    (both_that_one_message_told_of_are_ended, _forgetful),
    (who_opted_out_hears_nothing_of_what_was_waiting, lambda _: {"plan": mutants.deaf}),
]


@pytest.mark.parametrize("life", [life for life, _ in FAULTS])
def test_the_rule_leads_it_well(life: Life) -> None:
    assert life()


@pytest.mark.parametrize(("life", "mutant"), FAULTS)
def test_its_fault_shows(life: Life, mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not life(**mutant(monkeypatch))
