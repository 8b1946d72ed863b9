"""Mail over one connection that takes commands in bulk (RFC 2920): one round trip a mail, one state machine.

The data of a mail and the envelope of the next go out in one write, so the replies to read are: final dot, MAIL, RCPT,
DATA, final dot, … A refused envelope is cleared by RSET, or by a lone dot where DATA was granted all the same.
"""

from __future__ import annotations

import asyncio

from tocsin.domain.errors import Ambiguous, DeliveryError, TryAgain
from tocsin_channels.email import envelope
from tocsin_channels.email.answers import CLOSING, READY, Reply, Stage, classify, succeeded
from tocsin_channels.email.batch import Batch
from tocsin_channels.email.letter import Copy
from tocsin_channels.email.server import Patience
from tocsin_channels.email.wire import Lost, Wire

# What the next reply answers, in their order. Plain ints: they are compared five times a mail.
_MAIL, _RCPT, _DATA, _DOT, _CLEARED = range(5)
_HELD_UP_SECONDS = 1.0


class Pipeline:
    """`opening` is the mail whose envelope went out, `dotted` the one whose data did and which awaits its answer.

    Where that answer is slow, `opening` is passed on to a connection that is free. Its envelope has gone out here too,
    to be answered with leave to send its data, so this connection ends with the slow answer: no data, no mail.
    """

    def __init__(self, wire: Wire, batch: Batch, patience: Patience) -> None:
        self._wire = wire
        self._batch = batch
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._opening: Copy | None = None
        self._dotted: Copy | None = None
        self._refusal: DeliveryError | None = None
        self._passed_on = False
        self._step = _MAIL
        self._written_at = 0.0

    async def run(self) -> None:
        """Carry mails until none is left or the connection ends; each that was taken is answered for or put back."""
        if not self._wire.is_usable:
            return
        self._wire.hear, self._wire.end = self._hear, self._end
        try:
            self._go_on(b"", _MAIL)
            self._look_at_clock()
            await self._done
        except BaseException:
            self._wire.abort("Sending was cancelled.")
            raise
        finally:
            self._wire.hear = self._wire.end = None
            if self._timer is not None:
                self._timer.cancel()

    def _go_on(self, data: bytes, step: int) -> None:
        """Send `data`, whose reply answers `step`, and the envelope of the next mail with it."""
        self._refusal = None
        self._passed_on = False
        self._step = step
        self._opening = copy = self._next()
        if copy is not None:
            data += envelope.opening(copy)
        elif not data:
            self._finish()
            return
        self._written_at = self._loop.time()
        self._wire.write(data)

    def _next(self) -> Copy | None:
        while (copy := self._batch.take()) is not None:
            hurdle = envelope.hurdle(copy, self._wire.features)
            if hurdle is None:
                return copy
            self._batch.answer(copy, hurdle)
        return None

    def _hear(self, code: int, text: bytes) -> None:
        step = self._step
        if step >= _DOT:
            if step == _DOT:
                self._answer_dotted(code, text)
            self._step = _MAIL
            if code == CLOSING or self._passed_on:
                self._leave()
            elif self._opening is None:
                self._finish()
            else:
                self._written_at = self._loop.time()
        elif step == _DATA:
            self._hear_data(code, text)
        else:
            self._step = step + 1
            if not succeeded(code):
                self._hear_refusal(code, text, Stage.MAIL if step == _MAIL else Stage.RCPT)

    def _hear_refusal(self, code: int, text: bytes, stage: Stage) -> None:
        if self._refusal is None:
            self._refusal = classify(_reply(code, text), stage)
        if code == CLOSING:
            self._hear_closing(stage)

    def _hear_closing(self, stage: Stage) -> None:
        copy, self._opening = self._opening, None
        assert isinstance(self._refusal, TryAgain)
        if copy is None:
            pass
        elif stage is Stage.MAIL:  # about the session, not about this mail: another connection may carry it
            self._batch.put_back(copy, self._refusal)
        else:
            self._batch.answer(copy, self._refusal)
        self._leave()

    def _hear_data(self, code: int, text: bytes) -> None:
        copy, self._opening = self._opening, None
        if code == READY and self._refusal is None and copy is not None:
            self._begin(copy)
            return
        if copy is not None:
            self._batch.answer(copy, self._refusal or classify(_reply(code, text), Stage.DATA))
        if code == CLOSING:
            self._leave()
        elif code == READY:  # nobody is left to send to: an empty mail, which the server refuses
            self._go_on(b".\r\n", _CLEARED)
        else:
            self._go_on(b"RSET\r\n", _CLEARED)

    def _begin(self, copy: Copy) -> None:
        """Send the data of a mail, unless nothing may go out any more: that ends the whole batch."""
        try:
            self._batch.begin(copy)
        except Exception as error:  # noqa: BLE001 - it is for whoever awaits `run`, not for the event loop
            self._done.set_exception(error)
            self._wire.abort("Nothing may go out any more.")
            return
        self._dotted = copy
        self._go_on(copy.data, _DOT)

    def _answer_dotted(self, code: int, text: bytes) -> None:
        copy, self._dotted = self._dotted, None
        assert copy is not None
        if succeeded(code):
            self._batch.answer(copy, envelope.accepted(code, text))
        else:
            self._batch.answer(copy, classify(_reply(code, text), Stage.DOT))

    def _leave(self) -> None:
        """End a connection that the server is closing; what it hadn't begun goes to another one."""
        self._wire.abort("The SMTP server is closing the connection.")

    def _end(self, why: Lost) -> None:
        if self._dotted is not None:
            copy, self._dotted = self._dotted, None
            self._batch.answer(copy, Ambiguous(f"The whole message was sent, but no answer came. {why.note}"))
        if self._opening is not None:  # nothing but its envelope went out: it cannot have been accepted
            copy, self._opening = self._opening, None
            self._batch.put_back(copy, why)
        self._finish()

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _look_at_clock(self) -> None:
        if self._done.done():
            return
        waited = self._loop.time() - self._written_at
        allowed = self._patience.dot if self._step == _DOT else self._patience.command
        if waited >= allowed:
            self._give_up(f"The SMTP server did not answer within {allowed:g} s.")
            return
        is_held_up = self._step == _DOT and waited >= _HELD_UP_SECONDS
        if is_held_up and self._opening is not None and self._batch.has_free_hand:
            copy, self._opening = self._opening, None
            self._passed_on = True
            self._batch.pass_on(copy)
        next_look = _HELD_UP_SECONDS - waited if waited < _HELD_UP_SECONDS else _HELD_UP_SECONDS
        self._timer = self._loop.call_later(min(allowed - waited, next_look), self._look_at_clock)

    def _give_up(self, why: str) -> None:
        if self._dotted is None and self._opening is not None:  # it had its time: no other connection waits for it too
            copy, self._opening = self._opening, None
            self._batch.answer(copy, TryAgain(why))
        self._wire.abort(why)


def _reply(code: int, text: bytes) -> Reply:
    return Reply(code, text.decode("utf-8", "replace"))
