"""The usual sender: a Celery task for each recipient, with an ORM, Jinja2, EmailMessage and smtplib.

It is written as tutorials and most products have it: the task is given the id of a delivery, reads it with its
subscriber and its update, renders, sends over a connection of its own, and commits what came of it.
"""

from __future__ import annotations

import os
import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid

import mail
from celery import Celery
from jinja2 import Environment
from sqlalchemy import ForeignKey, create_engine, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

app = Celery("usual", broker=os.environ["BASELINE_BROKER"])
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
engine = create_engine(os.environ["BASELINE_DATABASE"].replace("postgresql:", "postgresql+psycopg:", 1))
words = Environment(autoescape=True)
text, html = words.from_string(mail.TEXT), words.from_string(mail.HTML)


class Row(DeclarativeBase):
    pass


class Subscriber(Row):
    __tablename__ = "usual_subscriber"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    token: Mapped[str]


class Update(Row):
    __tablename__ = "usual_update"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str]


class Delivery(Row):
    __tablename__ = "usual_delivery"
    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey(Subscriber.id))
    update_id: Mapped[int] = mapped_column(ForeignKey(Update.id))
    state: Mapped[str] = mapped_column(default="pending")
    message_id: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    subscriber: Mapped[Subscriber] = relationship()
    update: Mapped[Update] = relationship()


@app.task(name="send", autoretry_for=(OSError, smtplib.SMTPException), retry_backoff=True, max_retries=5)
def send(delivery_id: int) -> None:
    with Session(engine) as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None or delivery.state != "pending":
            return
        subscriber, update = delivery.subscriber, delivery.update
        message = EmailMessage()
        message["From"], message["To"] = mail.SENDER, f"{subscriber.name} <{subscriber.email}>"
        message["Subject"], message["Message-ID"] = update.title, make_msgid(domain="example.com")
        message["List-Unsubscribe"] = f"<https://status.example.com/unsubscribe/{subscriber.token}>"
        shown = {"name": subscriber.name, "title": update.title, "body": update.body, "token": subscriber.token}
        message.set_content(text.render(shown))
        message.add_alternative(html.render(shown), subtype="html")
        with smtplib.SMTP("127.0.0.1", int(os.environ["BASELINE_SMTP_PORT"]), timeout=30) as server:
            server.send_message(message)
        delivery.state, delivery.message_id = "sent", message["Message-ID"]
        delivery.sent_at = datetime.now(UTC)
        session.commit()


def prepare(count: int) -> None:
    """Make the tables, with so many deliveries that are pending."""
    Row.metadata.drop_all(engine)
    Row.metadata.create_all(engine)
    numbers = range(1, count + 1)
    people = [
        {"id": n, "name": f"Subscriber {n}", "email": f"s{n:011}@example.com", "token": f"t{n:031}"} for n in numbers
    ]
    with engine.begin() as connection:
        connection.execute(insert(Subscriber), people)
        connection.execute(insert(Update), [{"id": 1, "title": mail.TITLE, "body": mail.BODY}])
        connection.execute(insert(Delivery), [{"id": n, "subscriber_id": n, "update_id": 1} for n in numbers])


def publish(first: int, last: int, queue: str) -> None:
    """Hand a task for each delivery to the broker."""
    with app.producer_pool.acquire(block=True) as producer:
        for number in range(first, last + 1):
            send.apply_async((number,), producer=producer, queue=queue)


def recorded() -> int:
    """Return how many deliveries are on record as sent."""
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).where(Delivery.state == "sent").select_from(Delivery)) or 0
