"""`make` sets up what is missing, does nothing twice, and says in one line what only a person can mend."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ("bootstrap.lock", "requirements.lock", "requirements-dev.lock")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a clone has of which set-up knows, in a folder with a space in its name."""
    place = tmp_path / "a place"
    (place / "config").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", *(f"config/{lock}" for lock in LOCKS)):
        shutil.copyfile(ROOT / name, place / name)
    return place


def _make(place: Path, *arguments: str, path: str = os.environ.get("PATH", "")) -> subprocess.CompletedProcess[str]:
    # Not those of a make that these tests may have been started by.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["/usr/bin/env", f"PATH={path}", str(shutil.which("make")), "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


def _script(place: Path, name: str, text: str) -> Path:
    script = place / name
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    return script


def test_an_old_python_is_refused_with_the_line_to_type(checkout: Path) -> None:
    old = _script(checkout, "old-python", "exit 1")
    made = _make(checkout, "run", f"PYTHON=./{old.name}")
    assert made.returncode != 0
    assert "needs Python 3.11 or newer" in made.stderr
    assert "apt-get install -y python3 python3-venv" in made.stderr


def test_a_python_without_venv_is_refused_with_the_line_to_type(checkout: Path) -> None:
    poor = _script(checkout, "poor-python", 'case "$2" in *ensurepip*) exit 1;; esac')
    made = _make(checkout, "run", f"PYTHON=./{poor.name}")
    assert made.returncode != 0
    assert "apt-get install -y python3-venv" in made.stderr


def test_tests_without_a_browser_are_refused_with_the_line_to_type(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cksum"):
        (tools / name).symlink_to(str(shutil.which(name)))
    made = _make(checkout, "browser", path=str(tools))
    assert made.returncode != 0
    assert "sudo apt-get install -y chromium" in made.stderr


def test_a_browser_under_another_name_will_do(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cksum"):
        (tools / name).symlink_to(str(shutil.which(name)))
    _script(tools, "google-chrome", "exit 0")
    assert _make(checkout, "browser", path=str(tools)).returncode == 0


@pytest.mark.parametrize(
    ("npm", "line"),
    [(None, "npm is missing"), ("mkdir -p node_modules/.bin; touch node_modules/.bin/prism; exit 1", "npm could not")],
    ids=["missing", "failing"],
)
def test_without_prism_one_line_says_so_and_nothing_fails(
    checkout: Path, tmp_path: Path, npm: str | None, line: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cksum", "mkdir", "cp", "rm", "touch"):
        (tools / name).symlink_to(str(shutil.which(name)))
    if npm is not None:
        _script(tools, "npm", npm)
    shutil.copytree(ROOT / "tests/prism", checkout / "tests/prism")
    mark = subprocess.run("pwd | cksum", shell=True, cwd=checkout, capture_output=True, text=True, check=True).stdout
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / f".made-{mark.split()[0]}").touch()
    made = _make(checkout, "prism", path=str(tools))
    assert made.returncode == 0, made.stderr
    assert line in made.stderr
    assert len(made.stderr.splitlines()) == 1
    assert not list((checkout / ".venv/prism").glob("node_modules/.bin/prism")), "half of it would be taken for it"


def test_what_is_set_up_is_not_set_up_again_until_a_lock_changes(checkout: Path) -> None:
    mark = subprocess.run("pwd | cksum", shell=True, cwd=checkout, capture_output=True, text=True, check=True).stdout
    (checkout / ".venv").mkdir()
    now = time.time()
    for age, name in enumerate(("tools", "service", "made")):
        stamp = checkout / ".venv" / f".{name}-{mark.split()[0]}"
        stamp.touch()
        os.utime(stamp, (now - age, now - age))
    for path in [checkout / "pyproject.toml", *(checkout / "config").iterdir()]:
        os.utime(path, (now - 10, now - 10))
    assert "Nothing to be done" in _make(checkout, "--dry-run", "tools").stdout
    (checkout / "config/requirements.lock").touch()
    changed = _make(checkout, "--dry-run", "tools").stdout
    assert "config/requirements.lock" in changed
    assert "-m venv" not in changed
    moved = checkout.rename(checkout.with_name("another place"))
    assert "-m venv --clear" in _make(moved, "--dry-run", "tools").stdout, "Its scripts name the folder that is gone."


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_everything_and_names_no_place(lock: str) -> None:
    text = (ROOT / "config" / lock).read_text()
    for requirement in text.replace("\\\n", " ").splitlines():
        assert "==" in requirement.split()[0]
        assert "--hash=sha256:" in requirement
    for place in ("://", "file:", "--index", "--find-links", " @ "):
        assert place not in text


def _pins(lock: str) -> dict[str, str]:
    lines = (ROOT / "config" / lock).read_text().replace("\\\n", " ").splitlines()
    pins = [Requirement(line.split("--hash")[0].strip()) for line in lines]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}


def test_locks_have_what_pyproject_asks_for_and_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    service, tools, bootstrap = _pins("requirements.lock"), _pins("requirements-dev.lock"), _pins("bootstrap.lock")
    for pins, wanted in [
        (service, [*project["project"]["dependencies"], *extras["build"]]),
        (tools, extras["dev"]),
        (bootstrap, project["dependency-groups"]["bootstrap"]),
    ]:
        for requirement in map(Requirement, wanted):
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), str(requirement)
    assert service.items() <= tools.items()
