"""Makes operators' accounts for the console."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from argon2 import PasswordHasher
from email_validator import EmailNotValidError, validate_email
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.errors import Conflict, Refused
from tocsin.store import operators as store
from tocsin.store.engine import begin

_SHORTEST: Final = 12
_LONGEST: Final = 200


async def create_operator(engine: AsyncEngine, email: str, password: str, *, anew: bool = False) -> None:
    """Make an account; `anew`: give an account that exists this password, and sign it out everywhere."""
    try:
        address = validate_email(email, check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError as error:
        raise Refused(f"This is no e-mail address: {error}", field="email") from error
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise Refused(f"A password has {_SHORTEST} to {_LONGEST} characters.", field="password")
    hashed = await asyncio.to_thread(PasswordHasher().hash, password)
    async with begin(engine) as connection:
        if await store.insert(connection, address, hashed):
            return
        if not anew:
            raise Conflict(f"{address} has an account already. Add --reset to give it a new password.")
        await store.change_password(connection, address, hashed)


def new_password() -> str:
    """Return a password that nobody has to think up: 120 random bits."""
    return secrets.token_urlsafe(15)
