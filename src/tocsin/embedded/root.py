"""How a database is run that refuses root, and users without a name: in a user namespace, else by the user nobody."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from functools import cache
from pathlib import Path

from tocsin.embedded.process import CouldNotStart, User

_TETHER = Path(__file__).with_name("tether.py")


def user_for(directory: Path) -> User:
    """Return as whom PostgreSQL runs on `directory`: as the one who made it, if it exists."""
    if os.getuid() != 0:
        return "same" if _has_name(os.getuid()) or not can_make_namespaces() else "namespace"
    if directory.exists() and directory.stat().st_uid == pwd.getpwnam("nobody").pw_uid:
        return "nobody"
    return "namespace" if can_make_namespaces() else "nobody"


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


@cache
def can_make_namespaces() -> bool:
    command = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), "9", "-1", "namespace", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603  our own script


def give_to_nobody(folder: Path, program: Path) -> None:
    """Hand a folder to nobody and open the way through the home; refuse where nobody cannot get to it or `program`."""
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    folder.parent.chmod(folder.parent.stat().st_mode | 0o011)
    for needed in (folder, program):
        refuse_unreachable(needed)


def refuse_unreachable(needed: Path) -> None:
    """Raise CouldNotStart where a folder above `needed` is closed to others."""
    for parent in needed.resolve().parents:
        if not parent.stat().st_mode & 0o001:
            raise CouldNotStart(
                f"PostgreSQL cannot run as root, and the user nobody cannot get to {needed} (see {parent}). "
                "Run Tocsin as an ordinary user, or keep it and its home in folders that everyone may pass through."
            )
