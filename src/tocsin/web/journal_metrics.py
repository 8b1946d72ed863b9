"""Shows how workers' journals are: whether each is kept and how large it is, and what was ever recovered from one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from tocsin.store.journals import Kept

# Whoever has told nothing for so long is gone; each worker tells every half minute.
TOLD_SECONDS: Final = 100.0


def show_journals(registry: CollectorRegistry, kept: Sequence[Kept], answers: Mapping[str, int]) -> None:
    """Add what is known of journals to `registry`; workers that are to keep none are not among them."""
    is_kept = Gauge(
        "tocsin_journal_kept", "1 where a worker's journal can be written, else 0.", ("worker",), registry=registry
    )
    size = Gauge("tocsin_journal_bytes", "What a worker's journal holds.", ("worker",), registry=registry)
    for one in kept:
        is_kept.labels(one.worker).set(one.is_kept)
        size.labels(one.worker).set(one.bytes)
    registry.register(_Recovered(answers))


class _Recovered(Collector):
    """A counter that is the database's."""

    def __init__(self, answers: Mapping[str, int]) -> None:
        self._answers = answers

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "tocsin_journal_answers", "Answers recovered from the journals of dead workers.", labels=("channel",)
        )
        for channel, n in self._answers.items():
            family.add_metric([channel], n)
        yield family
