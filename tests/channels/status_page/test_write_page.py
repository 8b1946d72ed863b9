"""Files that no reader ever sees half, and that never go back in time."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from page_samples import NOW, component, incident, page
from tocsin.domain.channel import Accepted, Channel, Content, Message, OnUnknown, Result
from tocsin.domain.errors import ProviderDown, Refused
from tocsin.domain.page import Page
from tocsin.domain.story import Story
from tocsin_channels.status_page.channel import StatusPageChannel
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write


def files_in(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


async def show(channel: StatusPageChannel, shown: Page) -> Result:
    said: list[Result] = []
    message = Message("m", "page", "", channel.render(shown), "e", "", "d")
    await channel.send([message], lambda _, result: said.append(result))
    [result] = said
    return result


async def test_the_folder_holds_the_page_ready_to_be_served(tmp_path: Path) -> None:
    channel: Channel = StatusPageChannel(tmp_path)
    assert (channel.on_unknown, channel.content) == (OnUnknown.RESEND_FREELY, Content.PAGE)
    assert isinstance(await show(StatusPageChannel(tmp_path), page(incidents=[incident("Mail is late")])), Accepted)
    there = files_in(tmp_path)
    assert {"index.html", "history.html", "404.html", "incidents/inc000000001.html"} <= there
    assert {f"api/v2/{name}.json" for name in ("summary", "status", "incidents/unresolved")} <= there
    stamp: Mapping[str, str] = json.loads((tmp_path / "stamp.json").read_bytes())["files"]
    for path, digest in stamp.items():
        content = (tmp_path / path).read_bytes()
        assert sha256(content).hexdigest() == digest
        assert gzip.decompress((tmp_path / f"{path}.gz").read_bytes()) == content
    assert [path for path in stamp if path.startswith("static/") and path.count(".") != 2] == []


async def test_what_is_no_longer_there_is_removed(tmp_path: Path) -> None:
    channel = StatusPageChannel(tmp_path)
    await show(channel, page(incidents=[incident("Mail is late")]))
    (tmp_path / ".index.html.1.new").write_text("left by a worker that was killed")
    await show(channel, page(rendered_at=NOW + timedelta(seconds=1)))
    assert not [name for name in files_in(tmp_path) if name.startswith("incidents/") or name.endswith(".new")]


async def test_an_older_page_never_takes_a_newer_ones_place(tmp_path: Path) -> None:
    channel = StatusPageChannel(tmp_path)
    await show(channel, page(components=[component("new")], rendered_at=NOW))
    result = await show(channel, page(components=[component("old")], rendered_at=NOW - timedelta(seconds=1)))
    assert isinstance(result, Accepted)
    assert result.note == "a newer page was already there"
    assert "Old" not in (tmp_path / "index.html").read_text()


async def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    write(tmp_path, render(page(incidents=[incident("Mail is late")])))
    before = (tmp_path / "incidents/inc000000001.html").stat().st_ino
    write(tmp_path, render(page(incidents=[incident("Mail is late")], rendered_at=NOW + timedelta(minutes=5))))
    assert (tmp_path / "incidents/inc000000001.html").stat().st_ino == before


async def test_the_stamp_comes_first_and_carries_what_the_folder_does_not_hold_yet(tmp_path: Path) -> None:
    write(tmp_path, render(page()))
    files = render(page(components=[component("api")], rendered_at=NOW + timedelta(minutes=1)))
    for name in files_in(tmp_path) - {"stamp.json", ".lock"}:  # not one other file can be written
        (tmp_path / name).unlink()
        (tmp_path / name).mkdir()
    with pytest.raises(OSError, match="directory"):
        write(tmp_path, files)
    stamp = json.loads((tmp_path / "stamp.json").read_bytes())
    assert stamp["files"] == json.loads(files["stamp.json"])["files"]
    carried = {path: gzip.decompress(base64.b64decode(packed)) for path, packed in stamp["carried"].items()}
    assert carried == {path: content for path, content in files.items() if path != "stamp.json"}


async def test_the_stamp_carries_nothing_that_is_there(tmp_path: Path) -> None:
    before = render(page(incidents=[incident("Mail is late")]))
    write(tmp_path, before)
    after = render(page(incidents=[incident("Mail is late")], rendered_at=NOW + timedelta(minutes=5)))
    write(tmp_path, after)
    carried = json.loads((tmp_path / "stamp.json").read_bytes())["carried"]
    assert set(carried) == {path for path in after if after[path] != before[path]} - {"stamp.json"}
    assert len(carried) < len(after) / 4


async def test_what_a_killed_worker_left_is_put_right(tmp_path: Path) -> None:
    first = render(page(components=[component("api")]))
    write(tmp_path, first)
    # Half of another page is there without its stamp, and then everything is as it was before.
    (tmp_path / "index.html").write_bytes(render(page(components=[component("shop")]))["index.html"])
    write(tmp_path, first)
    assert (tmp_path / "index.html").read_bytes() == first["index.html"]


async def test_a_folder_that_cannot_be_written_is_our_fault_and_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("a file where the folder should be")
    channel = StatusPageChannel(tmp_path / "page")
    assert isinstance(await show(channel, page()), ProviderDown)
    with pytest.raises(ProviderDown, match="Mend its rights"):
        await channel.check()


async def test_nobody_reports_on_the_page(tmp_path: Path) -> None:
    channel = StatusPageChannel(tmp_path)
    with pytest.raises(Refused):
        channel.read_receipt(b"", {}, "")
    with pytest.raises(TypeError):
        channel.render(Story("Acme", "customers", "en", (), ""))
    assert str(tmp_path) in await channel.check()
