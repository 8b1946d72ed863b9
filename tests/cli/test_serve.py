"""The single processes, as production runs them one by one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tocsin_up import until

COMMAND = (sys.executable, "-m", "tocsin.cli.main")
# The web up to where it would serve: how much of what it holds is collected, and how often?
COLLECTED = """
import gc, sys, uvicorn
from tocsin.cli.main import app

def run(self, sockets=None):
    self.started = True
    walked = sum(len(gc.get_objects(generation)) for generation in range(3))
    print(gc.get_freeze_count() > 20 * walked, gc.get_threshold()[0] > 10_000)

uvicorn.Server.run = run
sys.argv = ["tocsin", "web", "--port", "0"]
app()
"""


def _environment(home: Path, database_url: str, broker_url: str) -> dict[str, str]:
    mine = {"TOCSIN_HOME": str(home), "TOCSIN_DATABASE_URL": database_url, "TOCSIN_BROKER_URL": broker_url}
    return {**os.environ, **mine, "TOCSIN_SECRET": "a secret of the tests, long enough"}


def test_fan_out_and_delivery_are_refused_in_one_worker(tmp_home: Path, database_url: str, broker_url: str) -> None:
    run = subprocess.run(
        [*COMMAND, "worker", "-Q", "fan_out,deliver.email"],
        env=_environment(tmp_home, database_url, broker_url),
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "would wait for each other" in run.stderr


def test_a_worker_on_no_queue_in_particular_is_one_for_each_kind_of_work(
    tmp_home: Path, database_url: str, broker_url: str
) -> None:
    output = tmp_home / "output"
    environment = _environment(tmp_home, database_url, broker_url)
    with (
        output.open("wb") as written,
        subprocess.Popen([*COMMAND, "worker"], env=environment, stdout=written, stderr=written) as worker,
    ):
        until(lambda: output.read_text().count("worker.started") == 3, "three processes work", seconds=90)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0
    lines = [line for line in output.read_text().splitlines() if "worker.started" in line]
    assert sum("fan_out" in line for line in lines) == 1
    assert not any("fan_out" in line and "deliver.email" in line for line in lines)


def test_migrating_says_so_and_needs_a_database(tmp_home: Path, database_url: str, broker_url: str) -> None:
    environment = _environment(tmp_home, database_url, broker_url)
    run = subprocess.run([*COMMAND, "migrate"], env=environment, check=False, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "The database has the newest schema.\n")
    without = {**environment, "TOCSIN_DATABASE_URL": ""}
    run = subprocess.run([*COMMAND, "migrate"], env=without, check=False, capture_output=True, text=True)
    assert run.returncode == 1
    assert "Set TOCSIN_DATABASE_URL" in run.stderr


def test_the_web_leaves_what_it_began_with_out_of_every_collection(tmp_home: Path) -> None:
    nowhere = _environment(tmp_home, "postgresql://nobody@127.0.0.1:9/x", "redis://127.0.0.1:9")
    run = subprocess.run([sys.executable, "-c", COLLECTED], env=nowhere, check=False, capture_output=True, text=True)
    assert run.stdout.split() == ["True", "True"], run.stderr
