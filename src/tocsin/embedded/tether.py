"""Ties a program to the process that starts it, then becomes that program: no child outlives a parent killed with -9.

Run as a script with the standard library alone (`python -I -S tether.py PARENT SIGNAL FD USER command…`), so that it
starts in milliseconds. FD is a pipe to the guard (`guard.py`) that is told of this group, or -1. USER is `same`, or
how a program that refuses root is run by root: `namespace` (under the number of nobody, in a user namespace of its own,
with what this user owns) or `nobody`.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000


def main(arguments: list[str]) -> None:
    parent, death, guard, user, *command = arguments
    match user:
        case "namespace":
            enter_namespace()
        case "nobody":
            become_nobody()
        case _:
            pass
    # A change of user forgets the death signal, so it is asked for afterwards.
    tie(int(parent), int(death))
    if int(guard) >= 0:
        os.write(int(guard), f"+{os.getpid()} {death}\n".encode())
        os.close(int(guard))
    os.execvp(command[0], command)  # noqa: S606  the command is the parent's own


def tie(parent: int, death: int) -> None:
    """Ask the kernel for the signal `death` when the parent ends; leave at once if it already has."""
    if sys.platform == "linux":
        _libc("prctl", _PR_SET_PDEATHSIG, death)
    if os.getppid() != parent:
        sys.exit(1)


def enter_namespace() -> None:
    """Call this user nobody from here on: PostgreSQL refuses 0, and numbers without a name."""
    user, group = os.getuid(), os.getgid()
    nobody = pwd.getpwnam("nobody")
    _libc("unshare", _CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{nobody.pw_uid} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{nobody.pw_gid} {group} 1")


def become_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


def _libc(function: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


if __name__ == "__main__":
    # Signals that the parent ignores or blocks are the program's to decide about.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    main(sys.argv[1:])
