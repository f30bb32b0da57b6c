"""Audits that go on where the last clean one ended, and that read with more than one process."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer

from devstack.stack import Stack
from domain.outcomes import Emit
from operations.auditing.reading import read_into
from runtime.settings import KafkaSettings
from runtime.topic_facts import AUDITED, TopicFacts
from schemas.ids import new_request_id
from storage.acceptance import Acceptance
from storage.audits import AuditRecord, AuditStore
from storage.id_times import first_id
from storage.submissions import Accepted
from tests.integration.accepting import accept, submission
from tests.integration.reading import requested
from tests.integration.test_command_line import looks
from tests.integration.test_processes import publish

FAILED = "UPDATE request_logs SET status = 'FAILURE', error_code = 'internal' WHERE request_id = $1"
OPEN = "UPDATE request_logs SET status = 'NOT_STARTED', error_code = NULL WHERE request_id = $1"


async def clean(pool: asyncpg.Pool) -> AuditStore:
    """As if an audit had just found everything in order."""
    store, now = AuditStore(pool), datetime.now(UTC)
    await store.keep(AuditRecord(now, None, now, 1, 1, 0))
    assert await store.go_on_from() == now
    return store


def since_last(services: Stack) -> str:
    """What the audit says."""
    return looks(services, "audit", "--since", "last", "--settle-s", "0").stdout


async def test_only_what_came_since_is_looked_at_and_what_topics_speak_of(
    services: Stack, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    acceptance = Acceptance(pool, batch_max=8, queue_max=8)
    older = first_id(datetime.now(UTC) - timedelta(hours=3))[:-4] + new_request_id()[-4:]
    assert isinstance(await acceptance.accept(submission(older, deadline_s=3600)), Accepted)
    (newer,) = await accept(acceptance, deadline_s=3600)
    unpaid = "VIOLATION 4 (refunded exactly once if and only if failed) {}: failed and not refunded"
    try:
        for request_id in (older, newer):
            await pool.execute(FAILED, request_id)
        store = await clean(pool)
        said = since_last(services)
        assert unpaid.format(newer) in said
        assert older not in said
        # It found something, so the next one looks at everything
        assert await store.go_on_from() is None
        assert unpaid.format(older) in since_last(services)
        await publish(producer, Emit(await requested(pool, older), ("look.requested",), 1))
        await clean(pool)
        assert unpaid.format(older) in since_last(services)
    finally:
        for request_id in (older, newer):
            await pool.execute(OPEN, request_id)


async def test_since_a_time_is_told_in_words_or_refused(services: Stack) -> None:
    assert looks(services, "audit", "--since", "yesterday").returncode == 2
    done = looks(services, "audit", "--since", "1s")
    assert re.search(r"(clean|violations): \d+ requests", done.stdout), done.stdout + done.stderr


async def test_two_processes_read_what_one_reads(
    pool: asyncpg.Pool, kafka: KafkaSettings, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    (request_id,) = await accept(Acceptance(pool, batch_max=8, queue_max=8), deadline_s=3600)
    await publish(producer, Emit(await requested(pool, request_id), ("look.requested",), 1))
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    for folder in (alone, shared):
        folder.mkdir()
    one, both = TopicFacts(alone), TopicFacts(shared)
    count = await read_into(one, kafka, AUDITED, None)
    assert count >= 1
    assert await read_into(both, kafka, AUDITED, None, much=0) == count
    assert [*both.requests()] == [*one.requests()]
    assert request_id in {about for about, _, _ in both.requests()}
