"""The judge of faults sees each thing that must not be: a judge that sees nothing would find every fault survived."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from faults.heard import Heard
from faults.verdict import Verdict, judge_all

ANN, BEN = ("email", "ann@example.com"), ("sms", "+14155552000")
OWED = {"email": frozenset({ANN[1]}), "sms": frozenset({BEN[1]})}


def judged(*told: tuple[tuple[str, str], int], unknowns: Mapping[tuple[str, str, int], int] | None = None) -> Verdict:
    """Judge what was told in this order, a second apart; the fault was over after the second message."""
    found = [Heard(*who, version, float(at)) for at, (who, version) in enumerate(told, 1)]
    return judge_all(OWED, found, unknowns or {}, newest=2, cleared=2.0)


def test_who_heard_every_version_once_is_well_told() -> None:
    verdict = judged((ANN, 1), (BEN, 1), (ANN, 2), (BEN, 2))
    assert verdict == Verdict(4, [], [], [], 0, [], 0, 2.0)


def test_who_heard_only_the_newest_is_well_told() -> None:
    assert judged((ANN, 2), (BEN, 1), (BEN, 2)).lost == []


def test_who_did_not_hear_the_newest_is_lost() -> None:
    assert judged((ANN, 1), (BEN, 1), (ANN, 2)).lost == [BEN]
    assert judged((ANN, 1), (ANN, 2)).lost == [BEN]


def test_an_older_version_after_a_newer_one_goes_backwards() -> None:
    assert judged((ANN, 2), (ANN, 1), (BEN, 2)).backwards == [ANN]


@pytest.mark.parametrize(("unknowns", "unlabelled", "labelled"), [(0, [ANN], 0), (1, [], 1), (2, [], 1)])
def test_a_copy_needs_a_label_of_its_own_version(unknowns: int, unlabelled: list[object], labelled: int) -> None:
    verdict = judged((ANN, 1), (ANN, 1), (ANN, 2), (BEN, 2), unknowns={(*ANN, 1): unknowns})
    assert verdict.unlabelled == unlabelled
    assert verdict.copies_labelled == labelled
    assert judged((ANN, 1), (ANN, 1), (ANN, 2), (BEN, 2), unknowns={(*ANN, 2): 1}).unlabelled == [ANN]


def test_two_copies_need_two_labels() -> None:
    verdict = judged((ANN, 2), (ANN, 2), (ANN, 2), (BEN, 2), unknowns={(*ANN, 2): 1})
    assert verdict.unlabelled == [ANN]


def test_whoever_was_never_owed_anything_is_a_stranger() -> None:
    assert judged((ANN, 2), (BEN, 2), (("email", "eve@example.com"), 2)).strangers == [("email", "eve@example.com")]
