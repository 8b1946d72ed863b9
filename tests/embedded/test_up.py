"""`tocsin up` brings up everything, takes everything down, and finds everything again."""

from __future__ import annotations

import getpass
import os
import re
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tocsin.embedded.process import CouldNotStart
from tocsin.embedded.root import can_make_namespaces, refuse_unreachable
from tocsin_up import Up, are_gone, processes_naming, until

ANNOUNCEMENT = {"title": "Checkout is failing", "body": "We are looking into it.", "severity": "sev1"}


# Any path may be a home, however it is written; how deep it may be is tried below.
ODD = "a 'b' \"c\" 100% ünï"


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """Return one that runs for all tests that leave it as it was, until it is killed."""
    with TemporaryDirectory(prefix="tocsin-up-") as folder, Up(Path(folder) / ODD) as started:
        yield started.wait()


def test_it_says_where_everything_is_and_who_may_come_in(up: Up) -> None:
    assert httpx.get(up.url).status_code == 200
    assert up.key.startswith("tcs_")
    assert f"{up.key} (shown this once)" in up.output
    assert re.search(
        r"^Sign in as +operator@example.com, password \S{12,} \(shown this once\)$", up.output, re.MULTILINE
    )
    for page in ("console", "practice", "docs"):
        assert f"{up.url}/{page}" in up.output


def test_what_it_keeps_is_for_its_user_alone(up: Up) -> None:
    assert stat.S_IMODE(up.home.stat().st_mode) == 0o700
    for name in ("secret", "cli.key"):
        assert stat.S_IMODE((up.home / name).stat().st_mode) == 0o600


def test_the_servers_are_reached_through_the_home_alone(up: Up) -> None:
    sockets = {entry.name for entry in (up.home / "run" / "database").iterdir() if entry.suffix != ".lock"}
    assert sockets == {".s.PGSQL.5432"}
    listening = [line for name in ("database", "broker") for line in _listening(up.pid_of(name))]
    assert listening == []


def test_a_second_one_in_the_same_home_is_refused_with_who_and_where(up: Up) -> None:
    with Up(up.home) as second:
        assert second.process.wait(timeout=20) == 1
        assert f"Tocsin already runs in {up.home} on {up.url} (process {up.process.pid})" in second.output


def test_a_port_in_use_is_refused_before_anything_starts(up: Up, tmp_home: Path) -> None:
    port = up.url.rpartition(":")[2]
    with Up(tmp_home / "other", ("--port", port)) as second:
        assert second.process.wait(timeout=20) == 1
        assert f"Port {port} on 127.0.0.1 is in use" in second.output
    assert not (tmp_home / "other" / "database").exists()
    assert processes_naming(tmp_home / "other") == []


@pytest.mark.parametrize("name", ["web", "practice", "fan-out", "delivery", "broker", "database"])
def test_a_part_that_is_killed_is_started_again(up: Up, name: str) -> None:
    killed = up.pid_of(name)
    told = up.output.count(f"{name} ended (signal 9)")
    os.kill(killed, signal.SIGKILL)
    until(lambda: up.output.count(f"{name} ended (signal 9)") > told, "the screen says so")
    until(up.is_ready, "it is ready again")
    assert not _is_child(killed, up)
    with up.client() as client:
        until(lambda: client.post("/v1/incidents", json=ANNOUNCEMENT).status_code == 202, "an incident is taken")


def test_a_request_to_stop_is_heard_while_it_starts(tmp_home: Path) -> None:
    with Up(tmp_home / "home") as up:
        new = tmp_home / "home" / "database.new"
        until(lambda: new.exists() or up.process.poll() is not None, "the database is being made")
        assert up.end() == 0
        assert processes_naming(tmp_home / "home") == []


def test_neither_a_kill_nor_a_stop_leaves_a_process_or_loses_anything(up: Up) -> None:
    with up.client() as client:
        made = client.post("/v1/incidents", json=ANNOUNCEMENT)
        assert made.status_code == 202, made.text
    key, port = up.key, up.url.rpartition(":")[2]
    processes = up.descendants()
    up.end(signal.SIGKILL)
    # At once and on the same port, while what was killed is still going.
    with Up(up.home, ("--port", port)) as again:
        again.wait()
        assert are_gone(processes)
        assert again.key == key
        assert "shown this once" not in again.output
        with again.client() as client:
            assert client.get(f"/v1/incidents/{made.json()['id']}").json()["title"] == ANNOUNCEMENT["title"]
        _stops(again, signal.SIGTERM)


def test_outside_servers_are_used_when_they_are_named(tmp_home: Path, database_url: str, broker_url: str) -> None:
    outside = {"TOCSIN_DATABASE_URL": database_url, "TOCSIN_BROKER_URL": broker_url}
    with Up(tmp_home / "home", environment=outside) as up:
        up.wait()
        assert not (tmp_home / "home" / "database").exists()
        assert not (tmp_home / "home" / "broker").exists()
        assert "database " not in up.output
        assert up.end() == 0


def test_a_database_that_does_not_answer_is_named(tmp_home: Path, broker_url: str) -> None:
    outside = {"TOCSIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "TOCSIN_BROKER_URL": broker_url}
    with Up(tmp_home / "home", environment=outside) as up:
        assert up.process.wait(timeout=60) == 1
        assert "Check TOCSIN_DATABASE_URL" in up.output
        assert "Traceback" not in up.output


def test_an_ordinary_user_may_run_it_and_stop_it_by_hand(tmp_home: Path) -> None:
    """Where the tests are run by root, root is given a number that no name belongs to, as in a container."""
    become = ("unshare", "--user", "--map-user=4242", "--map-group=4242")
    before = become if os.getuid() == 0 and can_make_namespaces() else ()
    with Up(tmp_home / ("deep/" * 40 + "home"), before=before) as up:
        _stops(up.wait(), signal.SIGINT)


def test_root_may_run_it_where_namespaces_are_denied(tmp_home: Path) -> None:
    """The database is run by nobody then; an ordinary user never needs a namespace."""
    tmp_home.chmod(0o755)
    deny = (sys.executable, str(Path(__file__).with_name("without_namespaces.py")))
    is_root = os.getuid() == 0
    with Up(tmp_home / "home", before=deny if is_root and can_make_namespaces() else ()) as up:
        up.wait()
        assert up.end() == 0
        assert (tmp_home / "home" / "database").owner() == ("nobody" if is_root else getpass.getuser())


def test_nobody_may_not_be_able_to_get_to_the_home_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "closed" / "database").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    with pytest.raises(CouldNotStart, match=r"nobody cannot get to .*closed"):
        refuse_unreachable(tmp_path / "closed" / "database")


def _stops(up: Up, sign: signal.Signals) -> None:
    """Have it stop, and find nothing left of it."""
    processes = up.descendants()
    assert len(processes) > 10
    port = int(up.url.rpartition(":")[2])
    assert up.end(sign) == 0
    assert are_gone(processes)
    assert processes_naming(up.home) == []
    assert up.output.rstrip().endswith("Stopped.")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def _is_child(pid: int, up: Up) -> bool:
    return pid in up.descendants()


def _listening(pid: int) -> list[str]:
    """Return the TCP ports that a process listens on."""
    inodes = {
        str(entry.readlink()).removeprefix("socket:[").removesuffix("]") for entry in Path(f"/proc/{pid}/fd").iterdir()
    }
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]
