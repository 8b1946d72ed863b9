"""What processes cost: the processor time and memory of one and its descendants, as Linux counts them in /proc."""

from __future__ import annotations

import os
import resource
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and all its descendants, those that ended included, in seconds."""
    return sum(_own_cpu(each) for each in _tree(pid))


def peak_memory_mb(pid: int) -> float:
    """Return the largest peak of resident memory among a process and its descendants."""
    return max(_status(each, "VmHWM") for each in _tree(pid))


def private_memory_mb(pid: int) -> float:
    """Return the most memory that one of a process and its descendants has to itself now, without what is shared."""
    return max(_status(each, "RssAnon") for each in _tree(pid))


def own_cpu() -> float:
    """Return this process's own processor time and that of its ended children, in seconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def own_peak_memory_mb() -> float:
    """Return the largest peak of resident memory among this process and its ended children."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def _tree(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        try:
            found += [int(child) for child in Path(f"/proc/{each}/task/{each}/children").read_text().split()]
        except OSError:
            continue
    return found


def _status(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), default=0.0)


def _own_cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # Its own time in user and system mode, and that of the children it has waited for.
    return sum(map(int, fields[11:15])) / CLOCK_TICKS
