"""Delivery reports (RFC 3464) that practice addresses send a second later, as a mail server hands them on to us."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from email.utils import formatdate

import httpx
import structlog

from tocsin.practice.behaviour import behaviour_of
from tocsin.practice.outbox import Due, Outbox

_AFTER_SECONDS = 1.0
_AGAIN_SECONDS = 2.0
_HEADERS_SHOWN = 4_096
_WORDS = {
    "5.1.1": "550 5.1.1 There is no such mailbox here",
    "4.4.1": "451 4.4.1 The mailbox's server does not answer; we keep trying",
}

log = structlog.get_logger()


class Reporter:
    """Posts what is due to `url`, with `token`; what finds nobody listening is posted again later."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, outbox: Outbox) -> None:
        self._task = asyncio.create_task(self._run(outbox))

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def wake(self) -> None:
        self._woken.set()

    async def _run(self, outbox: Outbox) -> None:
        async with httpx.AsyncClient(timeout=5.0) as client:
            while True:
                self._woken.clear()
                due = outbox.due()
                if not due:
                    await self._woken.wait()
                    continue
                await asyncio.sleep(_AFTER_SECONDS)
                posted = [await self._post(client, outbox, one) for one in due]
                if not all(posted):
                    await asyncio.sleep(_AGAIN_SECONDS)

    async def _post(self, client: httpx.AsyncClient, outbox: Outbox, due: Due) -> bool:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "message/rfc822"}
        try:
            answer = await client.post(self._url, content=delivery_report(due), headers=headers)
        except httpx.TransportError as error:
            log.info("practice.report_waits", why=str(error))
            return False
        if answer.is_server_error:
            log.info("practice.report_waits", why=answer.status_code)
            return False
        if answer.is_client_error:
            log.warning("practice.report_refused", status=answer.status_code, answer=answer.text[:300])
        outbox.mark_sent(due)
        return True


def delivery_report(due: Due) -> bytes:
    """Return the mail that a mail server would send to the envelope sender of `due`."""
    report = behaviour_of(due.recipient).report
    assert report is not None
    action, status = report
    headers = due.raw[:_HEADERS_SHOWN].partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    lines = (
        f"X-Original-To: {due.sender}",
        "From: Mail Delivery System <MAILER-DAEMON@practice.localhost>",
        f"To: {due.sender}",
        f"Date: {formatdate()}",
        f"Message-ID: <report-{due.id}@practice.localhost>",
        f"Subject: {'Undelivered mail returned to sender' if action == 'failed' else 'Delayed mail'}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="report"',
        "",
        "--report",
        "Content-Type: text/plain; charset=utf-8",
        "",
        f"Your message to {due.recipient} was not delivered: {_WORDS[status]}",
        "",
        "--report",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; practice.localhost",
        f"X-Original-Message-Sender: rfc822; {due.sender}",
        "",
        f"Final-Recipient: rfc822; {due.recipient}",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {_WORDS[status]}",
        "",
        "--report",
        "Content-Type: text/rfc822-headers; charset=utf-8",
        "",
        headers.replace("\r\n", "\n"),
        "",
        "--report--",
        "",
    )
    return "\n".join(lines).replace("\n", "\r\n").encode("utf-8", "replace")
