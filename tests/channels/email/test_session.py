"""Opening a session: TLS in its four kinds, signing in, and what keeps us from it."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable

import pytest

from mail_to_send import post
from scripted_smtp import Answer, Scripted, served, until
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import ProviderDown, Refused, TryAgain
from tocsin_channels.email.channel import EmailChannel
from tocsin_channels.email.server import Server, Tls

ChannelTo = Callable[..., EmailChannel]
OFFERS_TLS = ("PIPELINING", "STARTTLS")
OFFERS_AUTH = ("PIPELINING", "AUTH PLAIN LOGIN")


@pytest.mark.usefixtures("trusted")
async def test_starttls_is_used_where_it_is_offered(server_tls: ssl.SSLContext, channel_to: ChannelTo) -> None:
    async with served(Scripted(features=OFFERS_TLS, tls=server_tls)) as server:
        channel = channel_to(server.port, url=f"smtp://localhost:{server.port}")
        assert isinstance((await post(channel, "a@example.com"))[0], Accepted)
        assert "with TLS" in await channel.check()
    assert [line.partition(" ")[0] for line in server.lines[:3]] == ["EHLO", "STARTTLS", "EHLO"]


@pytest.mark.usefixtures("trusted")
async def test_tls_from_the_first_byte_on(server_tls: ssl.SSLContext, channel_to: ChannelTo) -> None:
    async with served(Scripted(), tls=server_tls) as server:
        channel = channel_to(server.port, url=f"smtps://localhost:{server.port}")
        assert isinstance((await post(channel, "a@example.com"))[0], Accepted)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_nobody_vouches_for_is_refused_unless_told_otherwise(
    scheme: str, server_tls: ssl.SSLContext, channel_to: ChannelTo
) -> None:
    implicit = server_tls if scheme == "smtps" else None
    async with served(Scripted(features=OFFERS_TLS, tls=server_tls), tls=implicit) as server:
        url = f"{scheme}://localhost:{server.port}"
        (result,) = await post(channel_to(server.port, url=url), "a@example.com")
        assert isinstance(result, ProviderDown)
        assert "cannot be trusted" in result.note
        assert server.mails == []
        (result,) = await post(channel_to(server.port, url=f"{url}?verify=off"), "a@example.com")
        assert isinstance(result, Accepted)


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_for_another_name_is_refused(server_tls: ssl.SSLContext, channel_to: ChannelTo) -> None:
    async with served(Scripted(features=OFFERS_TLS, tls=server_tls)) as server:
        (result,) = await post(channel_to(server.port, url=f"smtp://127.0.0.2:{server.port}"), "a@example.com")
    assert isinstance(result, TryAgain)


async def test_required_tls_is_not_given_up(channel_to: ChannelTo) -> None:
    async with served(Scripted()) as server:
        (result,) = await post(channel_to(server.port, starttls="require"), "a@example.com")
    assert isinstance(result, ProviderDown)
    assert server.mails == []


@pytest.mark.usefixtures("trusted")
async def test_words_slipped_in_before_tls_end_the_session(server_tls: ssl.SSLContext, channel_to: ChannelTo) -> None:
    slipped: dict[str, Answer] = {"STARTTLS": lambda _: "220 go on\r\n250 slipped in by somebody on the way"}
    async with served(Scripted(slipped, OFFERS_TLS, tls=server_tls)) as server:
        (result,) = await post(channel_to(server.port, url=f"smtp://localhost:{server.port}"), "a@example.com")
    assert isinstance(result, TryAgain)
    assert server.mails == []


async def test_signing_in_with_plain(channel_to: ChannelTo) -> None:
    server = Scripted({"AUTH": lambda _: "235 2.7.0 welcome"}, OFFERS_AUTH)
    async with served(server):
        channel = channel_to(server.port, url=f"smtp://me%40acme:p%3Ass@127.0.0.1:{server.port}")
        assert isinstance((await post(channel, "a@example.com"))[0], Accepted)
        assert "signed in as me@acme" in await channel.check()
    secret = base64.b64encode(b"\0me@acme\0p:ss").decode()
    assert f"AUTH PLAIN {secret}" in server.lines


async def test_signing_in_with_login(channel_to: ChannelTo) -> None:
    user, password = (base64.b64encode(word).decode() for word in (b"me", b"secret"))
    answers: dict[str, Answer] = {
        "AUTH": lambda _: "334 VXNlcm5hbWU6",
        user.upper(): lambda _: "334 UGFzc3dvcmQ6",
        password.upper(): lambda _: "235 2.7.0 welcome",
    }
    async with served(Scripted(answers, ("PIPELINING", "AUTH=LOGIN"))) as server:
        channel = channel_to(server.port, url=f"smtp://me:secret@127.0.0.1:{server.port}")
        assert isinstance((await post(channel, "a@example.com"))[0], Accepted)


async def test_wrong_credentials_are_our_fault_and_are_said_without_the_password(channel_to: ChannelTo) -> None:
    server = Scripted({"AUTH": lambda _: "535 5.7.8 bad credentials"}, OFFERS_AUTH)
    async with served(server):
        channel = channel_to(server.port, url=f"smtp://me:hunter2@127.0.0.1:{server.port}")
        results = await post(channel, "a@example.com", "b@example.com")
        with pytest.raises(ProviderDown, match="535") as refused:
            await channel.check()
    assert all(isinstance(result, ProviderDown) for result in results)
    assert "hunter2" not in refused.value.note
    assert server.sessions == 2  # one for the batch, one for the check: what is wrong stays wrong


@pytest.mark.parametrize(
    ("url", "starttls", "encrypted", "allowed"),
    [
        ("smtp://me:secret@mail.example.com", "auto", False, False),
        ("smtp://me:secret@mail.example.com", "require", False, False),
        ("smtp://me:secret@mail.example.com", "auto", True, True),
        ("smtp://me:secret@mail.example.com", "never", False, True),
        ("smtp://me:secret@127.0.0.1", "auto", False, True),
        ("smtp://me:secret@[::1]", "auto", False, True),
        ("smtp://me:secret@localhost.example.com", "auto", False, False),
    ],
)
def test_a_password_goes_to_another_machine_in_clear_only_where_an_operator_said_so(
    *, url: str, starttls: str, encrypted: bool, allowed: bool
) -> None:
    server = Server.parse(url, starttls)
    assert server.may_send_password(encrypted=encrypted) is allowed
    assert "secret" not in repr(server)


async def test_a_server_of_before_ehlo_is_spoken_to_as_it_can(channel_to: ChannelTo) -> None:
    async with served(Scripted({"EHLO": lambda _: "502 what?"})) as server:
        assert isinstance((await post(channel_to(server.port), "a@example.com"))[0], Accepted)
    assert any(line.startswith("HELO ") for line in server.lines)


async def test_check_says_what_it_found(channel_to: ChannelTo) -> None:
    async with served(Scripted()) as server:
        said = await channel_to(server.port).check()
        await until(lambda: server.ended == 1)
    found = "without TLS, without sign-in, without DKIM of ours, pipelined"
    assert said == f"127.0.0.1:{server.port} answers 250, {found}"
    assert server.lines[-2:] == ["NOOP", "QUIT"]


@pytest.mark.parametrize("url", ["", "mail.example.com", "http://mail", "smtp://", "smtp://host/path", "smtp://h?v=1"])
def test_a_url_that_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="is named like"):
        Server.parse(url)


def test_the_usual_ports() -> None:
    assert Server.parse("smtp://mail.example.com") == Server("mail.example.com", 25, Tls.AUTO)
    assert Server.parse("smtps://mail.example.com", "never") == Server("mail.example.com", 465, Tls.IMPLICIT)
