"""How fast threads send with the usual library: texts by Twilio's own, signed webhooks by requests.

    python threads_rate.py sms|webhook URL COUNT

Eight threads on kept connections, as many as each of our two worker processes gets of a core. Nothing is recorded.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import mail
import requests
from requests.adapters import HTTPAdapter
from standardwebhooks import Webhook
from twilio.rest import Client

THREADS = 8
ACCOUNT = "AC" + "0" * 32
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def texts(url: str) -> Client:
    client = Client(ACCOUNT, "token")
    client.api.base_url = url
    return client


def main(kind: str, url: str, count: int) -> None:
    client, session, signer = texts(url), requests.Session(), Webhook(SECRET)
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=THREADS))

    def text(number: int) -> None:
        sent = client.messages.create(to=f"+1415{number:07}", from_="+14155550100", body=f"{mail.TITLE}: {mail.BODY}")
        assert sent.sid

    def call(number: int) -> None:
        now = datetime.now(UTC)
        body = json.dumps({"type": "incident.opened", "timestamp": now.isoformat(), "data": {"title": mail.TITLE}})
        headers = {
            "Content-Type": "application/json",
            "webhook-id": f"msg_{number}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(f"msg_{number}", now, body),
        }
        session.post(f"{url}/{number}", data=body, headers=headers, timeout=15).raise_for_status()

    send = text if kind == "sms" else call
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, range(THREADS * 4)))  # every thread has its connection when the clock starts
        cpu, started = time.process_time(), time.perf_counter()
        list(pool.map(send, range(count)))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"per_second": count / seconds, "cpu_us": cpu / count * 1e6}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
