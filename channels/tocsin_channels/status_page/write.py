"""Files that a reader never sees half: each is written beside its place and renamed, the stamp comes first.

The stamp names every file with the hash of what is in it, and carries those that the folder does not hold yet: whoever
reads it has the whole page at once, one rename after it was rendered, and need not wait for the dozens that follow.
"""

from __future__ import annotations

import base64
import fcntl
import gzip
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

STAMP = "stamp.json"
CARRIED = "carried"  # path → content, compressed and in base64
_LOCK = ".lock"


def make_stamp(files: Mapping[str, bytes], rendered_at: str) -> bytes:
    """Return the stamp of `files`."""
    hashes = {path: sha256(content).hexdigest() for path, content in files.items()}
    return json.dumps({"rendered_at": rendered_at, "files": hashes}).encode()


def write(directory: Path, files: Mapping[str, bytes]) -> bool:
    """Make `directory` hold just `files`; return False and touch nothing where it already holds a newer page."""
    directory.mkdir(parents=True, exist_ok=True)
    stamp: dict[str, Any] = json.loads(files[STAMP])
    with _locked(directory / _LOCK):
        if _rendered_at(directory) > stamp["rendered_at"]:
            return False
        missing = {
            path: gzip.compress(content, compresslevel=6, mtime=0)
            for path, content in files.items()
            if path != STAMP and not _holds(directory / path, content)
        }
        carried = {path: base64.b64encode(packed).decode() for path, packed in missing.items()}
        _replace(directory / STAMP, json.dumps({**stamp, CARRIED: carried}).encode())
        for path, packed in missing.items():
            # The file comes after its compressed twin, so that a file that is right never has a wrong twin.
            _replace(directory / f"{path}.gz", packed)
            _replace(directory / path, files[path])
        _remove_all_but(directory, files)
    return True


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _rendered_at(directory: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((directory / STAMP).read_bytes())["rendered_at"])
    return ""


def _holds(path: Path, content: bytes) -> bool:
    # The file itself is asked, not the stamp: a worker that was killed may have left files of a page without stamp.
    try:
        return path.read_bytes() == content and path.with_name(f"{path.name}.gz").exists()
    except OSError:
        return False


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    beside.write_bytes(content)
    beside.replace(path)


def _remove_all_but(directory: Path, files: Mapping[str, bytes]) -> None:
    kept = {directory / PurePosixPath(path) for path in files}
    kept |= {path.with_name(f"{path.name}.gz") for path in kept}
    kept.add(directory / _LOCK)
    for path in directory.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink(missing_ok=True)
