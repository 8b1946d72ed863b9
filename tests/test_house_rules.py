"""House rules as checks: layers, words, sizes, and that what is declared twice agrees."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tocsin.broker import DELIVER, FAN_OUT, SWEEP, TO_PEOPLE
from tocsin.cli import parts
from tocsin.domain.channel import ChannelName

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PACKAGES = ("src", "channels", "workers")
LONGEST = 250
FORBIDDEN_WORDS = re.compile(r"manager|helper|(^|_)utils?($|_)|(^|_)misc($|_)", re.IGNORECASE)


def _modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "migrations/versions" not in path.as_posix()]


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def _short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_layers_hold() -> None:
    linted = subprocess.run([BIN / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_the_environment_is_read_in_one_place() -> None:
    # The second one hands all of it on to children and reads none.
    allowed = {"src/tocsin/settings.py", "src/tocsin/embedded/process.py"}
    readers = {_short(path) for path in _modules(*PACKAGES) if any(_reads_environment(_parsed(path)))}
    assert readers - allowed == set()


def _reads_environment(tree: ast.Module) -> Iterator[bool]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}:
            yield True
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (True for name in node.names if name.name in {"environ", "environb", "getenv"})


@pytest.mark.parametrize("path", _modules(*PACKAGES, "tests", "benchmarks"), ids=_short)
def test_a_module_opens_with_a_sentence_and_is_small(path: Path) -> None:
    text = path.read_text()
    if path.name == "__init__.py" and not text.strip():
        return  # an empty marker of a package says all there is to say
    first = (ast.get_docstring(_parsed(path)) or "").split("\n\n")[0].strip()
    assert re.search(r"[.?!:;`)]$", first), "Begin with the one sentence that a newcomer would thank you for."
    assert len(text.splitlines()) <= LONGEST, f"Over {LONGEST} lines: is it one thing?"


def test_only_words_of_the_glossary_are_made_up() -> None:
    made_up: list[str] = []
    for path in _modules(*PACKAGES):
        names = [path.stem, *(n.name for n in ast.walk(_parsed(path)) if isinstance(n, _NAMED))]
        made_up += [f"{_short(path)}: {name}" for name in names if FORBIDDEN_WORDS.search(name)]
    assert made_up == []


_NAMED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_every_task_is_named_and_routed_to_a_queue() -> None:
    # In a process of its own: the workers' application takes the signals of the process that it is imported in.
    script = """
import json
from tocsin_workers.app import app
app.loader.import_default_modules()
routes = {name: app.amqp.router.route({}, name)["queue"].name for name in app.tasks if not name.startswith("celery.")}
print(json.dumps([routes, [queue.name for queue in app.conf.task_queues]]))
"""
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    routes, queues = json.loads(told.stdout.splitlines()[-1])
    assert {FAN_OUT, SWEEP, DELIVER[ChannelName.EMAIL], DELIVER[ChannelName.STATUS_PAGE]} <= set(routes)
    assert all(name == queue for name, queue in routes.items()), "A task is named like its queue."
    assert set(routes.values()) <= set(queues)
    assert set(queues) == {FAN_OUT, SWEEP, *DELIVER.values()}


def test_up_consumes_every_queue_and_keeps_fan_out_apart_from_delivery() -> None:
    commands = [list(part.command().arguments) for part in parts.workers({})]
    consumed = [set(command[command.index("--queues") + 1].split(",")) for command in commands]
    assert set().union(*consumed) == {FAN_OUT, SWEEP, *DELIVER.values()}
    assert not [queues for queues in consumed if FAN_OUT in queues and queues & set(TO_PEOPLE)]
    [page] = [queues for queues in consumed if DELIVER[ChannelName.STATUS_PAGE] in queues]
    assert not page & set(TO_PEOPLE), "While an update goes out to many, the page must not wait for it."
