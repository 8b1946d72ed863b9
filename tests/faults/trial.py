"""Puts the stage through one fault, ends its incident, and says what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

from faults.act import Act
from faults.catalogue import Fault
from faults.report import Line
from faults.stage import Stage
from faults.verdict import Verdict
from tocsin_up import until


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault that was suffered; `within` are the seconds that its recovery may take."""

    fault: Fault
    people: int
    verdict: Verdict
    within: float
    figures: Mapping[str, float]
    expected_copies: int | None


def suffer(stage: Stage, fault: Fault) -> Trial:
    """Let one fault strike in an incident of its own, and end the incident."""
    until(stage.up.is_ready, "it is ready")
    stage.proxies.pass_all()
    act = Act(stage, f"Fault {fault.number} {uuid4().hex[:8]}")
    fault.act(act)
    recovery = act.judge().recovery
    act.close()
    verdict = replace(act.judge(), recovery=recovery)  # the end of the incident is no part of it
    return Trial(
        fault, sum(map(len, stage.kept.values())), verdict, fault.within(stage.scale), act.figures, act.expected_copies
    )


def assert_survived(trial: Trial) -> None:
    verdict = trial.verdict
    print(trial.fault.name, trial.figures, verdict)  # noqa: T201 - shown with -s, and with a failure
    assert not verdict.lost
    assert not verdict.strangers
    assert not verdict.backwards
    assert not verdict.unlabelled
    assert trial.fault.doubts or not verdict.labels, "what is labelled was in no doubt"
    assert trial.expected_copies in {None, verdict.copies_labelled}
    assert verdict.recovery <= trial.within


def line_of(trial: Trial) -> Line:
    """Return what the table shows of a trial."""
    verdict = trial.verdict
    return Line(
        number=trial.fault.number,
        name=trial.fault.name,
        owed=verdict.owed,
        lost=len(verdict.lost),
        backwards=len(verdict.backwards),
        copies_labelled=verdict.copies_labelled,
        copies_unlabelled=len(verdict.unlabelled),
        labels=verdict.labels,
        recovery=verdict.recovery,
        within=trial.within,
        figures=trial.figures,
    )
