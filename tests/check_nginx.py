"""config/nginx.conf in a real nginx; part of `make check`, since the tests ask for no nginx."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tocsin.embedded.process import Command, end, spawn, wait_until

CONFIG = Path(__file__).parents[1] / "config/nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass
class Front:
    """A running nginx, its folder of pages, and the port at which the web would be."""

    port: int
    page: Path
    web_port: int

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {"Accept-Encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=named, trust_env=False)


class _Web(BaseHTTPRequestHandler):
    """Answers like the web: with a policy of its own, and saying what it was asked and through whom."""

    def do_GET(self) -> None:
        told = f"{self.path} for {self.headers['X-Forwarded-For']} by {self.headers['X-Forwarded-Proto']}".encode()
        self.send_response(200)
        self.send_header("Content-Security-Policy", "the web's own")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
        """Say nothing."""


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    assert NGINX, "nginx is missing"
    page, port, web_port = tmp_path / "page", _free_port(), _free_port()
    text = CONFIG.read_text()
    for there, here in [
        ("pid /tmp/nginx.pid", f"pid {tmp_path}/nginx.pid"),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        ("root /var/lib/tocsin/page", f"root {page}"),
        ("http://web:8000", f"http://127.0.0.1:{web_port}"),
        ("_temp_path /tmp/", f"_temp_path {tmp_path}/"),
        ("access_log /dev/stdout", f"access_log {tmp_path}/access.log"),
    ]:
        assert there in text
        text = text.replace(there, here)
    (tmp_path / "nginx.conf").write_text(f"user {tmp_path.owner()};\n{text}" if os.getuid() == 0 else text)
    for path in (
        "index.html",
        "history.html",
        "404.html",
        "incidents/abc.html",
        "static/t.12.css",
        "stamp.json",
        "de/index.html",
        "de/history.html",
    ):
        (page / path).parent.mkdir(parents=True, exist_ok=True)
        (page / path).write_text(f"the file {path}")
        (page / f"{path}.gz").write_bytes(gzip.compress(f"the file {path}, small".encode()))
    (page / "api/v2").mkdir(parents=True)
    (page / "api/v2/summary.json").write_text("{}")
    command = Command([NGINX, "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"], stop=signal.SIGQUIT)
    child = spawn(command, tmp_path / "nginx.log")
    assert wait_until(lambda: _listens(port), seconds=10), (tmp_path / "nginx.log").read_text()
    yield Front(port, page, web_port)
    end(child, signal.SIGQUIT, seconds=10)


@pytest.fixture
def web(front: Front) -> Iterator[None]:
    with _serving(front):
        yield


@contextmanager
def _serving(front: Front) -> Generator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", front.web_port), _Web)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_nginx_has_nothing_to_say_against_the_file(tmp_path: Path) -> None:
    assert NGINX, "nginx is missing"
    lines = f"pid {tmp_path}/pid;"
    text = (
        CONFIG.read_text().replace("pid /tmp/nginx.pid;", lines).replace("_temp_path /tmp/", f"_temp_path {tmp_path}/")
    )
    (tmp_path / "nginx.conf").write_text(text)
    tried = subprocess.run([NGINX, "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    # How many files may be open here says nothing about the file.
    said = [line for line in tried.stderr.splitlines() if "warn" in line and "open file resource limit" not in line]
    assert said == []


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/history", "history.html"),
        ("/incidents/abc", "incidents/abc.html"),
        ("/de/", "de/index.html"),
        ("/de", "de/index.html"),
        ("/de/history", "de/history.html"),
        ("/static/t.12.css", "static/t.12.css"),
    ],
)
def test_the_page_is_served_with_everything_behind_it_down(front: Front, path: str, file: str) -> None:
    answer = front.get(path)
    assert (answer.status_code, answer.text) == (200, f"the file {file}")
    assert answer.headers["ETag"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("immutable" in answer.headers["Cache-Control"]) == path.startswith("/static/")


def test_json_for_programs_is_served_too(front: Front) -> None:
    answer = front.get("/api/v2/summary.json")
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert answer.headers["Content-Type"].startswith("application/json")


def test_what_is_stored_compressed_goes_out_as_it_is(front: Front) -> None:
    answer = front.get("/", Accept_Encoding="gzip")
    assert answer.text == "the file index.html, small"


def test_an_unchanged_page_is_not_sent_again(front: Front) -> None:
    etag = front.get("/").headers["ETag"]
    assert front.get("/", If_None_Match=etag).status_code == 304


def test_without_the_web_the_api_says_when_to_try_again(front: Front) -> None:
    answer = front.get("/v1/incidents")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    assert "Idempotency-Key" in answer.json()["detail"]


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize("path", ["/v1/incidents?open=true", "/console", "/unsubscribe/token", "/healthz", "/docs"])
def test_the_rest_is_the_webs_and_its_own_words_stand(front: Front, path: str) -> None:
    answer = front.get(path, X_Forwarded_Proto="https")
    assert answer.text == f"{path} for 127.0.0.1 by https"
    assert answer.headers.get_list("Content-Security-Policy") == ["the web's own"]
    assert answer.headers.get_list("Cache-Control") == ["no-store"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.usefixtures("web")
def test_the_web_is_asked_where_no_page_was_ever_written(front: Front) -> None:
    shutil.rmtree(front.page)
    assert front.get("/").text.startswith("/ for")


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize("path", ["/metrics", "/stamp.json", "/.lock", "/incidents/.abc.html.1.new"])
def test_what_is_for_the_inside_stays_inside(front: Front, path: str) -> None:
    assert front.get(path).status_code == 404


def test_a_web_that_comes_back_is_found_again(front: Front) -> None:
    assert front.get("/v1/incidents").status_code == 503
    with _serving(front):
        assert front.get("/v1/incidents").status_code == 200
    assert front.get("/v1/incidents").status_code == 503
    assert front.get("/").status_code == 200
