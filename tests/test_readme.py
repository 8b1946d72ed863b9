"""README's commands do what it says: each is run as it is printed, but for the port and the folder of data."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from typer.core import TyperGroup
from typer.main import get_command

from faults.records import ask
from readme import ADDRESS, BLOCKS, OPENING, README, RESOLVING, ROOT, key_for, type_in
from tocsin.cli.main import commands
from tocsin.practice.behaviour import NORMAL, behaviour_of
from tocsin_up import Up, until

# The targets of make that would run these tests from within themselves, or take what they stand on away.
DESCRIBED_ONLY = {"test", "faults", "check", "bench", "bench-quick", "lock", "clean"}


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """What `make run` starts, on a free port."""
    [command] = _dry_run("run")[-1:]
    assert command == "exec .venv/bin/tocsin up --sample 200 "
    sampled = ("--port", "0", "--sample", "200")
    with TemporaryDirectory(prefix="tocsin-readme-") as folder, Up(Path(folder) / "home", sampled) as started:
        yield started.wait()


def _dry_run(target: str) -> list[str]:
    # Without what a make that these tests were started by hands on.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--dry-run", "--no-print-directory", target, "ARGS="]
    ran = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return ran.stdout.splitlines()


def _mails(up: Up) -> list[tuple[str, str]]:
    """Return recipient and subject of all that the practice server took."""
    with closing(sqlite3.connect(f"file:{up.home}/practice/outbox.sqlite?mode=ro", uri=True)) as outbox:
        rows = outbox.execute("SELECT recipient, raw FROM message").fetchall()
    return [(to, str(message_from_bytes(raw, policy=policy.default)["subject"])) for to, raw in rows]


def test_the_blocks_are_those_that_are_run_here() -> None:
    first_lines = [block.splitlines()[0] for block in BLOCKS]
    assert first_lines[0] == "make run"
    assert first_lines[1].startswith("export TOCSIN_KEY=$(.venv/bin/tocsin key create")
    assert first_lines[2].startswith(f"curl {ADDRESS}/v1/incidents/INC-1/updates")
    assert first_lines[3:] == ["make test"]


def test_the_incident_reaches_page_and_mailboxes_once_and_so_does_its_end(up: Up) -> None:
    key = key_for(up)
    posted = json.loads(type_in(OPENING, up, TOCSIN_KEY=key))
    assert (posted["ref"], posted["version"]) == ("INC-1", 1)
    until(lambda: "Checkout is failing" in httpx.get(up.url).text, "the incident is on the page")
    until(lambda: _progress(up)["eligible"] > 50, "the ledger says who is to hear")
    expected = _progress(up)["by_channel"]["email"]
    ordinary = sum(expected.get(state, 0) for state in ("pending", "sending", "accepted", "held")) - _misbehaving(up)
    until(lambda: len(_told(up)) >= ordinary, "they have heard that it is broken")
    assert set(_told(up).values()) == {1}
    assert "Checkout is failing" in httpx.get(f"{up.url}/practice").text

    assert json.loads(type_in(OPENING, up, TOCSIN_KEY=key)) == posted, "The same request is answered as before,"
    assert _progress(up)["version"] == 1, "and has no effect."

    assert json.loads(type_in(RESOLVING, up, TOCSIN_KEY=key))["version"] == 2
    ask(up.home, "UPDATE clock SET shift = shift + interval '5 minutes'")  # what an end may wait for at most
    summary = f"{up.url}/api/v2/summary.json"
    until(lambda: not httpx.get(summary).json()["incidents"], "nothing is open on the page any more")
    until(lambda: set(_told(up).values()) == {2}, "everyone who heard that it is broken has heard that it is fixed")


def _told(up: Up) -> Counter[str]:
    """Return how many mails about the incident each recipient got, of those that only take mail."""
    mails = [(to, subject) for to, subject in _mails(up) if behaviour_of(to) is NORMAL]
    return Counter(to for to, subject in mails if "Checkout is failing" in subject)


def _misbehaving(up: Up) -> int:
    """Return how many mailboxes of the sample do more than take mail."""
    with up.client() as client:
        lines = client.get("/v1/subscribers/export").raise_for_status().text.splitlines()
    endpoints = [endpoint for line in lines for endpoint in json.loads(line)["endpoints"]]
    addresses = [endpoint["address"] for endpoint in endpoints if endpoint["channel"] == "email"]
    return sum(behaviour_of(address) is not NORMAL for address in addresses)


def _progress(up: Up) -> dict[str, Any]:
    with up.client() as client:
        told: dict[str, Any] = client.get("/v1/incidents/INC-1/progress").raise_for_status().json()
    return told


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z-]+)[`\n]", README))))
def test_every_target_of_make_that_is_named_can_be_made(target: str) -> None:
    assert target in DESCRIBED_ONLY | {"help", "run"}
    assert _dry_run(target)


def test_help_tells_of_what_readme_names() -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for target in DESCRIBED_ONLY | {"help", "run"}:
        assert re.search(rf"^  {target} ", told, re.MULTILINE), target


def test_ci_runs_exactly_the_tests() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert script.splitlines()[-1] == "exec make test </dev/null"


@pytest.mark.parametrize("document", ["README.md", "docs/api.md", "docs/operations.md"])
def test_every_command_of_tocsin_that_is_named_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    named = set(re.findall(r"(?:`|/|web )tocsin ([a-z]+)(?: ([a-z]+)\b)?", text))
    assert named
    for first, second in named:
        tocsin = get_command(commands(first))
        assert isinstance(tocsin, TyperGroup)
        command = tocsin.commands[first]
        assert not second or not isinstance(command, TyperGroup) or second in command.commands, f"{first} {second}"
