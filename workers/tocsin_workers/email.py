"""The hint that e-mail is owed something."""

from __future__ import annotations

from tocsin.broker import DELIVER
from tocsin.domain.channel import ChannelName
from tocsin_workers.app import app
from tocsin_workers.process import loop, resources


@app.task(name=DELIVER[ChannelName.EMAIL])
def deliver_email() -> None:
    loop.run(resources().deliver(ChannelName.EMAIL))
