"""Where local servers listen: in a folder that nobody else can open, with a path short enough for a socket."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

# The kernel takes 107 bytes on Linux and 103 on macOS; the longest name in the folder needs 30 of them.
_LONGEST_FOLDER = 70


def socket_folder(home: Path) -> Path:
    """Return the private folder for the sockets of this home: in it, or in the temporary folder if it cannot be.

    Its path may be too long, or have a comma, which stands between hosts in the address of a database.
    """
    return make_private(_place(home))


def _place(home: Path) -> Path:
    inside = home / "run"
    if len(os.fsencode(inside)) <= _LONGEST_FOLDER and "," not in str(inside):
        return inside
    mark = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tocsin-{os.getuid()}-{mark}"


def remove_outside(home: Path) -> None:
    """Remove the folder for the sockets where it is not in the home, once nothing listens there any more."""
    folder = _place(home)
    if folder.parent != home:
        shutil.rmtree(folder, ignore_errors=True)


def make_private(folder: Path) -> Path:
    """Make `folder` for this user alone; refuse one that is somebody else's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else. Remove it, or choose another home.")
    folder.chmod(0o700)
    return folder
