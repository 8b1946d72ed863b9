"""README's commands, and a shell that runs them as they are printed, but for the address and the folder of data."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tocsin_up import Up

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8000"
EXPORT, OPENING = BLOCKS[1].split("\n\n")
RESOLVING = BLOCKS[2]


def type_in(block: str, up: Up, **variables: str) -> str:
    """Run a block as a person's shell would, at the address that this Tocsin has; return what it prints."""
    shell = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.replace(ADDRESS, up.url)],
        cwd=ROOT,
        env={**os.environ, "TOCSIN_HOME": str(up.home), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shell.returncode == 0, shell.stderr
    return shell.stdout


def key_for(up: Up) -> str:
    """Return the key that README has its reader make."""
    return type_in(f'{EXPORT}\necho "$TOCSIN_KEY"', up).strip()
