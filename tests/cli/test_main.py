"""The command explains itself quickly, and what went wrong in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import COMMANDS, commands


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_that_is_listed_is_there(name: str) -> None:
    told = CliRunner().invoke(commands(name), [name, "--help"])
    assert told.exit_code == 0, told.output
    assert "Usage:" in told.output


def test_help_names_all_commands() -> None:
    told = CliRunner().invoke(commands(""), ["--help"])
    assert told.exit_code == 0
    for name in COMMANDS:
        assert f" {name} " in told.output


def test_help_imports_nothing_slow() -> None:
    program = "import sys, tocsin.cli.main as main; main.commands(''); print(*sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {"sqlalchemy", "celery", "fastapi", "pydantic", "redis"}.intersection(imported)


def test_a_broken_setting_is_told_without_a_traceback() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tocsin.cli.main", "up"],
        env={**os.environ, "TOCSIN_WEB__PORT": "many"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("tocsin: ")
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TOCSIN_EMAIL__SMTP_URL", "smtp://joe:pa/ss@mail.example", "The SMTP server is named like "),
        (
            "TOCSIN_CANARY__SMS",
            "0800",
            "canary.sms ('0800') cannot be written to. This is no phone number. Write",
        ),
    ],
)
def test_up_does_not_begin_what_its_web_and_workers_would_fail_at_without_end(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tocsin.cli.main", "up", "--port", "0", "--home", str(tmp_path / "home")],
        env={**os.environ, name: value},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert run.stderr.startswith(f"tocsin: {says}")
    assert not (tmp_path / "home").exists()


def test_doctor_names_a_canary_that_cannot_be_written_to_also_without_a_database(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tocsin.cli.main", "doctor", "--json", "--home", str(tmp_path)],
        env={**os.environ, "TOCSIN_CANARY__EMAIL": "nobody", "TOCSIN_EMAIL__SMTP_URL": "smtp://127.0.0.1:9"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    [canaries] = [one for one in json.loads(run.stdout) if one["name"] == "canaries"]
    assert not canaries["ok"]
    assert canaries["detail"].startswith("canary.email ('nobody') cannot be written to. This is no e-mail address")
