"""Sockets are where a path to them fits, and nobody else gets in."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tocsin.embedded.sockets import make_private, remove_outside, socket_folder


def test_they_are_in_the_home_where_that_is_short(tmp_home: Path) -> None:
    assert socket_folder(tmp_home) == tmp_home / "run"
    remove_outside(tmp_home)
    assert (tmp_home / "run").exists()


def test_they_are_outside_a_deep_home_always_in_the_same_place_and_removed_at_the_end(tmp_home: Path) -> None:
    deep = tmp_home / ("deep/" * 30)
    folder = socket_folder(deep)
    assert len(str(folder)) < 70
    assert folder == socket_folder(deep)
    assert folder != socket_folder(deep / "other")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for home in (deep, deep / "other"):
        remove_outside(home)
    assert not folder.exists()


def test_they_are_outside_a_home_with_a_comma(tmp_home: Path) -> None:
    home = tmp_home / "status, page"
    assert "," not in str(socket_folder(home))
    remove_outside(home)


def test_a_folder_that_is_a_link_is_refused(tmp_home: Path) -> None:
    (tmp_home / "link").symlink_to(tmp_home)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        make_private(tmp_home / "link")
