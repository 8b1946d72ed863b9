"""`tocsin worker` on all queues: the workers of `tocsin up` alone, kept alive until they are asked to stop."""

from __future__ import annotations

import structlog

from tocsin.cli.parts import workers
from tocsin.embedded.signals import Signals, StopAsked
from tocsin.embedded.tree import Tree

log = structlog.get_logger()


def keep_workers() -> None:
    """Run them in the foreground, their logs with ours."""
    signals = Signals()
    tree = Tree(None, lambda line: log.warning("worker.kept", what=line))
    try:
        for worker in workers({}):
            tree.start(worker)
        signals.begin_waiting()
        while not signals.stop_asked:
            tree.look()
            signals.wait(0.5)
    except StopAsked:
        pass
    finally:
        signals.ignore()
        tree.stop()
