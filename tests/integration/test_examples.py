"""The examples of docs/subscribing.md on real Kafka: killed midway, and no effect is missing or
repeated. Those in Python run in an environment that has what the page says to install, and no more.

Each gets a topic with completions in committed transactions, some of them published twice, between
aborted transactions and one record that is no event.
"""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from standardwebhooks import Webhook

from devstack.folder import cache_folder, free_ports
from devstack.java import compile_java, java
from devstack.kafka import jars
from devstack.stack import Stack
from domain.webhooks import make_secret
from looks_client.testkit import Record, sample
from runtime.kafka import new_producer
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from tests.bare import Bare
from tests.integration.test_command_line import CHECKOUT
from tests.packages import built_wheel, installed

EXAMPLES = CHECKOUT / "examples"
PER_TRANSACTION = 20
WITHIN_S = 120
PAGE = (CHECKOUT / "docs" / "subscribing.md").read_text()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    return Bare(tmp_path_factory.mktemp("bare"), PAGE)


@dataclass
class Published:
    """A topic of its own, and what a subscriber must have done in the end."""

    topic: str
    producer: AIOKafkaProducer
    committed: list[str]

    async def publish(self, *, transactions: int) -> None:
        """Committed and aborted transactions in turn; every fifth completion once more."""
        for _ in range(transactions):
            async with self.producer.transaction():
                for number in range(PER_TRANSACTION):
                    record = sample("look.completed")
                    await self._send(record)
                    if number % 5 == 0:
                        await self._send(record)
                    self.committed.append(record.event.request_id)
            await self.producer.begin_transaction()
            for _ in range(3):
                await self._send(sample("look.completed", tenant_id="aborted"))
            await self.producer.abort_transaction()
        async with self.producer.transaction():
            headers = [("ce_type", b"look.completed.v1"), ("ce_id", new_request_id().encode())]
            await self.producer.send_and_wait(self.topic, b"no JSON", key=b"x", headers=headers)

    async def _send(self, record: Record) -> None:
        await self.producer.send(
            self.topic, record.value, key=record.key, headers=list(record.headers)
        )


@asynccontextmanager
async def a_topic(kafka: KafkaSettings) -> AsyncIterator[Published]:
    name = f"examples.{new_request_id().lower()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    producer = new_producer(kafka, name, transactional_id=name)
    try:
        await admin.create_topics([NewTopic(name, 4, 1)])
        await producer.start()
        yield Published(name, producer, [])
    finally:
        await producer.stop()
        await admin.close()


