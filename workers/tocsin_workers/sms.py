"""The hint that text messages are owed something."""

from __future__ import annotations

from tocsin.broker import DELIVER
from tocsin.domain.channel import ChannelName
from tocsin_workers.app import app
from tocsin_workers.process import work


@app.task(name=DELIVER[ChannelName.SMS])
def deliver_sms() -> None:
    work(lambda resources: resources.deliver(ChannelName.SMS))
