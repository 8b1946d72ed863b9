"""The Celery application of the workers: `celery -A tocsin_workers.app worker -Q …`."""

from __future__ import annotations

from tocsin import settings
from tocsin.broker import make_celery

app = make_celery(settings.load().broker_url, publisher=False)
app.conf.imports = ["tocsin_workers.process", "tocsin_workers.fan_out", "tocsin_workers.sweep", "tocsin_workers.email",
                    "tocsin_workers.status_page"]  # fmt: skip
