"""Workers that can be told to stand still: the workers' Celery application, with hooks that only tests install."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

from celery.signals import worker_process_init

from tocsin_workers import process
from tocsin_workers.app import app

__all__ = ["app"]

_FOLDER = Path(os.environ["STALLING_FOLDER"])
PIDS, DO = _FOLDER / "pids", _FOLDER / "do"


async def _hang_the_pool() -> None:
    pool = process.this[0].resources.result().pool
    for _ in range(pool.get_max_size()):
        await pool.acquire()
    await asyncio.Event().wait()


def _obey() -> None:
    """Do once what is written into the folder."""
    loop = process.this[0].loop
    process.this[0].resources.result()
    with PIDS.open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    while not DO.exists():
        time.sleep(0.02)
    what = DO.read_text()
    DO.unlink()
    if what == "block the loop":
        loop.call(lambda: time.sleep(1000))
    else:
        loop.begin(_hang_the_pool())


@worker_process_init.connect
def install(**_: object) -> None:
    threading.Thread(target=_obey, daemon=True).start()
