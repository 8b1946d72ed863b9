"""Production's files agree with the code: each queue is consumed, the wheel is whole, the broker lets us work."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.exceptions import NoPermissionError
from ruamel.yaml import YAML

from tocsin.broker import DELIVER, FAN_OUT, SWEEP, make_celery
from tocsin.embedded.process import Command, end, spawn, wait_until
from tocsin.embedded.valkey import Valkey
from tocsin.settings import Settings
from tocsin.wrong_setting import names_of

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
QUEUES = {FAN_OUT, SWEEP, *DELIVER.values()}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "docker-compose.yml")
    return loaded


def _consumed(compose: dict[str, Any]) -> list[str]:
    commands = [service.get("command", []) for service in compose["services"].values()]
    return [queue for command in commands if command[:2] == ["worker", "-Q"] for queue in command[2].split(",")]


def test_every_queue_has_one_worker_service_and_no_service_waits_at_an_unknown_one(compose: dict[str, Any]) -> None:
    assert sorted(_consumed(compose)) == sorted(QUEUES)


def test_fan_out_shares_no_process_with_delivery(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        queues = set(_consumed({"services": {"one": service}}))
        assert not (FAN_OUT in queues and queues & set(DELIVER.values()))


def test_services_stop_gently_and_run_with_few_rights(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name not in {"postgres", "valkey", "nginx"}:
            assert service["stop_grace_period"] == "60s", name
            assert service["cap_drop"] == ["ALL"], name
            assert service["read_only"] is True, name
        assert "healthcheck" in service or service["build"]["dockerfile"] == "config/Dockerfile", name
        assert "limits" in service["deploy"]["resources"], name


def test_the_variables_of_compose_are_settings(compose: dict[str, Any]) -> None:
    for name in compose["services"]["web"]["environment"]:
        *sections, setting = name.removesuffix("_FILE").removeprefix("TOCSIN_").lower().split("__")
        section = Settings.model_fields[sections[0]].annotation if sections else Settings
        assert isinstance(section, type)
        assert setting in names_of(section), name


def test_what_compose_asks_for_is_in_the_example_and_nothing_else() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text())) - {"TOCSIN_VERSION"}
    given = set(re.findall(r"^(\w+)=", (ROOT / "config/env.example").read_text(), re.MULTILINE))
    assert asked == given


def test_the_secrets_of_compose_are_all_made_and_kept(compose: dict[str, Any], tmp_path: Path) -> None:
    _make_secrets(tmp_path)
    folder = tmp_path / "config" / "secrets"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {Path(secret["file"]).name for secret in compose["secrets"].values()} <= set(before)
    assert folder.stat().st_mode & 0o777 == 0o700, "The folder is for its owner alone,"
    assert (folder / "secret").stat().st_mode & 0o777 == 0o644, "and what is mounted from it is read by other users."
    (folder / "smtp_url").write_text("smtp://mail.example.com")
    _make_secrets(tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before | {
        "smtp_url": b"smtp://mail.example.com"
    }


def _make_secrets(place: Path) -> None:
    command = ["make", "--silent", "--file", str(ROOT / "Makefile"), "secrets", f"PYTHON={sys.executable}"]
    subprocess.run(command, cwd=place, check=True, capture_output=True)


def test_the_compose_file_is_what_compose_takes() -> None:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    _passes([str(BIN / "check-jsonschema"), *schema, "docker-compose.yml"])


def test_the_image_is_built_as_its_linter_wants() -> None:
    _passes([str(BIN / "hadolint"), "config/Dockerfile"])


def _passes(command: list[str]) -> None:
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    roots = [("src", "tocsin"), ("channels", "tocsin_channels"), ("workers", "tocsin_workers")]
    files = [path.relative_to(ROOT / root) for root, name in roots for path in (ROOT / root / name).rglob("*")]
    kept = {path.as_posix() for path in files if path.suffix and "__pycache__" not in path.parts}
    assert kept <= packed


def test_what_the_image_copies_is_let_through_and_there() -> None:
    dockerfile = (ROOT / "config/Dockerfile").read_text()
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        for path in line.split():
            assert path in let_through
            assert (ROOT / path).exists()


@pytest.fixture
def production_broker(tmp_path: Path) -> Iterator[str]:
    """Run config/valkey.conf as it is, but for its folders and port; return the address that `make secrets` wrote."""
    _make_secrets(tmp_path)
    secrets = tmp_path / "config" / "secrets"
    (tmp_path / "data").mkdir()
    text = (ROOT / "config/valkey.conf").read_text()
    for there, here in [
        ("/run/secrets/", f"{secrets}/"),
        ("dir /data", f"dir {tmp_path / 'data'}"),
        ("bind * -::*", "bind 127.0.0.1"),
    ]:
        assert there in text
        text = text.replace(there, here)
    (tmp_path / "valkey.conf").write_text(text)
    port = _free_port()
    server = Valkey(tmp_path, tmp_path).command.arguments[0]
    child = spawn(Command([server, str(tmp_path / "valkey.conf"), "--port", str(port)]), tmp_path / "valkey.log")
    url = (secrets / "broker_url").read_text().strip().replace("valkey:6379", f"127.0.0.1:{port}")
    assert wait_until(lambda: _answers(url), seconds=10), (tmp_path / "valkey.log").read_text()
    yield url
    end(child, signal.SIGTERM, seconds=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    with suppress(redis.RedisError), redis.Redis.from_url(url) as client:
        return bool(client.ping())
    return False


_WORKER = """
import os
from pathlib import Path
from tocsin.broker import SWEEP, make_celery
app = make_celery(os.environ["BROKER"], publisher=False)
@app.task(name=SWEEP)
def sweep():
    Path("came").touch()
"""


def test_the_broker_lets_hints_through_and_nothing_else(production_broker: str, tmp_path: Path) -> None:
    (tmp_path / "hinted.py").write_text(_WORKER)
    celery = [sys.executable, "-m", "celery", "--app", "hinted"]
    environment = {"BROKER": production_broker, "PYTHONPATH": str(tmp_path), "PWD": str(tmp_path)}
    arguments = [*celery, "--workdir", str(tmp_path), "worker", "--pool", "solo", "--queues", SWEEP]
    worker = spawn(Command([*arguments, "--hostname", "worker@here"], environment=environment), tmp_path / "worker.log")
    make_celery(production_broker, publisher=True).send_task(SWEEP, ignore_result=True)
    came = wait_until((tmp_path / "came").exists, seconds=20)
    # The health check of the workers in docker-compose.yml.
    asks = [*celery, "--workdir", str(tmp_path), "inspect", "ping", "--timeout", "5", "--destination", "worker@here"]
    alive = subprocess.run(asks, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    end(worker, signal.SIGTERM, seconds=20)
    assert came, (tmp_path / "worker.log").read_text()
    assert alive.returncode == 0, alive.stdout + alive.stderr
    assert "NOPERM" not in (tmp_path / "worker.log").read_text()
    with redis.Redis.from_url(production_broker) as client:
        for command in (["FLUSHALL"], ["CONFIG", "SET", "maxmemory", "1"], ["SET", "elsewhere", "1"]):
            with pytest.raises(NoPermissionError):
                client.execute_command(*command)


def test_the_broker_asks_for_a_password_and_never_forgets_to_make_room(production_broker: str) -> None:
    with (
        redis.Redis.from_url(re.sub(r"//.*@", "//", production_broker)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
    with redis.Redis.from_url(production_broker) as client:
        told = client.info()
    assert told["maxmemory_policy"] == "noeviction"
    assert told["aof_enabled"] == 1
