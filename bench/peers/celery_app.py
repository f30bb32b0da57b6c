"""Celery with Redis as its broker: the job only writes its status. Acknowledged late: a worker that
dies loses no job.
"""

import os
from typing import Any

import psycopg
from celery import Celery
from celery.signals import worker_process_init

from bench.peers.jobs import DONE, DSN

app = Celery("peer", broker=f"redis://127.0.0.1:{os.environ['PEER_REDIS']}/0")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=16,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


class _CeleryWorker:
    """What a worker process keeps between jobs."""

    connection: "psycopg.Connection[Any]"


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery is not in our environment
def start(**_: object) -> None:
    """Each worker process has a connection of its own."""
    _CeleryWorker.connection = psycopg.connect(DSN, autocommit=True)


@app.task  # type: ignore[untyped-decorator]  # Celery is not in our environment
def noop(job: str) -> None:
    """The job."""
    _CeleryWorker.connection.execute(DONE, (job,))
