"""Addresses as SMTP wants them: what is plain ASCII passes at once, the rest is translated or refused with a reason."""

from __future__ import annotations

import re

import idna

from tocsin.domain.errors import AddressDead

# RFC 5321's dot-string at a domain, no longer than an envelope allows. No quoted local parts: nobody subscribes one.
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*").fullmatch
_LOCAL = re.compile(r"[^\x00-\x20\x7f-\xa0()<>@,;:\\\"\[\]\u2028\u2029]+").fullmatch
# Both in octets (RFC 5321, 4.5.3.1).
_LONGEST_LOCAL = 64
_LONGEST = 254


def encode(address: str) -> bytes:
    """Return `address` for the envelope, its domain in ASCII; non-ASCII bytes mean that SMTPUTF8 is needed.

    Raise AddressDead where no mail server could take it.
    """
    if _PLAIN(address) and len(address) <= _LONGEST:
        return address.encode()
    local, _, domain = address.rpartition("@")
    if len(address) > _LONGEST or not _LOCAL(local) or not local.isprintable():
        raise AddressDead("This is no address that mail can be sent to.")
    if len(local.encode()) > _LONGEST_LOCAL:
        raise AddressDead("What stands before the @ in this address is longer than mail can carry.")
    try:
        whole = local.encode() + b"@" + idna.encode(domain, uts46=True)
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressDead(f"The domain of this address cannot exist: {error}") from error
    if len(whole) > _LONGEST:
        raise AddressDead("This address is longer than mail can carry.")
    return whole
