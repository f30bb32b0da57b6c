"""Audits that are begun where nobody waits for them: one at a time of all that share a database,
each in a process of its own, which is ended when its time is up.

The run is an operator's action: its intent is durable before the process starts, what came of it is
the action's outcome. A lock in Postgres says that one runs, for as long as it does.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import asdict

import asyncpg

from domain.redriving import NOWHERE, Verb
from operations.actor import Actor
from operations.auditing.whole import AuditOrder
from runtime import logs
from runtime.settings import DatabaseSettings
from schemas.ids import new_request_id
from storage import advisory
from storage.advisory import Lock
from storage.database import DATABASE_AWAY, connect
from storage.operator_actions import Intent, OperatorBusy, add_intent, finish

log = logs.get(__name__)

CHILD = (sys.executable, "-m", "operations.auditing")
SYSTEM = "system"
"""The target of the action: all of it."""


class AuditRuns:
    """Of one process."""

    def __init__(
        self, database: DatabaseSettings, limit_s: float, child: tuple[str, ...] = CHILD
    ) -> None:
        """`child`: the command that checks."""
        self._database = database
        self._limit_s = limit_s
        self._child = child
        self._running: set[asyncio.Task[None]] = set()

    async def begin(self, order: AuditOrder, actor: Actor) -> str:
        """The id of the action. Raises OperatorBusy while another audit runs that somebody began
        so, here or elsewhere.
        """
        held = await connect(self._database, "looks-audit")
        try:
            if not await advisory.try_until_closed(held, Lock.AUDIT):
                raise OperatorBusy
            intent = Intent(
                new_request_id(),
                Verb.AUDIT,
                NOWHERE,
                actor.operator,
                actor.why,
                role=actor.role,
                target=SYSTEM,
                reference=order.since or None,
            )
            await add_intent(held, intent)
        except BaseException:
            await held.close()
            raise
        task = asyncio.create_task(self._run(held, intent, order))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return intent.action_id

    async def _run(self, held: asyncpg.Connection, intent: Intent, order: AuditOrder) -> None:
        outcome = "stopped: the process that began it ended"
        try:
            outcome = await self._outcome(order)
        except Exception as error:
            log.exception("an audit could not be run")
            outcome = f"could not check: {type(error).__name__}: {error}"
        finally:
            await self._record(held, intent, outcome)

    async def _record(self, held: asyncpg.Connection, intent: Intent, outcome: str) -> None:
        """And give the lock back. The connection may have been lost on the way, and the lock with
        it.
        """
        try:
            await finish(held, intent, outcome)
        except DATABASE_AWAY:
            fresh = await connect(self._database, "looks-audit")
            try:
                await finish(fresh, intent, outcome)
            finally:
                await fresh.close()
        finally:
            await held.close()

    async def _outcome(self, order: AuditOrder) -> str:
        process = await asyncio.create_subprocess_exec(
            *self._child, stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        try:
            async with asyncio.timeout(self._limit_s):
                said = await _answered(process, order)
                await process.wait()
        except TimeoutError:
            return f"stopped after {self._limit_s:g} s, the limit of LOOKS_OPS_AUDIT_LIMIT_S"
        finally:
            await _ended(process)
        try:
            return str(json.loads(said)["outcome"])
        except (ValueError, KeyError, TypeError):
            return f"could not check: the audit's process ended with {process.returncode}"


async def _answered(process: Process, order: AuditOrder) -> bytes:
    """What it prints. Its standard input stays open: it ends with it."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        await process.stdin.drain()
    except ConnectionError:
        pass  # it ended at once: its status says so
    return await process.stdout.read()


async def _ended(process: Process) -> None:
    """With all that it started."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    await process.wait()
