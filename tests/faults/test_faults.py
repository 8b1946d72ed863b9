"""Every fault in its quick form: real processes, one home that suffers them all, the providers' records as judge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.catalogue import FAULTS, Fault
from faults.scale import QUICK
from faults.stage import Stage, stage_of
from faults.trial import assert_survived, suffer


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with stage_of(QUICK) as made:
        yield made


@pytest.mark.timeout(240)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.number}-{fault.act.__name__}")
def test_a_fault_loses_nothing_and_doubles_nothing_unlabelled(stage: Stage, fault: Fault) -> None:
    assert_survived(suffer(stage, fault))
