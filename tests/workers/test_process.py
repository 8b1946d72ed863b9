"""A hint is begun and not waited for: a worker that tells a crowd hears of the next incident all the same."""

from __future__ import annotations

import json
import subprocess
import sys

# In a process of its own: the workers' application takes the signals of the process that it is imported in.
_PROGRAM = """
import asyncio, json
from concurrent.futures import Future
from tocsin_workers import process
from tocsin_workers.watch import Signs, Watch
from tocsin_workers.loop import Loop
from tocsin_workers.resources import Resources

seen = []
loop = Loop()
loop.start()
resources = Resources(*[None] * 6)
opened = Future()
process.this.append(process._Process(loop, Watch(loop, Signs(), "", 30.0), opened))

async def crowd(_):
    seen.append("a crowd")
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        seen.append("stopped")

async def page(_):
    seen.append("the page")

async def broken(_):
    raise OSError("no database")

process.work(page)  # the database has not answered: its sweepers will find this
opened.set_result(resources)
for call in (crowd, broken, page):
    process.work(call)
loop.run(asyncio.sleep(0.1))
print(json.dumps([seen, len(resources.begun)]))
"""


def test_a_hint_does_not_wait_for_what_an_earlier_one_began() -> None:
    told = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(told.stdout.splitlines()[-1]) == [["a crowd", "the page"], 1]
    assert "hint.failed" in told.stdout + told.stderr
