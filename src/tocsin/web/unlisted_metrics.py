"""Shows Prometheus the codes that no table of ours has, so that an alert can name them on their first day."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from tocsin.store.unlisted import Seen


def show_unlisted(registry: CollectorRegistry, strange: Sequence[Seen]) -> None:
    """Show each code with how often it came."""
    codes = Gauge(
        "tocsin_unlisted_codes", "How often a code came that no table of ours has, of those of the last week.",
        ("channel", "provider", "code"), registry=registry,
    )  # fmt: skip
    for one in strange:
        codes.labels(one.channel, one.provider, one.code).set(one.n)
