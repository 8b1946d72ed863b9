"""What the long form of the faults leaves behind: docs/faults.md, of the run itself, whatever came of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from faults.scale import Scale

PAGE: Final = Path(__file__).parents[2] / "docs" / "faults.md"
_HEADS: Final = (
    "no.",
    "fault",
    "deliveries owed",
    "lost",
    "out of order",
    "heard twice, labelled",
    "not labelled",
    "labels in all",
    "seconds to recovery",
    "allowed",
    "what else was seen",
)
_BEFORE: Final = """\
# What faults cost

Written by `make faults`, which does to one home of real processes what nobody wants to happen to theirs, one fault
after the other and each in the middle of an incident of its own, with load. Before every provider stands a proxy that
delays, swallows and cuts; the broker and the providers are frozen, killed and starved. `make test` runs the same faults
smaller.

The judge is what the practice providers have on record, message by message. Of the ledger it takes one thing: whether a
message is labelled, that is, whether it says that its outcome was unknown.

- **owed**: each address is owed every version of the fault's incident, its beginning and its end among them.
- **lost**: addresses that did not hear the newest version. **Out of order**: heard an older version after a newer one.
- **heard twice**: by a crash or a cut in the moment between a provider's yes and our record. More than once more, or
  without a label, is a defect; so is a label where nothing was in doubt.
- **seconds to recovery**: from the end of the fault to the last address that heard for the first time. Promised are
  10 s after a lost hint or a broker's return, a lease (15 s) and 5 s after a killed worker.

"""
_AFTER: Final = """
What is not covered, or less than it sounds:

- A full disk is a limit on the size of files (RLIMIT_FSIZE) on processes that run: what writes a new or a growing file
  fails, with EFBIG in place of ENOSPC. What overwrites in place does not.
- Minutes that a message waits on purpose (a doubt, a retry) are skipped by shifting the database's clock.
- A clock that is an hour off is Python's (`time.time`, `datetime.now`); the kernel's own is not moved.
- A worker that is frozen past its lease begins nothing more when it wakes. What it had begun before, a mail a
  connection at most, may still arrive after something newer.
- A carrier that swallows texts is asked what it has two minutes later, which Twilio tells. Where a carrier tells nobody
  (Vonage), or swallows posts to chat, a second one that is swallowed counts as accepted and is not heard.
- All of it runs on one machine: no network between hosts was cut, and no machine lost its power.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One fault as the table shows it; `failed` says what went wrong, "" where nothing did."""

    number: int
    name: str
    owed: int = 0
    lost: int = 0
    backwards: int = 0
    copies_labelled: int = 0
    copies_unlabelled: int = 0
    labels: int = 0
    recovery: float | None = None
    within: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    failed: str = ""


# What dying after each step left behind, when test_every_step.py ran before.
STEPS: Final[list[Line]] = []


def write(lines: Sequence[Line], scale: Scale, minutes: float) -> None:
    """Write the page."""
    load = (
        f"This run took {minutes:.0f} minutes on {os.cpu_count()} cores, with {scale.people:,} addresses for mail and "
        f"{scale.few} on each of SMS, webhooks and chat; a lease was {scale.lease:g} s. The broker was down for "
        f"{scale.broker_down:g} s and frozen for {scale.frozen:g} s, the mail server hung for {scale.hanging:g} s, and "
        f"the carrier of texts asked for {scale.retry_after} s.\n\n"
        f"In all {_sum(lines, 'owed'):,} deliveries were owed and {_sum(lines, 'lost')} lost; "
        f"{_sum(lines, 'copies_labelled'):,} were heard twice and labelled, {_sum(lines, 'copies_unlabelled')} heard "
        "twice and not.\n\n"
    )
    table = [f"| {' | '.join(_HEADS)} |", "|---:|---|" + "---:|" * 8 + "---|", *(_row(line) for line in lines)]
    PAGE.write_text(_BEFORE + load + "\n".join(table) + "\n" + _AFTER)


def _sum(lines: Sequence[Line], what: str) -> int:
    return sum(getattr(line, what) for line in lines)


def _shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _row(line: Line) -> str:
    seen = ", ".join(f"{name}: {_shown(value)}" for name, value in line.figures.items())
    cells = (
        str(line.number),
        line.name,
        f"{line.owed:,}",
        str(line.lost),
        str(line.backwards),
        f"{line.copies_labelled:,}",
        str(line.copies_unlabelled),
        f"{line.labels:,}",
        "" if line.recovery is None else f"{line.recovery:.1f}",
        "" if line.within is None else f"{line.within:g}",
        f"**{line.failed}**" if line.failed else seen,
    )
    return f"| {' | '.join(cells)} |"
