"""From a server's name to a connection that is ready for mail: greeting, EHLO, TLS and AUTH, each reply checked."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl

import tenacity

from tocsin.domain.errors import ProviderDown, TryAgain
from tocsin_channels.email.answers import Reply, Stage, classify
from tocsin_channels.email.server import Patience, Server, Tls
from tocsin_channels.email.wire import Wire

_TRIES = 3
_LONGEST_SECONDS = 15.0


async def open_session(server: Server, patience: Patience) -> Wire:
    """Return a connection that is ready for MAIL. Faults of the network are tried again within some seconds."""
    tries = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(_TRIES) | tenacity.stop_after_delay(_LONGEST_SECONDS),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
        retry=tenacity.retry_if_exception(lambda e: isinstance(e, TryAgain) and not isinstance(e, ProviderDown)),
        reraise=True,
    )
    return await tries(_open, server, patience)


async def _open(server: Server, patience: Patience) -> Wire:
    wire = await _connect(server, patience)
    try:
        _expect(await wire.command(b"", patience.command), 220)
        await _greet(wire, patience)
        if server.tls is not Tls.IMPLICIT:
            await _encrypt(wire, server, patience)
        if server.user:
            await _sign_in(wire, server, patience)
    except BaseException:
        wire.abort("The session was given up.")
        raise
    return wire


async def _connect(server: Server, patience: Patience) -> Wire:
    loop = asyncio.get_running_loop()
    implicit = server.tls is Tls.IMPLICIT
    try:
        async with asyncio.timeout(patience.connect):
            _, wire = await loop.create_connection(
                Wire,
                server.host,
                server.port,
                ssl=server.tls_context() if implicit else None,
                server_hostname=server.host if implicit else None,
            )
    except TimeoutError as error:
        raise TryAgain(f"The SMTP server {server.name} could not be reached within {patience.connect:g} s.") from error
    except OSError as error:
        raise _fault(server, error) from error
    return wire


async def _greet(wire: Wire, patience: Patience) -> None:
    reply = await wire.command(b"EHLO %b\r\n" % _own_name(wire), patience.command)
    if reply.code in {500, 502, 504}:  # a server of before 1995
        _expect(await wire.command(b"HELO %b\r\n" % _own_name(wire), patience.command), 250)
        wire.features = frozenset()
        return
    _expect(reply, 250)
    offered = [line.upper().replace("AUTH=", "AUTH ").split() for line in reply.text.split("\n")[1:]]
    wire.features = frozenset(words[0] for words in offered if words)
    wire.mechanisms = frozenset(word for words in offered if words[:1] == ["AUTH"] for word in words[1:])


async def _encrypt(wire: Wire, server: Server, patience: Patience) -> None:
    offered = "STARTTLS" in wire.features
    if server.tls is Tls.NEVER or (not offered and server.tls is Tls.AUTO):
        return
    if not offered:
        raise ProviderDown(f'{server.name} offers no STARTTLS, and email.starttls is "require".')
    _expect(await wire.command(b"STARTTLS\r\n", patience.command), 220)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience.command):
            transport = await loop.start_tls(wire.transport, wire, server.tls_context(), server_hostname=server.host)
    except TimeoutError as error:
        raise TryAgain(f"{server.name} did not finish the TLS handshake.") from error
    except OSError as error:
        raise _fault(server, error) from error
    if transport is None:
        raise TryAgain(f"{server.name} closed the connection during the TLS handshake.")
    wire.upgrade(transport)
    await _greet(wire, patience)


async def _sign_in(wire: Wire, server: Server, patience: Patience) -> None:
    encrypted = wire.transport.get_extra_info("sslcontext") is not None
    if not server.may_send_password(encrypted=encrypted):
        raise ProviderDown(
            f"{server.name} offers no encryption, so the password was not sent. Use smtps://, or set email.starttls to "
            '"never" to send it in clear all the same.'
        )
    if "PLAIN" in wire.mechanisms:
        secret = base64.b64encode(f"\0{server.user}\0{server.password}".encode())
        reply = await wire.command(b"AUTH PLAIN %b\r\n" % secret, patience.command)
    elif "LOGIN" in wire.mechanisms:
        _expect(await wire.command(b"AUTH LOGIN\r\n", patience.command), 334)
        _expect(await wire.command(base64.b64encode(server.user.encode()) + b"\r\n", patience.command), 334)
        reply = await wire.command(base64.b64encode(server.password.encode()) + b"\r\n", patience.command)
    else:
        raise ProviderDown(f"{server.name} takes neither AUTH PLAIN nor AUTH LOGIN, but the URL has a user name.")
    _expect(reply, 235)


def _expect(reply: Reply, code: int) -> None:
    if reply.code != code:
        raise classify(reply, Stage.SESSION)


def _fault(server: Server, error: OSError) -> TryAgain:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ProviderDown(
            f"The certificate of {server.name} cannot be trusted: {error.verify_message}. Mend it, or accept any "
            "certificate with ?verify=off in email.smtp_url."
        )
    if isinstance(error, ssl.SSLError):
        return TryAgain(f"{server.name} and we found no common TLS: {error.reason or error}.")
    return TryAgain(f"The SMTP server {server.name} could not be reached: {error.strerror or error}.")


def _own_name(wire: Wire) -> bytes:
    """Return what EHLO says we are: a full host name, else the address literal that stands in for one."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name.encode()
    address = str(wire.transport.get_extra_info("sockname")[0]).partition("%")[0]
    return (f"[IPv6:{address}]" if ":" in address else f"[{address}]").encode()
