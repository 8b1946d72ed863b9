"""What a benchmark leaves behind: its rounds as JSON, and a picture of their rates for the docs."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
_WIDTH, _ROW, _LEFT, _TOP = 720, 44, 210, 48
_TEXT = 'font-size="14" fill="#1f2933"'


def keep(name: str, rounds: Sequence[Mapping[str, float]], facts: Mapping[str, object]) -> Path:
    """Write `results/<name>.json`: every round, and what it was measured on."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    measured = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "python": platform.python_version(), **facts}
    path.write_text(json.dumps({"measured": measured, "rounds": list(rounds)}, indent=1) + "\n")
    return path


def draw(name: str, title: str, rates: Mapping[str, Sequence[float]], unit: str) -> Path:
    """Write `results/<name>.svg`: a bar for each median, a dot for each round."""
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
            f'<text x="{end}" y="{middle + 5}" {_TEXT}>{median:,.0f} {escape(unit)}</text>',
        ]
    path = RESULTS / f"{name}.svg"
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
    return path
