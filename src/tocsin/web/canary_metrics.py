"""Shows how long canaries take: the last one of each channel, a day's, and a histogram of all there have been."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import inf
from operator import attrgetter

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tocsin.store.canaries import BUCKETS, Counted, Flight


def show_canaries(registry: CollectorRegistry, flights: Sequence[Flight], flown: Sequence[Counted]) -> None:
    """Add what is known of canaries to `registry`."""
    seconds = Gauge(
        "tocsin_canary_seconds", "From the promise of a canary to its provider's word: the last, and what 95 % of a "
        "day stayed below.", ("channel", "of"), registry=registry,
    )  # fmt: skip
    age = Gauge("tocsin_canary_age_seconds", "How long ago a provider last took one.", ("channel",), registry=registry)
    for one in flights:
        if one.seconds is not None and one.p95 is not None:
            seconds.labels(one.channel, "last").set(one.seconds)
            seconds.labels(one.channel, "p95_day").set(one.p95)
        age.labels(one.channel).set(one.age)
    registry.register(_Flown(flown))


class _Flown(Collector):
    """A histogram whose counts are the database's: all processes show the same, and no restart begins it anew."""

    def __init__(self, flown: Sequence[Counted]) -> None:
        self._flown = flown

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "tocsin_canary_flight_seconds", "From the promise of a canary to its provider's word.", labels=("channel",)
        )
        for channel, counts in groupby(self._flown, key=attrgetter("channel")):
            found = {one.at_most: one for one in counts}
            buckets: list[tuple[str, float]] = []
            for most in BUCKETS:
                n = sum(one.n for one in found.values() if one.at_most <= most)
                buckets.append(("+Inf" if most == inf else str(most), float(n)))
            family.add_metric([channel], buckets, sum(one.seconds for one in found.values()))
        yield family
