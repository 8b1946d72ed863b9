"""Which SMTP server carries our mail, and how it is spoken to: read from one URL."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

from tocsin.domain.errors import Refused

_PORTS = {"smtp": 25, "smtps": 465}


class Tls(StrEnum):
    """`auto` encrypts where the server offers STARTTLS, `require` refuses to send where it doesn't."""

    AUTO = "auto"
    REQUIRE = "require"
    NEVER = "never"
    IMPLICIT = "implicit"  # from the first byte on, as smtps:// asks for


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, for the reply to a command, and for the reply to the final dot (RFC 5321, 4.5.3.2)."""

    connect: float = 10.0
    command: float = 30.0
    dot: float = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """One SMTP server. `user` is empty where we don't sign in; `verify` False accepts any certificate."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, url: str, starttls: str = "auto") -> Server:
        """Read `smtp://[user:password@]host[:port][?verify=off]`, or smtps:// for TLS from the first byte on."""
        refused = Refused(
            "The SMTP server is named like smtp://user:password@mail.example.com:587 or smtps://…:465; "
            "?verify=off accepts any certificate. What is special in a password is percent-encoded.",
            field="email.smtp_url",
        )
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise refused from None  # its words would quote a part of the password
        query = parse_qs(parts.query)
        beside = parts.path.strip("/") or parts.fragment or set(query) - {"verify"}
        if parts.scheme not in _PORTS or not parts.hostname or beside:
            raise refused
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            tls=Tls.IMPLICIT if parts.scheme == "smtps" else Tls(starttls),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            verify=query.get("verify") != ["off"],
        )

    def may_send_password(self, *, encrypted: bool) -> bool:
        """Tell whether the password may go over the line: not in clear to another machine, unless TLS was ruled out."""
        return encrypted or self.tls is Tls.NEVER or _is_loopback(self.host)

    def tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
