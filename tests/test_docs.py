"""The documentation says what the code does: states, reasons, scopes, misbehaving addresses, links, make targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tocsin.domain.delivery import Reason, State
from tocsin.domain.scope import Scope
from tocsin.practice.behaviour import BEHAVIOURS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
API = (ROOT / "docs/api.md").read_text()


def _rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table under `heading`."""
    table = text[text.index(f"| {heading} |") :].split("\n\n", maxsplit=1)[0]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_every_state_is_explained_and_no_other() -> None:
    assert [row[0] for row in _rows(API, "state")] == [*State]


def test_every_reason_is_explained_in_the_words_that_the_product_uses() -> None:
    assert _rows(API, "reason") == [[reason, reason.words] for reason in Reason]


def test_every_scope_is_named() -> None:
    assert [scope for scope in Scope if f"`{scope}`" not in API] == []


def test_every_address_that_misbehaves_is_in_the_table() -> None:
    told = [[f"{each.local_part}@…", each.does, each.then] for each in BEHAVIOURS]
    assert _rows(API, "address") == told


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    broken = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:`|^|\s{2,})make ([a-z-]+)", document.read_text(), re.MULTILINE)
    assert set(named) - targets == set()


def test_help_tells_of_every_target_that_readme_names() -> None:
    explained = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`?make ([a-z]+)[`\n]", (ROOT / "README.md").read_text())) <= set(explained)


def test_every_decision_says_why_and_what_it_costs() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [f"{n:04}" for n in range(1, len(decisions) + 1)]
    for path in decisions:
        assert {"## Why", "## What it costs"} <= set(path.read_text().splitlines()), path.name


def test_every_file_that_the_steps_of_adding_one_name_exists() -> None:
    steps = (ROOT / "docs/channels.md").read_text().partition("\n## Adding a provider\n")[2]
    named = set(re.findall(r"`((?:src|channels|workers|tests|config)/[a-z_/]+(?:\.[a-z]+|/))`", steps))
    assert len(named) > 5
    made_by_the_reader = {"channels/tocsin_channels/sms/gateway.py"}
    assert {name for name in named if not (ROOT / name).exists()} == made_by_the_reader
