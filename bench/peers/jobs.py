"""What both peers' jobs are: one transaction charges an account and adds a row, then the job is
sent; the job sets its row's status. Runs in the peers' own environment, without ours.

Environment: PEER_DSN (Postgres), PEER_REDIS (port on loopback, of Celery's broker only).
"""

import json
import os
import sys
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

DSN = os.environ.get("PEER_DSN", "")
SCHEMA = """
DROP TABLE IF EXISTS p_jobs;
DROP TABLE IF EXISTS p_account;
CREATE TABLE p_account (tenant text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0))
  WITH (fillfactor = 10);
CREATE TABLE p_jobs (
  id text PRIMARY KEY, tenant text NOT NULL, status text NOT NULL DEFAULT 'NEW',
  cost bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at timestamptz
);
INSERT INTO p_account VALUES ('demo', 1000000000);
"""
CHARGE = "UPDATE p_account SET balance = balance - 10 WHERE tenant = 'demo' AND balance >= 10"
INSERT = "INSERT INTO p_jobs (id, tenant, cost) VALUES (%s, 'demo', 10)"
DONE = "UPDATE p_jobs SET status = 'SUCCESS', done_at = clock_timestamp() WHERE id = %s"
LOOK_AGAIN_S = 0.003
GIVE_UP_S = 180.0


def new_id() -> str:
    """Of a job."""
    return uuid.uuid4().hex


def asked() -> tuple[str, int]:
    """What to measure, and of how many jobs: `latency 100` or `rate 600`."""
    return sys.argv[1], int(sys.argv[2])


def until_done(connection: "psycopg.Connection[Any]", job: str) -> None:
    """Wait for one job."""
    done = "SELECT 1 FROM p_jobs WHERE id = %s AND done_at IS NOT NULL"
    while not connection.execute(done, (job,)).fetchone():
        time.sleep(LOOK_AGAIN_S)


def tell_latencies(connection: "psycopg.Connection[Any]", ids: Iterable[str]) -> None:
    """From row made to status recorded, both by Postgres' clock."""
    rows = connection.execute(
        "SELECT extract(epoch FROM done_at - created_at)::float8 * 1000 FROM p_jobs "
        "WHERE id = ANY(%s)",
        (list(ids),),
    ).fetchall()
    tell(latencies_ms=[row[0] for row in rows])


def tell_rate(connection: "psycopg.Connection[Any]", begun_s: float, cpu_s: float) -> None:
    """Once all jobs are done: how many, how long that took, and the submitter's CPU. `begun_s`: of
    `time.monotonic`; `cpu_s`: of `time.process_time`, at the beginning.
    """
    submitted_s = time.monotonic() - begun_s
    cpu_s = time.process_time() - cpu_s
    while connection.execute("SELECT 1 FROM p_jobs WHERE done_at IS NULL LIMIT 1").fetchone():
        if time.monotonic() - begun_s > GIVE_UP_S:
            raise TimeoutError("the jobs did not end")
        time.sleep(LOOK_AGAIN_S)
    tell(all_s=time.monotonic() - begun_s, submitted_s=submitted_s, submitter_s=cpu_s)


def tell(**figures: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(figures) + "\n")
