"""Lets an operator in: an unknown address and a wrong password get the same answer after the same time."""

from __future__ import annotations

import asyncio
import base64
import secrets
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.settings import Web
from tocsin.store import sessions
from tocsin.store.engine import begin

_hasher = PasswordHasher()
# Each verification takes 64 MiB and some tens of milliseconds of a core.
_at_once = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An operator at work. `csrf` must come with everything that this session's forms do."""

    id: int
    email: str
    csrf: str


async def sign_in(engine: AsyncEngine, email: str, password: str, web: Web) -> str | None:
    """Return the secret of a new session, None where e-mail address and password don't belong together."""
    async with begin(engine) as connection:
        operator = await sessions.operator_by_email(connection, email.strip())
    async with _at_once:
        right = await asyncio.to_thread(_verify, operator.password if operator else _nobodys(), password)
    if operator is None or not right:
        return None
    secret = secrets.token_urlsafe(32)
    async with begin(engine) as connection:
        await sessions.remove_old(connection, hours=web.session_hours)
        await sessions.insert(connection, _digest(secret), operator.id)
    return secret


async def find_session(engine: AsyncEngine, secret: str, web: Web, *, by_hand: bool) -> SignedIn | None:
    """Return who is signed in with `secret`; only what is done `by_hand` keeps the session from going idle."""
    digest = _digest(secret)
    async with begin(engine) as connection:
        found = await sessions.find(connection, digest, idle_minutes=web.session_idle_minutes, hours=web.session_hours)
        if found is None:
            return None
        if by_hand:
            await sessions.touch(connection, digest)
    return SignedIn(found[0], found[1], csrf_token(secret))


async def sign_out(engine: AsyncEngine, secret: str) -> None:
    async with begin(engine) as connection:
        await sessions.end(connection, _digest(secret))


def csrf_token(secret: str) -> str:
    """Return the token that only pages made for this session know."""
    return base64.urlsafe_b64encode(sha256(b"csrf:" + secret.encode()).digest()[:18]).decode()


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """Return the hash of a password that nobody knows, so that an unknown address costs as much as a known one."""
    return _hasher.hash(secrets.token_urlsafe(32))
