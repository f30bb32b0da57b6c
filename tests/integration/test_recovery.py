"""Postgres comes back from a backup that is older than Kafka: nothing that Kafka knows is lost,
nobody is charged twice, and the audit is clean again. Then the pictures are lost, then all topics:
what was decided stays, and the audit names what is gone.
"""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from confluent_kafka.admin import AdminClient

from devstack.demo import object_store
from devstack.postgres import programs
from devstack.stack import ALL, Stack
from tests import shared_services
from tests.conftest import running_stack
from tests.e2e.client import Client, until
from tests.integration.test_command_line import looks

PATIENCE_S = 60


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    """A system whose database may be thrown away."""
    yield from running_stack(ALL, shared_services.place)


@pytest.fixture
def client(own_stack: Stack) -> Iterator[Client]:
    made = Client(own_stack)
    yield made
    made.close()


def program(name: str, *words: str) -> None:
    """One of Postgres' own. Raises CalledProcessError."""
    subprocess.run(
        [programs() / name, *words],
        check=True,
        capture_output=True,
        timeout=120,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )


def back_up(url: str, file: Path) -> datetime:
    """While everything works; returns when it began."""
    began = datetime.now(UTC)
    program("pg_dump", "--format=custom", f"--file={file}", url)
    return began


async def throw_away(url: str) -> None:
    """The database, and make an empty one."""
    there = urlsplit(url)
    name = there.path[1:]
    server = await asyncpg.connect(there._replace(path="/postgres").geturl())
    try:
        await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await server.execute(f'CREATE DATABASE "{name}"')
    finally:
        await server.close()


def test_a_backup_older_than_kafka_is_brought_up_to_what_kafka_knows(
    own_stack: Stack, client: Client, tmp_path: Path
) -> None:
    url, before = own_stack.env["LOOKS_DATABASE_URL"], client.balance()
    keys = client.wardrobe(["tee"])
    fine, absent = (keys["tee"], "top"), ("users/abc/absent.jpg", "top")
    old = [client.accepted(fine), client.accepted(absent)]
    client.finish(old)
    crossing = [client.accepted(fine), client.accepted(absent)]
    taken_at = back_up(url, tmp_path / "backup")
    client.finish(crossing)
    lost = [client.accepted(fine), client.accepted(fine), client.accepted(absent)]
    client.finish(lost)
    requests = [*old, *crossing, *lost]
    known = {one: client.job(one)["status"] for one in requests}
    until(lambda: client.balance() == before - 40, PATIENCE_S)

    own_stack.stop()
    asyncio.run(throw_away(url))
    program("pg_restore", f"--dbname={url}", str(tmp_path / "backup"))
    assert looks(own_stack, "db", "migrate").stdout == "up to date\n"
    since = ("--since", taken_at.isoformat())
    planned = looks(own_stack, "db", "recover", *since, "--dry-run")
    assert "3 requests would be restored with their charges, 0 refused" in planned.stdout
    done = looks(own_stack, "db", "recover", *since)
    assert done.returncode == 0, done.stderr
    assert "3 requests restored with their charges, 0 refused" in done.stdout
    again = looks(own_stack, "db", "recover", *since)
    assert "0 requests restored with their charges, 0 refused" in again.stdout

    own_stack.start()
    running = looks(own_stack, "db", "recover", *since)
    assert running.returncode == 1
    assert "stop all processes" in running.stderr
    client.finish(requests)
    assert {one: client.job(one)["status"] for one in requests} == known
    until(lambda: client.balance() == before - 40, PATIENCE_S)
    audited = looks(own_stack, "audit", "--settle-s", "5")
    assert (audited.returncode, audited.stdout[:7]) == (0, "clean: "), audited.stdout
    quarantined = looks(own_stack, "dlq", "quarantine", "list", "--json")
    assert quarantined.stdout == "", "nothing met a request that was not there"


def succeeded(client: Client) -> set[str]:
    """All looks so far that did."""
    page = client.http.get("/v1/jobs", params={"status": "SUCCESS", "limit": 100}).json()
    assert page["next_cursor"] is None
    return {job["request_id"] for job in page["items"]}


