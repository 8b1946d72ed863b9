"""The Celery application of the workers: `celery -A tocsin_workers.app worker -Q …`."""

from __future__ import annotations

from tocsin import settings
from tocsin.broker import make_celery
from tocsin.domain.channel import ChannelName

app = make_celery(settings.load().broker_url, publisher=False)
app.conf.imports = [f"tocsin_workers.{module}" for module in ("process", "fan_out", "sweep", *ChannelName)]
