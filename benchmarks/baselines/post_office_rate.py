"""How fast django-post-office works off its queue: prints deliveries a second and their cost as one line of JSON.

    python post_office_rate.py COUNT

All mails are queued before the clock starts, their bodies rendered: what is measured is sending and recording alone,
which favours it. BASELINE_DATABASE, BASELINE_SMTP_PORT and BASELINE_DATABASE_PID say with what.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import django
import mail
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.template import Context, Template
from processes import cpu_seconds, own_cpu, own_peak_memory_mb

PROCESSES = 2


def configure() -> None:
    """Set up Django with post_office alone, in batches and threads that suit it."""
    url = urlsplit(os.environ["BASELINE_DATABASE"])
    server = parse_qs(url.query)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.lstrip("/"),
        "USER": url.username,
        "HOST": server["host"][0],
        "PORT": server["port"][0],
    }
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=int(os.environ["BASELINE_SMTP_PORT"]),
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            "BATCH_SIZE": 1000,
            "THREADS_PER_PROCESS": 5,
        },
        LOGGING={"version": 1, "loggers": {"post_office": {"level": "ERROR"}}},
        USE_TZ=True,
        SECRET_KEY="bench",
    )
    django.setup()
    logging.getLogger("post_office").setLevel(logging.ERROR)


def main(count: int) -> None:
    configure()
    from post_office.mail import send_many, send_queued_mail_until_done  # noqa: PLC0415  after Django is set up
    from post_office.models import STATUS, Email  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    Email.objects.all().delete()
    text, html = Template(mail.TEXT), Template(mail.HTML)
    mails = []
    for number in range(count):
        shown = Context(
            {"name": f"Subscriber {number}", "title": mail.TITLE, "body": mail.BODY, "token": f"t{number:031}"}
        )
        rendered = {"message": text.render(shown), "html_message": html.render(shown)}
        address = f"s{number:011}@example.com"
        mails.append({"sender": mail.SENDER, "recipients": [address], "subject": mail.TITLE, **rendered})
    send_many(mails)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) post_office_email")
    connection.close()
    database = int(os.environ["BASELINE_DATABASE_PID"])
    cpu, database_cpu, started = own_cpu(), cpu_seconds(database), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        send_queued_mail_until_done(lockfile=str(Path(folder) / "lock"), processes=PROCESSES)
    seconds = time.perf_counter() - started
    cpu, database_cpu = own_cpu() - cpu, cpu_seconds(database) - database_cpu
    sent = Email.objects.filter(status=STATUS.sent).count()
    if sent != count:
        raise SystemExit(f"{sent} of {count} were sent.")
    measured = {
        "per_second": count / seconds,
        "cpu_us": cpu / count * 1e6,
        "database_us": database_cpu / count * 1e6,
        "memory_mb": own_peak_memory_mb(),
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(int(sys.argv[1]))
