"""What a benchmark leaves behind: a table, its rounds as JSON, and a picture of their rates for the docs."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from types import MappingProxyType

RESULTS = Path(__file__).parent / "results"
_WIDTH, _ROW, _LEFT, _TOP = 720, 44, 230, 48
_LARGE = 20
_TEXT = 'font-size="14" fill="#1f2933"'


@dataclass(frozen=True, slots=True)
class Measured:
    """What one round of one contender came to: units a second, processor time of a unit in us, memory in MB.

    `cpu_us` is the sender's own, `database_us` that of PostgreSQL; 0 where there is none, or where it is not counted.
    """

    per_second: float
    cpu_us: float = 0.0
    database_us: float = 0.0
    memory_mb: float = 0.0


def compare(
    name: str, title: str, rounds: Sequence[Mapping[str, Measured]], facts: Mapping[str, object], unit: str = "/s"
) -> dict[str, float]:
    """Print, keep and draw the rounds of several contenders; return the first one's median ratio to each other.

    Ratios are taken within a round.
    """
    first = next(iter(rounds[0]))
    ratios: dict[str, float] = {}
    print(f"\n{title}")
    print(f"{'':34} {'median':>9} {'[least-most]':>19}  {'ratio':>20}  {'CPU us':>7} {'DB us':>6} {'MB':>5}")
    for label in rounds[0]:
        taken = [one[label] for one in rounds]
        each = [one[first].per_second / one[label].per_second for one in rounds]
        ratios[label] = statistics.median(each)
        ratio = "" if label == first else f"{ratios[label]:.2f} [{min(each):.2f}-{max(each):.2f}]"
        rates = [one.per_second for one in taken]
        spread = f"[{min(rates):,.0f}-{max(rates):,.0f}]"
        cpu, database = statistics.median(o.cpu_us for o in taken), statistics.median(o.database_us for o in taken)
        print(
            f"{label:34} {statistics.median(rates):7,.0f}{unit} {spread:>19}  {ratio:>20}  "
            f"{cpu:7,.0f} {database:6,.0f} {max(o.memory_mb for o in taken):5,.0f}",
            flush=True,
        )
    keep(name, [{label: asdict(one[label]) for label in one} for one in rounds], {**facts, "ratios": ratios})
    draw(name, title, {label: [one[label].per_second for one in rounds] for label in rounds[0]}, unit)
    return ratios


def keep(name: str, rounds: Sequence[Mapping[str, object]], facts: Mapping[str, object]) -> Path:
    """Write `results/<name>.json`: every round, and what it was measured on."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    measured = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **machine, **facts}
    path.write_text(json.dumps({"measured": measured, "rounds": list(rounds)}, indent=1) + "\n")
    return path


def draw(
    name: str,
    title: str,
    rates: Mapping[str, Sequence[float]],
    unit: str,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """Write `results/<name>.svg`: a bar for each median, a dot for each round; `notes` say more than the median."""
    RESULTS.mkdir(exist_ok=True)
    most = max(max(values) for values in rates.values())
    height = _TOP + _ROW * len(rates) + 16
    scale = (_WIDTH - _LEFT - 120) / most
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="16" y="28" font-size="16" font-weight="600" fill="#1f2933">{escape(title)}</text>',
    ]
    for number, (label, values) in enumerate(rates.items()):
        middle = _TOP + _ROW * number + _ROW // 2
        median = statistics.median(values)
        length = median * scale
        end = round(_LEFT + max(values) * scale + 12)
        parts += [
            f'<text x="{_LEFT - 12}" y="{middle + 5}" text-anchor="end" {_TEXT}>{escape(label)}</text>',
            f'<rect x="{_LEFT}" y="{middle - 10}" width="{length:.0f}" height="20" rx="3" fill="#b7cbe6"/>',
            *(f'<circle cx="{_LEFT + v * scale:.0f}" cy="{middle}" r="4" fill="#1d4e89"/>' for v in values),
            f'<text x="{end}" y="{middle + 5}" {_TEXT}>{escape(notes.get(label) or f"{_short(median)} {unit}")}</text>',
        ]
    path = RESULTS / f"{name}.svg"
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
    return path


def _short(value: float) -> str:
    """Write a number with as many places as tell something."""
    return f"{value:,.0f}" if value >= _LARGE else f"{value:.2f}"
