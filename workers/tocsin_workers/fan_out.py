"""The hint that the outbox holds a promise."""

from __future__ import annotations

from tocsin.broker import FAN_OUT
from tocsin_workers.app import app
from tocsin_workers.process import work


@app.task(name=FAN_OUT)
def fan_out() -> None:
    work(lambda resources: resources.fan_out())
