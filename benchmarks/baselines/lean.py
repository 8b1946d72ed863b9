"""A task for each recipient in its own best form: nothing is read or rendered, one row is written, connections stay.

The task carries all that it needs, the mail is made by filling in bytes, each process keeps its SMTP and its database
connection, and the outcome is one prepared INSERT. What remains is what Celery takes to carry a task: `noop` does
nothing, and tells how much that is.
"""

from __future__ import annotations

import os
import smtplib
from functools import cache

import mail
import psycopg
from celery import Celery
from jinja2 import Environment

app = Celery("lean", broker=os.environ["BASELINE_BROKER"])
app.conf.update(
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=64,
    worker_disable_rate_limits=True,
    worker_send_task_events=False,
    task_send_sent_event=False,
)
_HEAD = (
    f"From: {mail.SENDER}\r\nTo: {{{{ name }}}} <{{{{ address }}}}>\r\nSubject: {mail.TITLE}\r\n"
    "Message-ID: <{{ token }}@example.com>\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    "List-Unsubscribe: <https://status.example.com/unsubscribe/{{ token }}>\r\n"
    'Content-Type: multipart/alternative; boundary="between"\r\n\r\n'
)
_PARTS = "".join(
    f"--between\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{words}\r\n"
    for kind, words in (("plain", mail.TEXT), ("html", mail.HTML))
)
_CRLF = Environment(newline_sequence="\r\n").from_string(_HEAD + _PARTS + "--between--\r\n")
_FILLED = _CRLF.render(title=mail.TITLE, body=mail.BODY, name="%(n)s", address="%(a)s", token="%(t)s")
LETTER = _FILLED.replace("100%", "100%%").encode()


@cache
def server() -> smtplib.SMTP:
    """Return this process's SMTP connection."""
    return smtplib.SMTP("127.0.0.1", int(os.environ["BASELINE_SMTP_PORT"]), timeout=30)


@cache
def database() -> psycopg.Connection:
    """Return this process's database connection."""
    return psycopg.connect(os.environ["BASELINE_DATABASE"], autocommit=True, prepare_threshold=1)


@app.task(name="noop")
def noop(delivery_id: int, name: str, address: str, token: str) -> None:
    """Do nothing, with the arguments of `send`."""


@app.task(name="send", autoretry_for=(OSError, smtplib.SMTPException), retry_backoff=True, max_retries=5)
def send(delivery_id: int, name: str, address: str, token: str) -> None:
    data = LETTER % {b"n": name.encode(), b"a": address.encode(), b"t": token.encode()}
    server().sendmail("status@example.com", [address], data)
    database().execute("INSERT INTO lean_outcome (delivery_id, message_id) VALUES (%s, %s)", (delivery_id, token))


def prepare(count: int) -> None:
    """Make the table of outcomes; whom to write to is in the tasks."""
    del count
    database().execute("DROP TABLE IF EXISTS lean_outcome")
    database().execute(
        "CREATE TABLE lean_outcome (delivery_id int PRIMARY KEY, message_id text, sent_at timestamptz DEFAULT now())"
    )


def publish(first: int, last: int, queue: str) -> None:
    """Hand a task for each recipient to the broker."""
    _publish(send, first, last, queue)


def publish_noop(first: int, last: int, queue: str) -> None:
    """Hand as many tasks that do nothing to the broker."""
    _publish(noop, first, last, queue)


def _publish(task: object, first: int, last: int, queue: str) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        for number in range(first, last + 1):
            arguments = (number, f"Subscriber {number}", f"s{number:011}@example.com", f"t{number:031}")
            task.apply_async(arguments, producer=producer, queue=queue)  # type: ignore[attr-defined]


def recorded() -> int:
    """Return how many outcomes are on record."""
    row = database().execute("SELECT count(*) FROM lean_outcome").fetchone()
    return 0 if row is None else row[0]
