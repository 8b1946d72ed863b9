"""What tests of the e-mail channel stand on: an authority of their own, and channels that are closed afterwards."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import trustme

from mail_to_send import email_channel
from tocsin_channels.email.channel import EmailChannel


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process trust the test's own authority, the way an operator would."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.fixture
async def channel_to() -> AsyncIterator[Callable[..., EmailChannel]]:
    """Make channels as `email_channel` does."""
    made: list[EmailChannel] = []

    def make(*args: int, **wishes: object) -> EmailChannel:
        made.append(email_channel(*args, **wishes))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for channel in made:
        await channel.close()
