"""What the status page is read from: whole pages of its own folder and nothing else, whatever the folder holds."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from page_samples import NOW, component, incident, page
from page_visitor import visiting
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write


@pytest.fixture
async def visitor(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    write(folder, render(page(components=[component("api")], incidents=[incident("Mail is late")])))
    async with visiting(folder) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html",
        "/%2e%2e/secret.html",
        "/..%2fsecret",
        "/incidents/..%2f..%2fsecret",
        "/incidents%2f..%2f..%2fsecret.html",
        "/.//secret.html",
        "/secret.html%00",
        "/static/%2e%2e%2f%2e%2e%2fsecret.html",
    ],
)
async def test_no_spelling_of_an_address_leads_out_of_the_folder(
    visitor: httpx.AsyncClient, folder: Path, path: str
) -> None:
    (folder.parent / "secret.html").write_text("a secret")
    answer = await visitor.get(path)
    assert answer.status_code in {404, 418}
    assert "a secret" not in answer.text


@pytest.mark.parametrize("name", ["../secret.html", "linked.html", "linked/secret.html", "/etc/hostname.html"])
async def test_a_stamp_that_names_a_file_elsewhere_changes_nothing(folder: Path, name: str) -> None:
    files = render(page(incidents=[incident("Mail is late")]))
    write(folder, files)
    (folder.parent / "secret.html").write_text("a secret")
    (folder / "linked.html").symlink_to(folder.parent / "secret.html")
    (folder / "linked").symlink_to(folder.parent)
    async with visiting(folder) as visitor:
        before = (await visitor.get("/")).text
        named = {name: sha256(b"a secret").hexdigest(), "index.html": sha256(b"new").hexdigest()}
        (folder / "index.html").write_text("new")
        (folder / "stamp.json").write_text(json.dumps({"rendered_at": "2027", "files": named}))
        assert (await visitor.get("/")).text == before
        assert (await visitor.get(f"/{name.removesuffix('.html')}")).status_code in {404, 418}


@pytest.mark.parametrize(
    "harm",
    [b"", b"half", gzip.compress(b"another page"), gzip.compress(b"x")[:10] + b"\xff" * 9],
    ids=["nothing", "half", "another", "broken"],  # what gzip makes has the time in it, and a name may not change
)
async def test_a_broken_twin_is_never_sent(folder: Path, harm: bytes) -> None:
    write(folder, render(page()))
    (folder / "index.html.gz").write_bytes(harm)
    async with visiting(folder) as visitor:
        assert "Everything is working." in (await visitor.get("/", headers={"Accept-Encoding": "gzip"})).text


async def test_half_a_page_is_never_shown(visitor: httpx.AsyncClient, folder: Path) -> None:
    before = (await visitor.get("/")).text
    # The stamp is read while a worker is in the middle of the page after it.
    files = render(page(components=[component("shop")], rendered_at=NOW + timedelta(seconds=1)))
    (folder / "stamp.json").write_bytes(files["stamp.json"])
    (folder / "index.html").write_text("half")
    assert (await visitor.get("/")).text == before
    write(folder, render(page(components=[component("shop")], rendered_at=NOW + timedelta(seconds=2))))
    assert "Shop" in (await visitor.get("/")).text


async def test_a_worker_that_is_killed_after_the_stamp_leaves_a_whole_page(folder: Path) -> None:
    write(folder, render(page()))
    shown = page(components=[component("shop")], incidents=[incident("Mail is late")])
    files = render(replace(shown, rendered_at=NOW + timedelta(seconds=1)))
    for name in ("index.html.gz", "history.html.gz"):
        (folder / name).unlink()
        (folder / name).mkdir()
    async with visiting(folder) as visitor:
        with pytest.raises(OSError, match="directory"):
            write(folder, files)
        for address, path in {"/": "index.html", "/history": "history.html", "/incidents/inc000000001": ""}.items():
            assert (await visitor.get(address)).content == files[path or f"{address[1:]}.html"]


@pytest.mark.parametrize(
    "harm",
    [b"", b"{", b'{"files": 3}', b"[]", *(
        b'{"files": {"index.html": "0"}, "carried": %s}' % carried
        for carried in (b"3", b'{"index.html": 3}', b'{"index.html": "!"}', b'{"index.html": "H4sIAAAAAAACA8tIBACs"}')
    )],
)  # fmt: skip
async def test_a_broken_stamp_changes_nothing(visitor: httpx.AsyncClient, folder: Path, harm: bytes) -> None:
    before = (await visitor.get("/")).text
    (folder / "stamp.json").write_bytes(harm)
    assert (await visitor.get("/")).text == before
