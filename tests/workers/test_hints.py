"""A hint reaches exactly the queue that it is for, and a broker that does not answer delays nobody."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest
import redis

from tocsin.broker import DELIVER, FAN_OUT, SWEEP, make_celery, redis_url
from tocsin.domain.channel import ChannelName
from tocsin.embedded.process import running
from tocsin.embedded.valkey import Valkey
from tocsin.services.hint import Hints
from tocsin_up import until

QUEUES = [FAN_OUT, SWEEP, *DELIVER.values()]


def waiting(broker_url: str) -> dict[str, int]:
    """Return how many hints wait in each queue."""
    with redis.Redis.from_url(redis_url(broker_url)) as client:
        lengths = {queue: client.llen(f"tocsin:{queue}") for queue in QUEUES}
    return {queue: length for queue, length in lengths.items() if length}


def test_a_hint_goes_to_its_own_queue_and_to_no_other(broker_url: str) -> None:
    hints = Hints(broker_url)
    hints.fan_out()
    for channel in (ChannelName.EMAIL, ChannelName.EMAIL, ChannelName.STATUS_PAGE):
        hints.deliver(channel)
    hints.close()
    assert waiting(broker_url) == {FAN_OUT: 1, "deliver.email": 2, "deliver.status_page": 1}


def test_one_hint_tells_of_all_that_was_promised_before_it(broker_url: str) -> None:
    hints = Hints(broker_url)
    for _ in range(500):
        hints.fan_out()
    hints.close()
    assert 1 <= waiting(broker_url)[FAN_OUT] < 50


def test_what_is_promised_after_a_hint_went_out_has_a_hint_of_its_own(broker_url: str) -> None:
    hints = Hints(broker_url)
    for number in (1, 2, 3):
        hints.fan_out()
        until(partial(waits, broker_url, number), f"hint {number} has arrived")
    hints.close()


def waits(broker_url: str, number: int) -> bool:
    return waiting(broker_url).get(FAN_OUT) == number


@pytest.mark.parametrize("task", QUEUES)
def test_every_task_is_routed_to_a_queue_of_its_name(broker_url: str, task: str) -> None:
    make_celery(broker_url, publisher=True).send_task(task, ignore_result=True)
    assert waiting(broker_url) == {task: 1}


def test_a_broker_that_is_frozen_holds_up_nobody_who_gives_a_hint(tmp_home: Path) -> None:
    server = Valkey(tmp_home / "broker", tmp_home / "run")
    server.prepare()
    with running(server, tmp_home / "broker.log") as child:
        hints = Hints(server.url)
        hints.fan_out()
        until(lambda: waiting(server.url) == {FAN_OUT: 1}, "the first hint has arrived")
        os.kill(child.pid, signal.SIGSTOP)
        try:
            started = time.thread_time()
            for _ in range(1000):
                hints.fan_out()
            used = time.thread_time() - started  # what this thread did itself; it must not have waited for anything
        finally:
            os.kill(child.pid, signal.SIGCONT)
        hints.close()
    assert used < 1


def test_a_redis_cluster_is_refused_with_what_to_use_instead() -> None:
    with pytest.raises(ValueError, match="one node, or Sentinel"):
        make_celery("redis+cluster://somewhere", publisher=False)
