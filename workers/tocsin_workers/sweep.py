"""The hint to keep the house now rather than at the next full minute."""

from __future__ import annotations

from tocsin.broker import SWEEP
from tocsin.services.sweep import keep_house
from tocsin_workers.app import app
from tocsin_workers.process import work


@app.task(name=SWEEP)
def sweep() -> None:
    work(lambda resources: keep_house(resources.pool, resources.settings.webhook.disable_after_hours))
