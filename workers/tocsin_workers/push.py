"""The hint that browsers are owed something."""

from __future__ import annotations

from tocsin.broker import DELIVER
from tocsin.domain.channel import ChannelName
from tocsin_workers.app import app
from tocsin_workers.process import work


@app.task(name=DELIVER[ChannelName.PUSH])
def deliver_push() -> None:
    work(lambda resources: resources.deliver(ChannelName.PUSH))