@contextmanager
def started(argv: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        argv, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def until(
    true: Callable[[], bool], process: subprocess.Popen[bytes], seen: Callable[[], object]
) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():
            if process.poll() is not None:
                raise AssertionError(
                    "the example ended: "
                    f"{(process.stderr.read() if process.stderr else b'')[-2000:]!r}; {seen()}"
                )
            await asyncio.sleep(0.1)


async def survives_a_kill(
    published: Published, argv: list[str], env: dict[str, str], effects: Callable[[], list[str]]
) -> None:
    """Kill it as soon as it has done something, publish more, start it again: all is done, each
    once.
    """
    await published.publish(transactions=5)
    with started(argv, env) as first:
        await until(lambda: bool(effects()), first, effects)
        os.kill(first.pid, signal.SIGKILL)
    await published.publish(transactions=5)
    with started(argv, env) as second:
        await until(
            lambda: len(set(effects())) >= len(published.committed), second, lambda: len(effects())
        )
        # What was published twice or aborted is behind what was waited for only in part: let the
        # rest come, if any does.
        await published.publish(transactions=1)
        await until(
            lambda: len(set(effects())) >= len(published.committed), second, lambda: len(effects())
        )
    assert sorted(effects()) == sorted(published.committed)


def environment(kafka: KafkaSettings, published: Published, **more: str) -> dict[str, str]:
    return {
        "LOOKS_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "TOPIC": published.topic,
        "GROUP": f"{published.topic}.group",
        **more,
    }


@pytest.fixture(scope="module")
def pythons(bare: Bare, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """An example's interpreter. That of our client has the built wheel."""

    def python(example: str) -> Path:
        if example != "subscriber_client.py":
            return bare.python(example)
        folder = tmp_path_factory.mktemp("client")
        return installed(folder / "env", f"{built_wheel(folder / 'wheel')}[kafka]")

    return python


@pytest.mark.parametrize(
    "example", ["subscriber_aiokafka.py", "subscriber_faststream.py", "subscriber_client.py"]
)
async def test_the_python_subscribers_lose_and_repeat_nothing(
    kafka: KafkaSettings, pythons: Callable[[str], Path], tmp_path: Path, example: str
) -> None:
    inbox = tmp_path / "inbox.sqlite"

    def rows(query: str) -> list[str]:
        if not inbox.exists():
            return []
        db = sqlite3.connect(inbox, timeout=10)
        try:
            return [row[0] for row in db.execute(query)]
        except sqlite3.OperationalError:
            return []  # it has not made its tables yet
        finally:
            db.close()

    async with a_topic(kafka) as published:
        env = environment(kafka, published, INBOX=str(inbox))
        argv = [str(pythons(example)), str(EXAMPLES / example)]
        await survives_a_kill(published, argv, env, lambda: rows("SELECT request_id FROM pictures"))
    assert len(set(rows("SELECT partition || '/' || at FROM set_aside"))) >= 2


async def test_the_inbox_in_postgres_loses_and_repeats_nothing(
    services: Stack, kafka: KafkaSettings, bare: Bare, pool: asyncpg.Pool
) -> None:
    async with a_topic(kafka) as published:
        schema = published.topic.replace(".", "_")
        await pool.execute(f"CREATE SCHEMA {schema}")
        url = f"{services.env['LOOKS_DATABASE_URL']}?search_path={schema}"
        found: list[str] = []

        async def look() -> None:
            while True:
                if await pool.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.set_aside"):
                    found[:] = [
                        row["request_id"]
                        for row in await pool.fetch(f"SELECT request_id FROM {schema}.pictures")
                    ]
                await asyncio.sleep(0.1)

        looking = asyncio.create_task(look())
        try:
            example = "subscriber_inbox.py"
            argv = [str(bare.python(example)), str(EXAMPLES / example)]
            await survives_a_kill(
                published,
                argv,
                environment(kafka, published, LOOKS_DATABASE_URL=url),
                lambda: list(found),
            )
        finally:
            looking.cancel()
            rows = await pool.fetch(f"SELECT request_id FROM {schema}.pictures")
            await pool.execute(f"DROP SCHEMA {schema} CASCADE")
        assert sorted(row["request_id"] for row in rows) == sorted(published.committed)


async def test_the_java_subscriber_loses_and_repeats_nothing(
    services: Stack, kafka: KafkaSettings, tmp_path: Path
) -> None:
    cache = cache_folder(services.folder)
    client = jars(cache)
    compile_java(EXAMPLES / "Subscriber.java", tmp_path / "classes", client, cache)
    inbox = tmp_path / "inbox"

    def effects() -> list[str]:
        """Request ids; what is no event was kept as well, under its id."""
        kept = [path.read_bytes() for path in inbox.glob("*.json")] if inbox.exists() else []
        return [
            value.partition(b'"request_id":"')[2][:26].decode()
            for value in kept
            if value != b"no JSON"
        ]

    async with a_topic(kafka) as published:
        argv = [java(), "-cp", ":".join([*client, str(tmp_path / "classes")]), "Subscriber"]
        env = environment(kafka, published, INBOX=str(inbox))
        await survives_a_kill(published, argv, env, effects)


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed on this machine")
async def test_kcat_prints_each_committed_record(kafka: KafkaSettings) -> None:
    async with a_topic(kafka) as published:
        await published.publish(transactions=2)
        env = {**os.environ, **environment(kafka, published)}
        process = await asyncio.create_subprocess_exec(
            EXAMPLES / "kcat.sh", env=env, stdout=subprocess.PIPE
        )
        out, _ = await process.communicate()
    keys = [line.split(" ", 3)[2] for line in out.decode().splitlines()]
    assert set(keys) - {"x"} == set(published.committed)


def test_the_receiver_of_webhooks_starts_and_tells_true_calls_from_others(tmp_path: Path) -> None:
    """In an environment made of that page's own install line, served by its own command."""
    page = (CHECKOUT / "docs" / "webhooks.md").read_text()
    python = Bare(tmp_path, page).python("receiver.py")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "receiver.py").write_text(code)
    secret, (port,) = make_secret(b"s" * 32), free_ports(1)
    env = {**os.environ, "LOOKS_WEBHOOK_SECRET": secret}
    argv = [str(python), "-m", *"uvicorn receiver:app --port".split(), str(port)]
    body = b'{"type": "webhook.test", "timestamp": "2026-01-02T03:04:05Z", "data": {}}'
    sent_at = datetime.now(UTC)
    headers = {
        "webhook-id": "01M86RZTNE5Q1DMZJ1M4VR1T7K",
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": Webhook(secret).sign(
            "01M86RZTNE5Q1DMZJ1M4VR1T7K", sent_at, body.decode()
        ),
    }
    with subprocess.Popen(argv, cwd=tmp_path, env=env, stderr=subprocess.PIPE) as server:
        try:
            http = httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=30)
            url = f"http://127.0.0.1:{port}/hooks/looks"
            assert http.post(url, content=body, headers=headers).status_code == 204
            assert http.post(url, content=body + b" ", headers=headers).status_code == 401
            http.close()
        finally:
            server.kill()
            server.communicate()
