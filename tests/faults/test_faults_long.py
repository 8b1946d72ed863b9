"""Every fault as long as it would take in a bad night, one after the other; leaves docs/faults.md behind."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from faults.catalogue import FAULTS
from faults.report import STEPS, Line, write
from faults.scale import LONG
from faults.stage import stage_of
from faults.trial import assert_survived, line_of, suffer


@pytest.mark.faults
def test_every_fault_in_its_long_form() -> None:
    lines, began_at = list(STEPS), time.monotonic()
    with stage_of(LONG) as stage:
        for fault in FAULTS:
            line = Line(fault.number, fault.name)
            try:
                trial = suffer(stage, fault)
                line = line_of(trial)
                assert_survived(trial)
            except AssertionError as error:
                line = replace(line, failed=" ".join(str(error).split())[:200] or "it cost what it must not")
            print(line)  # noqa: T201 - who waits for minutes wants to see it go on
            lines.append(line)
    lines.sort(key=lambda line: line.number)
    write(lines, LONG, (time.monotonic() - began_at) / 60)
    assert [f"{line.name}: {line.failed}" for line in lines if line.failed] == []
