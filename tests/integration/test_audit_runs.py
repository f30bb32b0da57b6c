"""Audits that operators begin: one at a time, bounded, each a recorded action, whatever becomes of
their process.
"""

import asyncio
import json
import sys
from dataclasses import asdict

import asyncpg
import pytest

from devstack.stack import Stack
from domain.redriving import Verb
from operations.actor import Actor
from operations.auditing.runs import AuditRuns
from operations.auditing.whole import AuditOrder
from runtime.settings import DatabaseSettings
from storage.operator_actions import OperatorActions, OperatorBusy, Recorded
from tests.integration.conftest import until

ORDER = AuditOrder("last", 7)
ADA = Actor("ada", "operator", "a test")
HANGS = "import sys; sys.stdin.read()"
SAYS = f"""
import json, sys
asked = json.loads(sys.stdin.readline())
assert asked == {asdict(ORDER)!r}, asked
print(json.dumps({{"outcome": "clean: all of it"}}))
"""


def runs_of(services: Stack, code: str, limit_s: float = 60) -> AuditRuns:
    database = DatabaseSettings.model_validate({"url": services.env["LOOKS_DATABASE_URL"]})
    return AuditRuns(database, limit_s, (sys.executable, "-c", code))


async def ended(actions: OperatorActions, action_id: str) -> Recorded:
    """The action, once it is over and another one may begin."""

    async def over() -> bool:
        return not await actions.is_auditing()

    await until(over)
    return next(
        one for one in await actions.newest(10, Verb.AUDIT) if one.intent.action_id == action_id
    )


@pytest.mark.parametrize(
    ("code", "limit_s", "outcome"),
    [
        (SAYS, 60, "clean: all of it"),
        (HANGS, 0.3, "stopped after 0.3 s, the limit of LOOKS_OPS_AUDIT_LIMIT_S"),
        ("raise SystemExit(3)", 60, "could not check: the audit's process ended with 3"),
        ("print('[]')", 60, "could not check: the audit's process ended with 0"),
    ],
    ids=["clean", "too long", "ends", "says nothing"],
)
async def test_what_comes_of_it_is_the_actions_outcome(
    services: Stack, pool: asyncpg.Pool, code: str, limit_s: float, outcome: str
) -> None:
    actions = OperatorActions(pool)
    action_id = await runs_of(services, code, limit_s).begin(ORDER, ADA)
    done = await ended(actions, action_id)
    assert (done.mark.finished, done.mark.outcome) == (True, outcome)
    intent = done.intent
    assert (intent.operator, intent.role, intent.reason) == (ADA.operator, ADA.role, ADA.why)
    assert (intent.target, intent.reference) == ("system", "last")


async def test_one_at_a_time_of_all_processes_and_it_ends_with_the_one_that_began_it(
    services: Stack, pool: asyncpg.Pool
) -> None:
    actions, here, elsewhere = OperatorActions(pool), *(runs_of(services, HANGS) for _ in "12")
    before = asyncio.all_tasks()
    action_id = await here.begin(ORDER, ADA)
    assert await actions.is_auditing()
    with pytest.raises(OperatorBusy):
        await elsewhere.begin(ORDER, ADA)
    (running,) = asyncio.all_tasks() - before
    running.cancel()  # as a process does that is told to stop
    with pytest.raises(asyncio.CancelledError):
        await running
    done = await ended(actions, action_id)
    assert done.mark.outcome == "stopped: the process that began it ended"
    assert [one.intent.action_id for one in await actions.newest(1, Verb.AUDIT)] == [action_id]


async def test_the_audits_process_ends_when_nobody_waits_for_it() -> None:
    """As it does where the process that began it was killed."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WITHOUT_SERVICES),
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(asdict(ORDER)).encode() + b"\n")
    child.stdin.close()
    assert await asyncio.wait_for(child.wait(), 60) == -9


WITHOUT_SERVICES = """
import asyncio
from operations.auditing import __main__ as run
async def hangs(order):
    await asyncio.Event().wait()
run._outcome = hangs
run.main()
"""
