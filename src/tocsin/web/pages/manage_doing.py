"""One press of a button on the manage page: who pressed it, what stands in its form, and what they read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from tocsin.domain.errors import NotFound
from tocsin.domain.language import Language
from tocsin.store.subscribers import Endpoint, Subscriber
from tocsin.web.caller import caller_network
from tocsin.web.deps import Site
from tocsin.web.pages.manage_view import Notes

_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Doing:
    """One press of a button by whoever holds the link `token` of the subscriber `who`."""

    site: Site
    request: Request
    form: FormData
    who: Subscriber
    token: str
    language: Language

    @property
    def secret(self) -> str:
        return self.site.settings.secret.get_secret_value()

    @property
    def network(self) -> str:
        return caller_network(self.request)

    @property
    def endpoint(self) -> Endpoint:
        """Return the address that the button stands beside; raise NotFound where it is not theirs."""
        wanted = self.text("endpoint")
        for one in self.who.endpoints:
            if one.public_id == wanted:
                return one
        raise NotFound("There is no such address of theirs any more.")

    def text(self, name: str) -> str:
        value = self.form.get(name)
        return value[:_LONGEST].strip() if isinstance(value, str) else ""


Deed = Callable[[Doing], Awaitable[Response | Notes]]