def named_by_audit(stack: Stack) -> dict[str, set[str]]:
    """What it complains of: subjects by promise."""
    audited = looks(stack, "audit", "--settle-s", "5", "--json")
    assert audited.returncode == 1, audited.stderr
    found: dict[str, set[str]] = {}
    for told in map(json.loads, audited.stdout.splitlines()):
        if "promise" in told:  # not the last line, which says what was looked at
            found.setdefault(str(told["promise"]), set()).add(told["subject"])
    return found


def lose_objects(env: dict[str, str]) -> None:
    """The bucket with all that is in it, and make a new one."""
    store, bucket = object_store(env), env["LOOKS_S3_BUCKET"]
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", ()):
            store.delete_object(Bucket=bucket, Key=one["Key"])
    store.delete_bucket(Bucket=bucket)
    store.create_bucket(Bucket=bucket)
    store.close()


def test_when_the_store_is_lost_pictures_are_gone_by_name_and_new_looks_are_made(
    own_stack: Stack, client: Client
) -> None:
    photo = client.wardrobe(["tee"])["tee"]
    client.finish([client.accepted((photo, "top"))])
    before, made = client.balance(), succeeded(client)

    lose_objects(own_stack.env)
    applied = looks(own_stack, "store", "apply")
    assert applied.returncode == 0, applied.stderr
    missed = client.accepted((photo, "top"))
    job = client.finish([missed])[missed]
    assert (job["status"], job["error"]["code"]) == ("FAILURE", "object_not_found")
    assert client.balance() == before
    assert named_by_audit(own_stack) == {"6": made}

    again = client.accepted((client.wardrobe(["tee"])["tee"], "top"))
    assert client.finish([again])[again]["status"] == "SUCCESS"


async def outdated(url: str, request_id: str) -> None:
    """Its record went to Kafka, with which it is gone, and its deadline has come."""
    connection = await asyncpg.connect(url)
    try:
        gone = await connection.execute("DELETE FROM outbox WHERE key = $1", request_id)
        assert gone == "DELETE 1"
        await connection.execute(
            "UPDATE request_logs SET deadline_at = now() - interval '1 hour' WHERE request_id = $1",
            request_id,
        )
    finally:
        await connection.close()


def lose_topics(env: dict[str, str]) -> None:
    """All that this stack has."""
    admin = AdminClient({"bootstrap.servers": env["LOOKS_KAFKA_BOOTSTRAP"]})
    own = [one for one in admin.list_topics().topics if one.startswith(env["LOOKS_NAMESPACE"])]
    for gone in admin.delete_topics(own).values():
        gone.result(60)


def test_when_kafka_is_lost_what_was_decided_stays_and_the_rest_is_refunded(
    own_stack: Stack, client: Client
) -> None:
    photo = client.wardrobe(["tee"])["tee"]
    client.finish([client.accepted((photo, "top"))])
    before, made = client.balance(), succeeded(client)
    own_stack.stop()
    with_api = Stack(own_stack.folder.root, ("api",), own_stack.env)
    with_api.start()
    asking = Client(with_api)
    waiting, lost = (asking.accepted((photo, "top")) for _ in range(2))
    asking.close()
    with_api.stop()
    asyncio.run(outdated(own_stack.env["LOOKS_DATABASE_URL"], lost))

    lose_topics(own_stack.env)
    applied = looks(own_stack, "topics", "apply")
    assert applied.returncode == 0, applied.stderr
    own_stack.start()
    jobs = client.finish([waiting, lost])
    assert (jobs[waiting]["status"], jobs[lost]["status"]) == ("SUCCESS", "FAILURE")
    assert succeeded(client) == {*made, waiting}
    assert client.balance() == before - 10

    redriven = looks(own_stack, "dlq", "redrive", "--reason", "expired", "--yes")
    assert redriven.returncode == 0, redriven.stderr
    until(lambda: len(succeeded(client) - made) == 2, PATIENCE_S)
    assert client.balance() == before - 10
    named = named_by_audit(own_stack)
    assert made <= named["5"]
    assert (succeeded(client) - made).isdisjoint(set().union(*named.values()))
