"""Runs the senders of `baselines/` in an environment of their own, on the database, broker and sink that ours uses."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

from crowd import make_database
from report import Measured
from stage import Stage

HERE = Path(__file__).parent
PYTHON = HERE.parent / ".venv/baselines/bin/python"

SCRIPTS = {
    "Celery, a task does nothing": ("celery_rate.py", "noop"),
    "Celery, a task each, usual": ("celery_rate.py", "usual"),
    "Celery, a task each, its best": ("celery_rate.py", "lean"),
    "django-post-office": ("post_office_rate.py",),
}


def prepare_peers(set_up: Stage) -> dict[str, str]:
    """Make a database for the baselines, and return what they are told in their environment."""
    if not PYTHON.exists():
        raise SystemExit("The baselines are not installed. Type make baselines")
    database = asyncio.run(make_database(set_up.database_url, "baselines"))
    return {
        "PYTHONWARNINGS": "ignore",  # Celery warns of root, and nothing of this is kept
        "PYTHONPATH": f"{HERE}:{HERE / 'baselines'}",
        "BASELINE_DATABASE": database,
        "BASELINE_DATABASE_PID": str(set_up.database.pid),
        "BASELINE_BROKER": set_up.broker_url.replace("virtual_host=0", "virtual_host=1"),
    }


def peer(label: str, environment: dict[str, str], port: int, count: int) -> Measured:
    """Let one of them send `count` mails to the sink on `port`."""
    script, *arguments = SCRIPTS[label]
    command = [str(PYTHON), str(HERE / "baselines" / script), *arguments, str(count)]
    told = subprocess.run(
        command, env={**environment, "BASELINE_SMTP_PORT": str(port)}, stdout=subprocess.PIPE, text=True, check=True
    )
    return Measured(**json.loads(told.stdout.splitlines()[-1]))
