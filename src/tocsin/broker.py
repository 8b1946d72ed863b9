"""Hints: the only thing the broker ever carries. "Look, there is work": losing one costs seconds, never a message.

The database is the record, so no task is acknowledged late, retried or delayed by Celery, and nothing is lost when the
broker is: a worker killed between Redis' BRPOP and its own bookkeeping loses the task for good, whatever the settings.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from celery import Celery
from kombu import Exchange, Queue

from tocsin.domain.channel import ChannelName

FAN_OUT: Final = "fan_out"
SWEEP: Final = "sweep"
DELIVER: Final = {name: f"deliver.{name}" for name in ChannelName}

_PREFIX: Final = "tocsin:"
# The list that holds a queue's hints, at a Redis.
HINT_KEY: Final = _PREFIX + "{queue}"

# The two kinds of worker. The page is rendered beside the fan-out, which waits for the database nearly all the time: a
# process that writes to people is busy to the last microsecond while an update goes out to many.
ASIDE: Final = (FAN_OUT, SWEEP, DELIVER[ChannelName.STATUS_PAGE])
TO_PEOPLE: Final = tuple(queue for queue in DELIVER.values() if queue not in ASIDE)

# A hint that nobody took for so long has been overtaken by a sweeper.
HINT_EXPIRES_SECONDS: Final = 60


def make_celery(broker_url: str, *, publisher: bool) -> Celery:
    """Return the Celery application; a `publisher` (the web) waits less for a broker that does not answer."""
    refuse_cluster(broker_url)
    app = Celery("tocsin", broker=broker_url, set_as_current=not publisher)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_eta_task_limit=100,
        task_publish_retry=False,
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_timeout": 1 if publisher else 5,
            "socket_connect_timeout": 0.5 if publisher else 2,
            "socket_keepalive": not broker_url.startswith("redis+socket"),
            "health_check_interval": 10,
            "retry_on_timeout": False,
            "visibility_timeout": 120,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "global_keyprefix": _PREFIX,
            "queue_order_strategy": "round_robin",
        },
        task_soft_time_limit=40,
        task_time_limit=50,
        worker_max_tasks_per_child=2000,
        worker_max_memory_per_child=300_000,
        worker_soft_shutdown_timeout=0,
        worker_send_task_events=False,
        task_send_sent_event=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        task_create_missing_queues=False,
        task_default_queue=SWEEP,
        task_queues=[Queue(name, Exchange(name), routing_key=name) for name in (FAN_OUT, SWEEP, *DELIVER.values())],
        task_routes={name: {"queue": name} for name in (FAN_OUT, SWEEP, *DELIVER.values())},
    )
    return app


def refuse_cluster(broker_url: str) -> None:
    """Raise ValueError for a Redis Cluster, which Celery cannot use (celery issue 2852)."""
    if "cluster" in broker_url.split("://", maxsplit=1)[0]:
        raise ValueError(f"Celery cannot use a Redis Cluster. Give one node, or Sentinel, instead of {broker_url}.")


def redis_url(broker_url: str) -> str:
    """Return the address for redis-py of a broker as Celery names it: they write sockets differently."""
    if not broker_url.startswith("redis+socket://"):
        return broker_url
    parts = urlsplit(broker_url)
    number = parse_qs(parts.query).get("virtual_host", ["0"])[0]
    return f"unix://{parts.path}?db={number}"
