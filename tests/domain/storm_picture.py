"""A picture of a storm for the docs: what one endpoint had been sent by when, by a plain sender and by Tocsin."""

from __future__ import annotations

from collections.abc import Sequence

from domain.lives import START
from domain.storm import MINUTES, Storm

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 128, 56, 40
_INK, _PLAIN, _OURS = "#1f2933", "#b7cbe6", "#1d4e89"


def draw(storm: Storm) -> str:
    """Return an SVG of the endpoint that was sent most."""
    busiest = storm.busiest
    top = len(busiest.plain)
    title = f"Messages to the busiest endpoint, {top:,} updates in {MINUTES} minutes"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"',
        ' font-family="sans-serif" role="img">',
        f"<title>{title}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        _text(16, 28, title, 'font-size="16" font-weight="600"'),
    ]
    for count in (0, top // 2, top):
        y = _y(count, top)
        parts += [
            f'<path d="M{_LEFT} {y:.0f}H{_WIDTH - _RIGHT}" stroke="#e4e7eb"/>',
            _text(_LEFT - 8, y + 5, f"{count:,}", 'font-size="13" text-anchor="end"'),
        ]
    parts += [
        _text(_x(minute * 60), _HEIGHT - 14, f"{minute} min", 'font-size="13" text-anchor="middle"')
        for minute in (0, MINUTES // 2, MINUTES)
    ]
    for label, times, colour in (
        ("a plain sender", busiest.plain, _PLAIN),
        ("Tocsin", busiest.while_it_raged, _OURS),
    ):
        parts += [
            f'<path d="{_steps(times, top)}" fill="none" stroke="{colour}" stroke-width="3"/>',
            _text(_WIDTH - _RIGHT + 8, _y(len(times), top) + 1, f"{len(times):,}", 'font-size="14" font-weight="600"'),
            _text(_WIDTH - _RIGHT + 8, _y(len(times), top) + 17, label, 'font-size="13"'),
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(x: float, y: float, words: str, how: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{_INK}" {how}>{words}</text>'


def _x(seconds: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / (MINUTES * 60)


def _y(count: int, top: int) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * count / top


def _steps(times: Sequence[float], top: int) -> str:
    """Return the path of a count that grows by one at each of `times`, with a point each ten seconds."""
    counts = [(second, sum(at - START <= second for at in times)) for second in range(0, MINUTES * 60 + 1, 10)]
    return "M" + "L".join(f"{_x(second):.0f} {_y(count, top):.1f}" for second, count in counts)
