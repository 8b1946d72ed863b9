"""Faults of the broker, which carries hints alone: whatever becomes of it costs seconds, and not one copy."""

from __future__ import annotations

import os
import signal
import time

from faults.act import Act

_LONGEST_P99 = 1.5  # seconds, as promised


def flush(act: Act) -> None:
    """Forget all that the broker holds, in the middle."""
    act.slow_mail()
    act.open()
    act.in_flight()
    act.stage.flush_broker()
    act.struck()
    act.cleared()
    act.settle()


def stay_down(act: Act) -> None:
    """Open an incident with no broker there: all of it goes out meanwhile."""
    stage = act.stage
    stage.stop_broker()
    down_at = time.monotonic()
    act.open()
    act.settle()
    act.figures["seconds until all was told without a broker"] = time.monotonic() - down_at
    time.sleep(max(0.0, stage.scale.broker_down - (time.monotonic() - down_at)))
    stage.start_broker()
    act.say()
    act.cleared()
    act.settle()


def freeze(act: Act) -> None:
    """Stop the broker so that it neither answers nor hangs up, and post to the API all the while."""
    stage = act.stage
    stage.broker.send_signal(signal.SIGSTOP)
    seconds: list[float] = []
    frozen_at = time.monotonic()
    try:
        act.open()
        for number in range(stage.scale.posts_while_frozen):
            began = time.monotonic()
            # Nobody is told of these: what is asked here is how long whoever posts has to wait.
            answer = stage.client.post("/v1/incidents", json={**act.said(number), "notify": False})
            seconds.append(time.monotonic() - began)
            assert answer.status_code == 202, answer.text
        act.settle()
        time.sleep(max(0.0, stage.scale.frozen - (time.monotonic() - frozen_at)))
    finally:
        stage.broker.send_signal(signal.SIGCONT)
    act.figures["p99 of intake in seconds"] = p99 = sorted(seconds)[int(len(seconds) * 0.99)]
    assert p99 < _LONGEST_P99
    act.say()
    act.cleared()
    act.settle()


def kill_again_and_again(act: Act) -> None:
    """Kill the broker and start it again, many times in one blast."""
    stage = act.stage
    act.slow_mail()
    act.open()
    act.in_flight(0.02)
    for _ in range(stage.scale.broker_kills):
        os.kill(stage.broker.pid, signal.SIGKILL)
        stage.broker.wait(10)
        stage.start_broker()
    act.struck()
    act.figures["kills"] = stage.scale.broker_kills
    act.cleared()
    act.settle()
