"""A safeguard switched off and what it prevented done by hand: the audit names the promise each
time.

Each plant is what the system would leave behind without one of its safeguards, on a request of its
own; all are put right again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from subprocess import CompletedProcess

import asyncpg
import pytest

from devstack.stack import Stack
from runtime.settings import DatabaseSettings
from storage.acceptance import Acceptance
from storage.database import open_pool
from tests.integration.accepting import accept
from tests.integration.test_command_line import looks
from tests.shared_services import run_apart

UNGUARDED = "ALTER TABLE ledger_entries DISABLE TRIGGER ledger_append_only"
GUARDED = "ALTER TABLE ledger_entries ENABLE TRIGGER ledger_append_only"
ONE_REFUND = (
    "CREATE UNIQUE INDEX ledger_one_refund ON ledger_entries (request_id) WHERE kind = 'refund'"
)
FAILED = "UPDATE request_logs SET status = 'FAILURE', error_code = 'internal' WHERE request_id = $1"
OPEN = "UPDATE request_logs SET status = 'NOT_STARTED', error_code = NULL WHERE request_id = $1"
REFUNDED = """INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
  SELECT tenant_id, environment, 'refund', credits_cost, request_id FROM request_logs
    WHERE request_id = $1"""
OUTBOX = """INSERT INTO outbox (topic, key, value, headers)
  SELECT topic, key, value, headers FROM kept WHERE key = $1"""

PLANTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "the outbox mark: a row goes without having been sent": (
        ("CREATE TABLE kept AS SELECT * FROM outbox", "DELETE FROM outbox WHERE key = $1"),
        (OUTBOX, "DROP TABLE kept"),
        "VIOLATION 1 (accepted requests are durable) {request}: neither in the outbox nor in "
        "look.requested",
    ),
    "the charge's transaction: a request without its charge": (
        (UNGUARDED, "DELETE FROM ledger_entries WHERE request_id = $1", GUARDED),
        (
            """INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
               SELECT tenant_id, environment, 'charge', -credits_cost, request_id FROM request_logs
                 WHERE request_id = $1""",
        ),
        "VIOLATION 2 (charged exactly once) {request}: charges [] for a cost of 10",
    ),
    "the deadline: nobody expires an open request": (
        ("UPDATE request_logs SET deadline_at = now() - interval '1 hour' WHERE request_id = $1",),
        ("UPDATE request_logs SET deadline_at = now() + interval '1 hour' WHERE request_id = $1",),
        "VIOLATION 3 (one terminal outcome by the deadline) {request}: NOT_STARTED although its "
        "deadline was",
    ),
    "the unique refund key: a refund is entered twice": (
        ("DROP INDEX ledger_one_refund", FAILED, REFUNDED, REFUNDED),
        (
            UNGUARDED,
            "DELETE FROM ledger_entries WHERE kind = 'refund' AND request_id = $1",
            GUARDED,
            ONE_REFUND,
            OPEN,
        ),
        "VIOLATION 4 (refunded exactly once if and only if failed) {request}: refunded 2 times",
    ),
    "the compositor's transaction: an outcome nobody was told": (
        (FAILED,),
        (OPEN,),
        "VIOLATION 5 (exactly one public outcome) {request}: FAILURE without a public outcome",
    ),
}


@dataclass(frozen=True)
class Audits:
    """What the audit said while all was planted, a request for each fault, and when all was undone
    again.
    """

    requests: dict[str, str]
    planted: CompletedProcess[str]
    undone: CompletedProcess[str]


@pytest.fixture(scope="module")
def audits(services: Stack) -> Audits:
    return run_apart(_audits(services))


async def _audits(services: Stack) -> Audits:
    settings = DatabaseSettings.model_validate({"url": services.env["LOOKS_DATABASE_URL"]})
    async with open_pool(settings) as pool:
        acceptance = Acceptance(pool, batch_max=8, queue_max=8)
        requests = {fault: (await accept(acceptance, deadline_s=3600))[0] for fault in PLANTS}
        async with AsyncExitStack() as stack:
            for fault, (plant, undo, _) in PLANTS.items():
                await stack.enter_async_context(planted(pool, requests[fault], plant, undo))
            told = await asyncio.to_thread(looks, services, "audit")
        return Audits(requests, told, await asyncio.to_thread(looks, services, "audit"))


@asynccontextmanager
async def planted(
    pool: asyncpg.Pool, request_id: str, plant: tuple[str, ...], undo: tuple[str, ...]
) -> AsyncIterator[None]:
    """The statements done, and undone afterwards; those that speak of the request are given it."""
    async with pool.acquire() as connection:
        for statement in plant:
            await connection.execute(statement, *([request_id] if "$1" in statement else []))
        try:
            yield
        finally:
            for statement in undo:
                await connection.execute(statement, *([request_id] if "$1" in statement else []))


@pytest.mark.parametrize("fault", sorted(PLANTS))
def test_the_audit_names_the_broken_promise(audits: Audits, fault: str) -> None:
    _, _, line = PLANTS[fault]
    expected = line.format(request=audits.requests[fault])
    assert audits.planted.returncode == 1
    assert expected in audits.planted.stdout, audits.planted.stdout + audits.planted.stderr
    assert expected not in audits.undone.stdout
