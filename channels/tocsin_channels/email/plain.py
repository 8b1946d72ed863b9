"""Mail over one connection to a server that wants one command at a time: slower, and every reply checked alike."""

from __future__ import annotations

from tocsin.domain.channel import Result
from tocsin.domain.errors import Ambiguous, DeliveryError, TryAgain
from tocsin_channels.email import envelope
from tocsin_channels.email.answers import CLOSING, Stage, classify, succeeded
from tocsin_channels.email.batch import Batch
from tocsin_channels.email.letter import Copy
from tocsin_channels.email.server import Patience
from tocsin_channels.email.wire import Lost, Wire


async def carry(wire: Wire, batch: Batch, patience: Patience) -> None:
    """Carry mails until none is left or the connection ends; each that was taken is answered for or put back."""
    try:
        while wire.is_usable and (copy := batch.take()) is not None:
            await _carry_one(wire, batch, patience, copy)
    except BaseException:
        wire.abort("Sending was cancelled.")
        raise


async def _carry_one(wire: Wire, batch: Batch, patience: Patience, copy: Copy) -> None:
    hurdle = envelope.hurdle(copy, wire.features)
    if hurdle is not None:
        batch.answer(copy, hurdle)
        return
    try:
        refusal = await _open(wire, patience, copy)
    except Lost as lost:
        batch.put_back(copy, lost)
        return
    if refusal is None:
        batch.begin(copy)
        batch.answer(copy, await _send_data(wire, patience, copy))
        return
    stage, error = refusal
    if error.code == CLOSING:
        wire.abort("The SMTP server is closing the connection.")
        if stage is Stage.MAIL and isinstance(error, TryAgain):
            batch.put_back(copy, error)
            return
    batch.answer(copy, error)
    if wire.is_usable:
        await _clear(wire, patience)


async def _open(wire: Wire, patience: Patience, copy: Copy) -> tuple[Stage, DeliveryError] | None:
    """Go as far as 354; return where and why that failed, None where it didn't."""
    steps = (
        (Stage.MAIL, envelope.mail(copy), 2),
        (Stage.RCPT, envelope.rcpt(copy), 2),
        (Stage.DATA, b"DATA\r\n", 3),
    )
    for stage, line, first_digit in steps:
        reply = await wire.command(line, patience.command)
        if reply.code // 100 != first_digit:
            return stage, classify(reply, stage)
    return None


async def _send_data(wire: Wire, patience: Patience, copy: Copy) -> Result:
    try:
        reply = await wire.command(copy.data, patience.dot)
    except Lost as error:
        return Ambiguous(f"The whole message was sent, but no answer came. {error.note}")
    if reply.code == CLOSING:
        wire.abort("The SMTP server is closing the connection.")
    if succeeded(reply.code):
        return envelope.accepted(reply.code, reply.text.encode())
    return classify(reply, Stage.DOT)


async def _clear(wire: Wire, patience: Patience) -> None:
    try:
        await wire.command(b"RSET\r\n", patience.command)
    except Lost:
        return  # the next mail finds the connection unusable and another one is opened
