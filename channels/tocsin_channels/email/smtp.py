"""E-mail by plain SMTP: to a server of our own or of a provider."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from tocsin.domain.answers import Begins, begins_of
from tocsin.domain.channel import Answered, Message, Receipt
from tocsin.domain.errors import DeliveryError, Refused
from tocsin_channels.email import receipts
from tocsin_channels.email.courier import Courier
from tocsin_channels.email.dkim_signer import DkimSigner
from tocsin_channels.email.letter import Bounces, Copy, Letter
from tocsin_channels.email.server import Patience, Server
from tocsin_channels.email.session import open_session

_SIGNED_AT_ONCE: Final = 50


class Smtp:
    """`receipt_token` is what whoever posts bounces to us must know; none are taken where it is empty."""

    name = "smtp"

    def __init__(
        self,
        server: Server,
        bounces: Bounces,
        receipt_token: str,
        connections: int = 4,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        signer: DkimSigner | None = None,
    ) -> None:
        self._signer = signer
        self.bounces = bounces
        self._server = server
        self._patience = patience
        self._courier = Courier(server, patience, connections)
        self._receipt_token = receipt_token

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        begins = begins_of(answered)
        copies: list[Copy] = []
        for index, message in enumerate(messages):
            letter = message.rendered
            assert isinstance(letter, Letter)
            try:
                copies.append(letter.copy(index, message, self.bounces))
            except DeliveryError as error:
                answered(index, error)
        if self._signer is None:
            await self._courier.send(copies, answered, begins)
        else:
            await self._send_signed(self._signer, copies, answered, begins)

    async def _send_signed(
        self, signer: DkimSigner, copies: Sequence[Copy], answered: Answered, begins: Begins
    ) -> None:
        """Hand over some while the next are signed."""
        chunks = [copies[at : at + _SIGNED_AT_ONCE] for at in range(0, len(copies), _SIGNED_AT_ONCE)]
        following: asyncio.Task[list[Copy]] | None = None
        for number, chunk in enumerate(chunks):
            signed = await (following or signer.sign_all(chunk))
            rest = chunks[number + 1 : number + 2]
            following = asyncio.create_task(signer.sign_all(rest[0])) if rest else None
            try:
                await self._courier.send(signed, answered, begins)
            except BaseException:
                if following is not None:
                    following.cancel()
                raise

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        """Read a bounce as a mail server got it; `Authorization: Bearer …` must carry our receipt token."""
        del url
        given = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
        if not self._receipt_token or not hmac.compare_digest(given.encode(), f"Bearer {self._receipt_token}".encode()):
            raise Refused("Bounces are posted with the header Authorization: Bearer <email.receipt_token>.")
        return receipts.read(raw)

    async def check(self) -> str:
        wire = await open_session(self._server, self._patience)
        reply = await wire.command(b"NOOP\r\n", self._patience.command)
        encrypted = wire.transport.get_extra_info("sslcontext") is not None
        wire.quit()
        facts = (
            f"{self._server.name} answers {reply.code}",
            "with TLS" if encrypted else "without TLS",
            f"signed in as {self._server.user}" if self._server.user else "without sign-in",
            "signed with DKIM" if self._signer is not None else "without DKIM of ours",
            "pipelined" if "PIPELINING" in wire.features else "one command at a time",
        )
        return ", ".join(facts)

    async def close(self) -> None:
        await self._courier.close()
