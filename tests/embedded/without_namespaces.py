"""Runs a command as root where no user namespaces may be made, as in a container that denies them."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_NEW_USERS = 0x10000000


def main(command: list[str]) -> None:
    ready, go = os.pipe(), os.pipe()
    if (parent := os.fork()) == 0:
        # The other process stays outside, where it may say who is who inside.
        os.read(ready[0], 1)
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{os.getppid()}/{name}").write_text("0 0 65536")
        os.write(go[1], b".")
        os._exit(0)
    if ctypes.CDLL(None).unshare(_NEW_USERS) != 0:
        sys.exit("No user namespace can be made to deny others in.")
    os.write(ready[1], b".")
    os.read(go[0], 1)
    os.waitpid(parent, 0)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")  # of this namespace
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
